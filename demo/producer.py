"""A producer process: publishes its share of the events, some of them twice, at a steady pace. Prints what it did as JSON."""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import time
from typing import Any, Dict, List

import ackwire

from .events import REPEAT_EVERY, events

BATCH = 50


def publish(queue: ackwire.Queue, batch: List[Dict[str, Any]]) -> List[ackwire.Receipt]:
    """Publishes until there are receipts. Repeating is safe: every message has its idempotency key."""
    while True:
        try:
            return queue.publish_many(batch)
        except ackwire.OverloadedError as error:
            time.sleep(max(error.retry_after, 0.05))
        except ackwire.IndeterminateError as error:
            print(f"producer: not confirmed, so repeated: {error}", file=sys.stderr)
            time.sleep(0.2)


def run(options: argparse.Namespace) -> Dict[str, int]:
    published = confirmed = duplicates = 0
    start = time.monotonic()
    with ackwire.connect(options.endpoint, name=f"demo producer {options.share}", connect_timeout="20s") as client:
        queue = client.queue(options.queue)
        batch: List[Dict[str, Any]] = []

        def send() -> None:
            nonlocal published, confirmed, duplicates, batch
            receipts = publish(queue, batch)
            published += len(batch)
            confirmed += len(receipts)
            duplicates += sum(receipt.duplicate for receipt in receipts)
            batch = []
            ahead = published / options.rate - (time.monotonic() - start)
            if ahead > 0:
                time.sleep(ahead)

        for number, event in enumerate(events(options.messages, options.input)):
            if number % options.shares != options.share:
                continue
            headers = {"kind": event.kind, **({"poison": event.poison} if event.poison else {})}
            message = {"body": event.body, "idempotency_key": event.id, "ordering_key": event.ordering_key, "headers": headers}
            batch.append(message)
            if number // options.shares % REPEAT_EVERY == 0:  # a sender that did not hear the answer the first time
                batch.append(message)
            if len(batch) >= BATCH:
                send()
        if batch:
            send()
    return {"published": published, "confirmed": confirmed, "duplicates": duplicates}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--queue", required=True)
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--share", type=int, required=True)
    parser.add_argument("--shares", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--input", type=pathlib.Path)
    print(json.dumps(run(parser.parse_args())))


if __name__ == "__main__":
    main()
