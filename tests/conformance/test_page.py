"""The tables and bytes of docs/protocol.md against what this client was written with."""

import os
import re
import struct

import wire

PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "protocol.md")


def section(heading):
    with open(PAGE, encoding="utf-8") as page:
        return re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", page.read(), re.M | re.S).group(1)


def rows(text, columns):
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")]
    return [cells for cells in found if len(cells) == columns]


def test_operations():
    table = {name: int(number) for number, name, *_ in rows(section("1. Transport and frames"), 4) if number.isdigit()}
    mine = {name: number for name, number in vars(wire).items() if name in table}
    assert len(table) >= 19 and mine.items() >= {k: v for k, v in table.items() if v <= 19}.items()


def test_codes():
    table = {}
    for numbers, names, _, *_ in rows(section("10. Errors"), 5):
        if numbers[:1].isdigit():
            table.update(zip(re.findall(r"`(\w+)`", names), map(int, numbers.split()), strict=True))
    assert len(table) > 40 and table.items() >= wire.CODES.items()


def test_codes_are_sent_where_the_table_says():
    """Every code that this list expects in a frame is said to come in that frame."""
    where = {}
    for _, names, frames, *_ in rows(section("10. Errors"), 5):
        where.update(dict.fromkeys(re.findall(r"`(\w+)`", names), frames.split()))
    for code, frame in [("invalid_name", "REPLY"), ("invalid_argument", "CONFIRM"), ("invalid_argument", "ERROR"),
                        ("out_of_range", "SETTLED"), ("out_of_range", "SUBSCRIBED"), ("too_large", "SETTLED"),
                        ("bad_token", "SETTLED"), ("overloaded", "CONFIRM"), ("overloaded", "SUBSCRIBED"),
                        ("request_reused", "SUBSCRIBED"), ("no_session", "ERROR")]:
        assert frame in where[code], (code, frame)
    assert where["stale_lease"] == [], "stale ranges are no code"


def test_kinds_of_settles():
    table = {name.upper(): int(number) for number, name, *_ in rows(section("6. Settle"), 5) if number.isdigit()}
    assert table == {name: getattr(wire, name) for name in ("ACK", "NACK", "REJECT", "RELEASE", "EXTEND")}


def test_the_session_in_bytes(shared_broker):
    text = re.search(r"```\n(.*?)```", section("11. A session in bytes"), re.S).group(1)
    hello, publish = (bytes.fromhex(part) for part in re.split(r"\n(?=4157|41 57)", text.strip()))
    assert hello == wire.frame(wire.HELLO, struct.pack("<BBH", 1, 1, 0) + b"\x11" * 16 + wire.str8("t"))
    assert publish == wire.frame(wire.PUBLISH, wire.publish("q", [[wire.record(b"hi")]], 1, 1))
