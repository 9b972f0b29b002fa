"""The events of a run. Every process makes the same ones from the same arguments."""

from __future__ import annotations

import json
import pathlib
import random
from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Tuple

from . import json_lines

POISON_EVERY = 400  # one event in so many can never be processed
REPEAT_EVERY = 20  # one event in so many is published a second time


@dataclass(frozen=True)
class Event:
    """One event. ``poison``: "" or what is wrong with it: "error" fails at each attempt, "reject" is refused at the first."""

    id: str
    kind: str
    ordering_key: str
    body: bytes
    poison: str


class BadInput(Exception):
    """The input file cannot be used."""


def events(count: int, source: Optional[pathlib.Path]) -> Iterator[Event]:
    """``count`` events, from the file or made up. Ids are unique."""
    stride = max(1, min(POISON_EVERY, count // 5))
    for number, (id_, kind, ordering_key, body) in enumerate(_from_file(count, source) if source else _made_up(count)):
        poison = ("reject" if number // stride % 2 else "error") if number % stride == stride - 1 else ""
        yield Event(id_, kind, ordering_key, body, poison)


Raw = Tuple[str, str, str, bytes]


def _made_up(count: int) -> Iterator[Raw]:
    chance = random.Random(7)
    kinds = ("order.placed", "order.paid", "order.shipped", "order.returned")
    for number in range(count):
        customer = f"customer-{chance.randrange(500)}"
        kind = kinds[chance.randrange(len(kinds))]
        fields = {"event": kind, "customer": customer, "cents": chance.randrange(100, 100_000), "note": "x" * chance.randrange(200)}
        yield f"event-{number}", kind, customer, json.dumps(fields).encode()


def _from_file(count: int, source: pathlib.Path) -> Iterator[Raw]:
    """A shorter file is looped, each round's ids suffixed with the round."""
    lines = _read(source)
    for number in range(count):
        id_, kind, ordering_key, body = lines[number % len(lines)]
        round_ = number // len(lines)
        yield (f"{id_}-{round_}" if count > len(lines) else id_), kind, ordering_key, body


def _read(source: pathlib.Path) -> List[Raw]:
    """JSON Lines: ``delivery`` or ``id`` is the idempotency key, ``event`` the kind, ``body`` the payload (default: the line), byte
    for byte as it stands in the file."""
    found: List[Raw] = []
    seen: Dict[str, int] = {}
    for place, line in json_lines.lines(source):
        try:
            fields = json_lines.members(line)
            id_ = _key(fields, "delivery") or _key(fields, "id")
            if not id_:
                raise json_lines.BadJson(0, 'it has neither "delivery" nor "id"')
            ordering_key = _key(fields, "ordering_key")
            kind = _key(fields, "event") or "event"
        except json_lines.BadJson as error:
            raise BadInput(f"{source}:{place}:{json_lines.column(line, error.at)}: {error}") from None
        if id_ in seen:
            raise BadInput(f"{source}:{place}: the id {id_!r} was in line {seen[id_]} before")
        seen[id_] = place
        body = fields["body"][1] if "body" in fields else line
        found.append((id_, kind, ordering_key, body))
    if not found:
        raise BadInput(f"{source}: no events in it")
    return found


def _key(fields: Dict[str, Tuple[int, bytes]], name: str) -> str:
    """What becomes a key or a header: a string or a number; empty when there is none."""
    at, value = fields.get(name, (0, b""))
    if value in (b"", b"null", b"false"):
        return ""
    if value[:1] not in b'"-0123456789':
        raise json_lines.BadJson(at, f'"{name}" is neither a string nor a number')
    plain = json_lines.text(value)
    if json_lines.half_surrogate(plain):
        raise json_lines.BadJson(at, f'"{name}" holds half of a surrogate pair, which is no text')
    if name == "event" and "\0" in plain:
        raise json_lines.BadJson(at, f'"{name}" holds a NUL, which no header can')
    return plain
