"""A worker process: applies events to the ledger until it is told to stop, or killed."""

from __future__ import annotations

import argparse
import logging
import pathlib
import signal
from typing import Any

import ackwire

from .ledger import Ledger


class Worker:
    def __init__(self, name: str, ledger: Ledger) -> None:
        self.stopping = False
        self._name = name
        self._ledger = ledger

    def stop(self, *_: Any) -> None:
        self.stopping = True

    def handle(self, message: ackwire.Message) -> None:
        poison = message.headers.get("poison")
        if poison == "reject":
            raise ackwire.Reject("the event can never be applied")
        if poison == "error":
            raise ValueError("the event makes the handler fail")
        key = message.idempotency_key
        assert key is not None
        if not self._ledger.apply(key, message.headers["kind"], len(message.body), self._name):
            logging.info("event %s was applied before: acked, not applied again", key)

    def run(self, queue: ackwire.Queue) -> None:
        while not self.stopping:
            # Acks are not waited for: a kill leaves effects whose ack was lost, which is what the ledger's keys are for.
            for message in queue.consume(wait=0.2, credit=64, ack_async=True):
                with message:
                    self.handle(message)
                if self.stopping:
                    break


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--queue", required=True)
    parser.add_argument("--ledger", type=pathlib.Path, required=True)
    parser.add_argument("--name", required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("ackwire").setLevel(logging.CRITICAL)  # poison fails on purpose; its errors are in the dead letters
    ledger = Ledger(options.ledger)
    worker = Worker(options.name, ledger)
    signal.signal(signal.SIGTERM, worker.stop)
    with ackwire.connect(options.endpoint, name=f"demo {options.name}", connect_timeout="20s") as client:
        worker.run(client.queue(options.queue))
    ledger.close()


if __name__ == "__main__":
    main()
