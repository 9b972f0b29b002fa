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
    assert len(table) >= 19 and mine.items() >= {k: v for k, v in table.items() if v <= 21}.items()


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


def members(json_object, path=""):
    """The names of an object and of the objects in it."""
    for name, value in json_object.items():
        yield name
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from members(inner)


def test_what_the_broker_sends_is_on_the_page(client, queue):
    client.publish(queue, *[wire.record(b"x", b"k%d" % i, headers=[(b"h", b"v")]) for i in range(3)])
    client.subscribe(queue, credit=2)
    first, second = client.receive(2)
    client.settle(wire.REJECT, first, text="no")
    client.settle(wire.NACK, second, text="later", duration_ms=150)
    replies = [
        client.request("get_queue", queue=queue), client.request("list_queues"), client.request("get_stats"),
        client.request("peek", queue=queue, group="default", count=9, body_bytes=9), client.request("get_history"),
        client.request("get_dead_letters", queue=queue, group="default", count=9, body_bytes=9),
        client.request("move_dead", action="redrive", queue=queue, group="default"), client.request("purge", queue=queue),
        client.request("start_job", kind="purge", queue=queue), client.request("list_jobs"),
    ]
    assert replies[3]["messages"] and replies[5]["letters"][0]["errors"]
    words = set(re.findall(r"\w+", section("7. Requests")))
    assert sorted({name for reply in replies for name in members(reply)} - words) == []


def test_what_the_page_lists_is_sent(client, queue):
    text = section("7. Requests")

    def listed(start, end):
        found = re.search(re.escape(start) + r"(.*?)" + re.escape(end), text, re.S).group(1)
        return set(re.findall(r"[a-z_0-9]+", re.sub(r"\(.*?\)", "", found, flags=re.S)))

    client.publish(queue, wire.record(b"x"), wire.record(b"y"))
    client.subscribe(queue, credit=1)
    client.settle(wire.REJECT, client.receive()[0], text="no")
    info = client.request("get_queue", queue=queue)["queue"]
    assert listed("- *queue*: ", ": [{name, ready") == set(info)
    assert listed("groups: [{", "}]. In") == set(info["groups"][0])
    stats = client.request("get_stats")["stats"]
    assert listed("stats: {", ": [*queue*]}, next") == set(stats)
    message = client.request("peek", queue=queue, group="default", count=1)["messages"][0]
    assert listed("- *message*: ", ": [{name, value_base64}]") | {"body_base64", "body_bytes"} == set(message)
    letter = client.request("get_dead_letters", queue=queue, group="default", count=1)["letters"][0]
    job = client.request("start_job", kind="discard", queue=queue, group="default")["job"]
    assert listed("- *job*: ", "- *letter*") == set(job)
    shared = {"idempotency_key_base64", "ordering_key_base64", "headers", "body_base64", "body_bytes"}
    assert listed("- *letter*: ", ": [{time_ms") | shared == set(letter)


def test_the_session_in_bytes(shared_broker):
    text = re.search(r"```\n(.*?)```", section("11. A session in bytes"), re.S).group(1)
    hello, publish = (bytes.fromhex(part) for part in re.split(r"\n(?=4157|41 57)", text.strip()))
    assert hello == wire.frame(wire.HELLO, struct.pack("<BBH", 1, 1, 0) + b"\x11" * 16 + wire.str8("t"))
    assert publish == wire.frame(wire.PUBLISH, wire.publish("q", [[wire.record(b"hi")]], 1, 1))
