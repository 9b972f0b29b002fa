"""Sections 3 and 4."""

import os
import struct
import time

import pytest
import wire
from client import Client, Refused
from wire import CODES, NO_INDEX, record


def refused(entry, name, index=None):
    assert entry.kind == 2, entry
    assert entry.code == CODES[name], entry
    if index is not None:
        assert entry.index == index
    return True


def test_confirm_names_the_sequences(client, queue):
    sequence = client.start_publish(queue, [[record(b"a"), record(b"b")], [record(b"c")]])
    entries = client.confirmed(queue, sequence)
    assert [(e.kind, e.batches, e.messages, e.first_sequence) for e in entries] == [(0, 2, 3, 1)]
    assert client.publish(queue, record(b"d")).first_sequence == 4


def test_everything_of_a_message_arrives(client, queue):
    now = client.welcome.now
    headers = [(b"tenant", b"a"), (b"gr\xc3\xb6\xc3\x9fe", b"\xff\x01"), (b"empty", b"")]
    client.publish(queue, record(b"body", b"k\0y", b"customer", headers, expires_at=now + 60_000))
    client.subscribe(queue)
    message = client.receive()[0]
    assert (message.sequence, message.delivery, message.attempts) == (1, 1, 1)
    assert (message.body, message.key, message.ordering_key, message.headers) == (b"body", b"k\0y", b"customer", headers)
    assert message.expires_at == now + 60_000 and message.deliver_at == 0
    assert abs(message.publish_time - now) < 30_000


def test_b10_empty_body(client, queue):
    client.publish(queue, record(b""))
    client.subscribe(queue)
    assert client.receive()[0].body == b""


def test_a_repeated_frame_gets_the_same_answer(client, queue):
    frame = wire.frame(wire.PUBLISH, wire.publish(queue, [[record(b"x"), record(b"y")]], 1, 1))
    client.send_bytes(frame)
    first = client.expect(wire.CONFIRM).payload
    for _ in range(3):
        client.send_bytes(frame)
        assert client.expect(wire.CONFIRM).payload == first
    assert client.group(queue)["published"] == 2


def test_a_frame_repeated_on_another_connection(shared_broker, client, queue):
    frame = wire.frame(wire.PUBLISH, wire.publish(queue, [[record(b"x")]], 1, 1))
    client.send_bytes(frame)
    first = client.expect(wire.CONFIRM).payload
    with Client(shared_broker.endpoint, producer=client.producer) as again:
        again.send_bytes(frame)
        assert again.expect(wire.CONFIRM).payload == first
    assert client.group(queue)["published"] == 1


def test_a_frame_repeated_after_a_crash(own_broker):
    frame = wire.frame(wire.PUBLISH, wire.publish("q", [[record(b"x")], [record(b"y", deliver_at=2**40)]], 1, 1))
    with Client(own_broker.endpoint) as client:
        client.request("create_queue", queue="q")
        client.send_bytes(frame)
        first = client.expect(wire.CONFIRM).payload
        producer = client.producer
    own_broker.kill()
    own_broker.start()
    with Client(own_broker.endpoint, producer=producer) as client:
        client.send_bytes(frame)
        assert client.expect(wire.CONFIRM).payload == first
        assert client.group("q")["published"] == 2
        client.numbers["q"] = 3
        assert client.publish("q", record(b"z")).first_sequence == 3


def test_a_refusal_is_an_answer_too(client, queue):
    bad = wire.frame(wire.PUBLISH, wire.publish(queue, [[record(b"x", headers=[(b"", b"")])]], 1, 1))
    client.send_bytes(bad)
    first = client.expect(wire.CONFIRM).payload
    refused(wire.parse_confirm(first)[2][0], "invalid_headers")
    client.send_bytes(bad)
    assert client.expect(wire.CONFIRM).payload == first
    client.numbers[queue] = 2
    assert client.publish(queue, record(b"x")).kind == 0


def test_numbers_below_first_unconfirmed_are_over(client, queue):
    client.send(wire.PUBLISH, wire.publish(queue, [[record(b"x")]], 1, 1))
    client.confirmed(queue, 1)
    client.send(wire.PUBLISH, wire.publish(queue, [[record(b"y")]], 2, 2))
    client.confirmed(queue, 2)
    client.send(wire.PUBLISH, wire.publish(queue, [[record(b"z")]], 3, 3))
    client.confirmed(queue, 3)
    client.send(wire.PUBLISH, wire.publish(queue, [[record(b"x")]], 1, 1))
    refused(client.confirmed(queue, 1)[0], "invalid_argument")
    assert client.group(queue)["published"] == 3


def test_several_frames_under_way(client, queue):
    numbers = [client.start_publish(queue, [[record(b"x%d" % i)]]) for i in range(200)]
    sequences = [client.confirmed(queue, n)[0].first_sequence for n in numbers]
    assert sequences == list(range(1, 201))


def test_producers_do_not_share_numbers(client, second, queue):
    assert client.publish(queue, record(b"a")).first_sequence == 1
    assert second.publish(queue, record(b"b")).first_sequence == 2


def test_b15_duplicate_key(client, queue):
    assert client.publish(queue, record(b"x", b"k")).first_sequence == 1
    entry = client.publish(queue, record(b"x", b"k"))
    assert entry.kind == 1 and entry.receipts == [(1, True)]
    entry = client.publish(queue, record(b"new"), record(b"x", b"k"), record(b"other", b"l"))
    assert entry.receipts == [(2, False), (1, True), (3, False)]
    assert client.group(queue)["published"] == 3


def test_b15_a_key_twice_in_one_batch(client, queue):
    assert client.publish(queue, record(b"x", b"k"), record(b"x", b"k")).receipts == [(1, False), (1, True)]


def test_b16_conflict(client, queue):
    client.publish(queue, record(b"x", b"k"))
    entry = client.publish(queue, record(b"fine"), record(b"y", b"k"))
    assert refused(entry, "key_conflict", 1)
    assert client.group(queue)["published"] == 1


def test_keys_are_remembered_over_a_crash(own_broker):
    with Client(own_broker.endpoint) as client:
        client.request("create_queue", queue="q")
        client.publish("q", record(b"x", b"k"))
    own_broker.kill()
    own_broker.start()
    with Client(own_broker.endpoint) as client:
        assert client.publish("q", record(b"x", b"k")).receipts == [(1, True)]


def test_keys_of_other_queues_are_others(client, queue):
    client.request("create_queue", queue=queue + ".b")
    client.publish(queue, record(b"x", b"k"))
    assert client.publish(queue + ".b", record(b"y", b"k")).kind == 0


def test_b12_no_queue(client):
    refused(client.publish("nowhere", record(b"x")), "no_queue")


def test_texts_are_utf8(client):
    payload = struct.pack("<QQ", 1, 1) + wire.str8(b"\xff") + struct.pack("<III", 1, 1, len(record())) + record()
    client.send(wire.PUBLISH, payload)
    cursor = wire.Cursor(client.expect(wire.CONFIRM).payload)
    assert cursor.read("Q") == 1 and cursor.str8() == b"\xff"
    assert cursor.read("B") == 2 and cursor.read("HII")[0] == CODES["no_queue"]
    assert "\ufffd" in cursor.str16()


@pytest.mark.parametrize("name", ["", "x" * 129, "../x", "a\0b", "\u202eabc", "a b", ".hidden"])
def test_b11_queue_names(client, name):
    with pytest.raises(Refused) as error:
        client.request("create_queue", queue=name)
    assert error.value.code == CODES["invalid_name"]


def test_b8_body_over_the_limit_of_the_queue(client, queue):
    client.request("set_queue", queue=queue, change={"max_message_bytes": 1000})
    first = client.start_publish(queue, [[record(bytes(1001))]])
    second = client.start_publish(queue, [[record(bytes(1000))]])
    entry = client.confirmed(queue, first)[0]
    assert refused(entry, "too_large") and "1000" in entry.text
    assert client.confirmed(queue, second)[0].kind == 0, "what was sent behind it is answered"


def test_b8_body_over_the_limit_of_all(client, queue):
    refused(client.publish(queue, record(bytes(1024 * 1024 + 1))), "too_large")
    assert client.publish(queue, record(bytes(1024 * 1024))).kind == 0


@pytest.mark.parametrize("headers", [
    [(b"h%d" % i, b"") for i in range(65)],
    [(b"a", bytes([120]) * (16 * 1024))],
    [(b"a", b"1"), (b"a", b"2")],
    [(b"a", b"x\0y")],
    [(b"", b"x")],
    [(b"\xff", b"x")],
    [(b"a\n", b"x")],
])
def test_b13_headers(client, queue, headers):
    refused(client.publish(queue, record(b"x", headers=headers)), "invalid_headers")


def test_b13_the_most_headers(client, queue):
    assert client.publish(queue, record(b"x", headers=[(b"h%d" % i, b"v") for i in range(64)])).kind == 0


def test_b14_keys(client, queue):
    refused(client.publish(queue, record(b"x", bytes(129))), "invalid_key")
    assert client.publish(queue, record(b"x", os.urandom(128))).kind == 0
    assert client.publish(queue, record(b"x", b"", os.urandom(255))).kind == 0


def test_b23_times(client, queue):
    now = client.ping()
    refused(client.publish(queue, record(b"x", expires_at=now - 1000)), "out_of_range")
    refused(client.publish(queue, record(b"x", expires_at=0)), "out_of_range")
    refused(client.publish(queue, record(b"x", deliver_at=now + 5000, expires_at=now + 5000)), "out_of_range")
    assert client.group(queue)["published"] == 0
    assert client.publish(queue, record(b"x", deliver_at=now - 1000)).kind == 0, "in the past means at once"


def test_b24_a_batch_is_atomic(client, queue):
    entry = client.publish(queue, record(b"a"), record(b"b", bytes(129)), record(b"c"))
    assert refused(entry, "invalid_key", 1)
    assert client.group(queue)["published"] == 0


def test_batches_of_a_frame_stand_alone(client, queue):
    number = client.start_publish(queue, [[record(b"a")], [record(b"b", bytes(129))], [record(b"c")]])
    entries = client.confirmed(queue, number)
    assert [e.kind for e in entries] == [0, 2, 0]
    assert [entries[0].first_sequence, entries[2].first_sequence] == [1, 2]


def test_damage_on_the_way(client, queue):
    refused(client.publish(queue, record(b"x", damage=True)), "bad_checksum", 0)
    refused(client.publish(queue, record(b"x", attributes=4)), "invalid_argument", 0)
    cut = record(b"hello world")[:-1]
    refused(client.publish(queue, cut), "bad_length", 0)
    number = client.numbers[queue]
    client.numbers[queue] += 1
    payload = struct.pack("<QQ", number, number) + wire.str8(queue) + struct.pack("<III", 1, 1, 20) + record(b"x") + b"tail"[:3]
    client.send(wire.PUBLISH, payload)
    refused(client.confirmed(queue, number)[0], "trailing_bytes")
    assert client.group(queue)["published"] == 0


def test_too_large_a_batch(client, queue):
    refused(client.publish(queue, *[record()] * 10_001), "too_large")
    assert client.publish(queue, *[record()] * 10_000).messages == 10_000


def test_too_many_batches(client, queue):
    client.send(wire.PUBLISH, wire.publish(queue, [[record()]] * 8_001, 1, 1), request=9)
    error = client.expect(wire.ERROR)
    assert error.request == 9 and wire.parse_error(error.payload)[0] == CODES["too_large"]
    assert client.confirmed(queue, client.start_publish(queue, [[record()]] * 8_000))[0].batches == 8_000


def test_the_longest_answer_fits_a_frame(client, queue):
    number = client.start_publish(queue, [[record(headers=[(b"a" * 255, b"x\0")])]] * 8_000)
    entries = client.confirmed(queue, number)
    assert len(entries) == 8_000 and refused(entries[-1], "invalid_headers")


def test_over_max_depth(client, queue):
    client.request("set_queue", queue=queue, change={"max_depth": 2})
    client.publish(queue, record(b"a"), record(b"b"))
    entry = client.publish(queue, record(b"c"))
    assert refused(entry, "overloaded") and entry.retry_after_ms > 0 and entry.index == NO_INDEX
    client.subscribe(queue)
    assert client.settle(wire.ACK, *client.receive(2)).applied == 2
    assert client.publish(queue, record(b"c")).kind == 0


def test_delayed(client, queue):
    due = client.ping() + 300
    entry = client.publish(queue, record(b"later", deliver_at=due), record(b"now"))
    assert entry.kind == 1 and sorted(entry.receipts) == [(1, False), (2, False)]
    assert client.group(queue)["delayed"] == 1
    client.subscribe(queue)
    assert client.receive()[0].body == b"now"
    message = client.receive()[0]
    assert message.body == b"later" and message.delivery == 1 and message.attempts == 1
    assert client.ping() >= due


def test_expired(client, queue):
    client.publish(queue, record(b"x", expires_at=client.ping() + 100))
    time.sleep(0.3)
    client.subscribe(queue)
    assert client.nothing(wire.DELIVER, 200)
    letters = client.request("get_dead_letters", queue=queue, group="default", count=10)["letters"]
    assert [letter["reason"] for letter in letters] == ["expired"]
