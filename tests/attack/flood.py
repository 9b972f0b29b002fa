"""A publisher that keeps 640 messages under way until it has published them all, in a process of its own."""

import sys

import scene  # noqa: F401  finds the modules below
import wire
from client import Client

IN_FLIGHT, BATCH = 640, 10


def flood(endpoint, queue, size, count):
    with Client(endpoint) as client:
        batch = [wire.record(bytes(size))] * BATCH if size * BATCH < 4 << 20 else [wire.record(bytes(size))]
        number, confirmed, last = 1, 1, count // len(batch)
        while confirmed <= last:
            while number <= last and (number - confirmed) * len(batch) < IN_FLIGHT and number - confirmed < 200:
                client.send(wire.PUBLISH, wire.publish(queue, [batch], number, confirmed))
                number += 1
            sequence, _, entries = wire.parse_confirm(client.expect(wire.CONFIRM, 60_000).payload)
            assert sequence == confirmed and entries[0].code == 0, entries
            confirmed += 1


if __name__ == "__main__":
    flood(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
