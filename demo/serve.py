"""A broker process, where the command `ackwire serve` was not built."""

from __future__ import annotations

import signal
import sys
import threading

import ackwire


def main(directory: str, endpoint: str) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with ackwire.open(directory) as broker:
        broker.listen(endpoint)
        while not stop.wait(0.2):
            broker.check_health()


if __name__ == "__main__":
    main(*sys.argv[1:])
