"""Sections 1, 8 and 10: which frame answers which, and what an ERROR means."""

import struct
import time

import pytest
import wire
from client import Client, Refused
from test_session import raw, session_is_over
from wire import ACK, CODES, record


def frame_of(client, operation, wait_ms=5000):
    return client.expect(operation, wait_ms)


def silent(client, operation, payload):
    """True when a frame has no answer at all: the next thing that answers is the ping behind it."""
    client.send(operation, payload, request=4711)
    client.ping()
    time.sleep(0.1)
    client.ping()
    return not client.kept


# -- section 1 -------------------------------------------------------------------------------------------------------


def test_only_four_answers_repeat_the_request(shared_broker, queue):
    with raw(shared_broker) as client:
        hello = struct.pack("<BBH", 1, 1, 0) + client.producer + wire.str8("x")
        client.send(wire.HELLO, hello, request=11)
        assert frame_of(client, wire.WELCOME).request == 0
        client.send(wire.PUBLISH, wire.publish(queue, [[record(b"x")]], 1, 1), request=12)
        assert frame_of(client, wire.CONFIRM).request == 0
        client.send(wire.SUBSCRIBE, struct.pack("<II", 1, 1) + wire.str8(queue) + wire.str8("default"), request=13)
        assert frame_of(client, wire.SUBSCRIBED).request == 0
        assert frame_of(client, wire.DELIVER).request == 0
        client.send(wire.SETTLE, wire.settle(1, ACK, 1, [(1, 1, 1)]), request=14)
        assert frame_of(client, wire.SETTLED).request == 14
        client.send(wire.REQUEST, wire.to_json({"request": "get_queue", "queue": queue}), request=15)
        assert frame_of(client, wire.REPLY).request == 15
        client.send(wire.PING, request=16)
        assert client.expect(wire.PONG, request=16)
        client.send(wire.PING, b"x", request=17)
        assert frame_of(client, wire.ERROR).request == 17
        client.send(wire.REQUEST, wire.to_json({"request": "remove_queue", "queue": queue, "force": True}), request=2**32 - 1)
        assert client.expect(wire.REPLY).request == 2**32 - 1
        assert frame_of(client, wire.SUBSCRIPTION_ENDED).request == 0


def test_pongs_come_unasked(client):
    before, pongs = client.welcome.now, []
    deadline = time.monotonic() + 10
    while len(pongs) < 3 and time.monotonic() < deadline:
        frame = client.next_frame(1000)
        if frame is not None:
            assert (frame.operation, frame.request) == (wire.PONG, 0)
            pongs.append(struct.unpack("<Q", frame.payload)[0])
    assert len(pongs) == 3 and before <= pongs[0] < pongs[1] < pongs[2], "broker time, about twice a second"


def test_an_error_about_a_frame_too_short_for_a_number(client):
    client.send_bytes(b"AW\x01\x10\x09")
    assert client.expect(wire.ERROR).request == 0


def test_what_is_not_utf8_comes_back_mended(client, queue):
    payload = struct.pack("<II", 1, 1) + wire.str8(b"caf\xe9") + wire.str8("default")
    client.send(wire.SUBSCRIBE, payload)
    cursor = wire.Cursor(client.expect(wire.SUBSCRIBED).payload)
    assert cursor.read("IIH") == (1, 0, CODES["no_queue"])
    assert "'caf\ufffd'" in cursor.str16()
    client.publish(queue, record(b"x"))
    client.subscribe(queue)
    assert client.settle(wire.REJECT, client.receive()[0], text=b"caf\xe9 \xff").applied == 1
    letter = client.request("get_dead_letters", queue=queue, group="default", count=1)["letters"][0]
    assert letter["detail"] == "caf\ufffd \ufffd"


# -- section 2 -------------------------------------------------------------------------------------------------------


def hello(low=1, high=1, flags=0, producer=b"\x01" * 16, name=b"x"):
    return struct.pack("<BBH", low, high, flags) + producer + wire.str8(name)


BAD_HELLOS = [
    (hello(low=9, high=1), "invalid_argument", ["min_version 9", "max_version 1"]),
    (hello(low=1, high=0), "invalid_argument", ["min_version 1", "max_version 0"]),
    (hello(low=2, high=9), "unsupported_version", ["2 to 9", "1 to 1"]),
    (hello(flags=8), "invalid_argument", ["flags 8"]),
    (hello(producer=bytes(16)), "invalid_argument", ["producer_id", "zeros", "16 random bytes"]),
    (hello(name=b"caf\xe9"), "invalid_argument", ["client_name", "UTF-8"]),
    (hello(name=b"a\nb"), "invalid_argument", ["client_name", "control"]),
    (hello()[:-1], "bad_length", ["byte 22", "needs 1"]),
    (hello() + b"x", "trailing_bytes", ["1 bytes more", "byte 23"]),
]


@pytest.mark.parametrize("payload,code,says", BAD_HELLOS)
def test_a_refused_hello_begins_no_session_and_ends_none(shared_broker, client, queue, payload, code, says):
    with raw(shared_broker) as fresh:
        fresh.send(wire.HELLO, payload, request=3)
        frame = fresh.expect(wire.ERROR)
        got, _, text = wire.parse_error(frame.payload)
        assert (frame.request, got) == (3, CODES[code]), text
        assert all(part in text for part in says), text
        assert session_is_over(fresh), "there is none"
        assert fresh.hello().version == 1
    client.subscribe(queue)
    client.send(wire.HELLO, payload)
    assert client.error()[0] == CODES[code]
    client.publish(queue, record(b"x"))
    assert client.settle(ACK, client.receive()[0]).applied == 1, "the session went on"


def test_a_name_may_be_empty_and_any_utf8(shared_broker):
    for name in ("", "größe", "x" * 255):
        with raw(shared_broker) as client:
            assert client.hello(name=name).version == 1


@pytest.mark.parametrize("payload,code", [
    (b"", "bad_length"), (b"\0\0", "bad_length"), (b"\0\0\5\0bye", "bad_length"), (b"\0\0\0\0x", "trailing_bytes"),
])
def test_a_bad_goodbye_is_a_goodbye(client, second, queue, payload, code):
    client.publish(queue, record(b"x"))
    client.subscribe(queue)
    client.receive()
    client.send(wire.GOODBYE, payload, request=8)
    frame = client.expect(wire.ERROR)
    assert frame.request == 8 and wire.parse_error(frame.payload)[0] == CODES[code]
    second.subscribe(queue)
    assert second.receive()[0].delivery == 2, "its leases ended"
    assert session_is_over(client)


def test_a_settle_of_another_session_is_stale(shared_broker, queue, second):
    second.publish(queue, record(b"done"), record(b"not done"))
    with Client(shared_broker.endpoint) as client:
        client.subscribe(queue)
        done, other = client.receive(2)
        assert client.settle(ACK, done).applied == 1
        client.hello()
        assert client.settle(ACK, other).code == CODES["bad_token"], "nothing is subscribed yet"
        client.subscribe(queue)
        for kind in (ACK, wire.NACK, wire.REJECT, wire.RELEASE):
            settled = client.settle(kind, done, other)
            assert (settled.applied, settled.code) == (0, 0), "stale is no code"
            assert settled.stale == [(1, 2, 1)]
        again = client.receive()[0]
        assert (again.sequence, again.delivery) == (2, 2), "what was not applied comes again"
        assert client.settle(ACK, again).applied == 1
        assert client.nothing(wire.DELIVER, 200), "what was applied does not"


# -- section 5: what has no answer -----------------------------------------------------------------------------------


@pytest.mark.parametrize("operation,payload", [
    (wire.CREDIT, struct.pack("<II", 99, 5)), (wire.RENEW, struct.pack("<I", 99)), (wire.UNSUBSCRIBE, struct.pack("<I", 99)),
])
def test_frames_about_no_subscription_have_no_answer(client, operation, payload):
    assert silent(client, operation, payload)


@pytest.mark.parametrize("operation,payload", [
    (wire.CREDIT, struct.pack("<II", 1, 5)), (wire.RENEW, struct.pack("<I", 1)), (wire.UNSUBSCRIBE, struct.pack("<I", 1)),
])
def test_nor_have_those_about_one(client, queue, operation, payload):
    client.subscribe(queue)
    assert silent(client, operation, payload)


def test_after_unsubscribe_nothing_can_be_settled(client, queue):
    client.publish(queue, record(b"x"))
    client.subscribe(queue)
    message = client.receive()[0]
    client.send(wire.UNSUBSCRIBE, struct.pack("<I", 1))
    settled = client.settle(ACK, message)
    assert settled.code == CODES["bad_token"] and "no such subscription" in settled.text


# -- texts: the cause, the place, the way out ------------------------------------------------------------------------


def settle_frame(kind=1, reserved=0, ranges=((1, 1, 1),)):
    payload = struct.pack("<IBBHQqH", 1, kind, 0, reserved, 1, -1, 0) + struct.pack("<I", len(ranges))
    return payload + b"".join(struct.pack("<QII", *r) for r in ranges)


def publish_frame(number=1, first_unconfirmed=1, batches=((1, record(b"x")),), count=None):
    payload = struct.pack("<QQ", number, first_unconfirmed) + wire.str8("q")
    payload += struct.pack("<I", len(batches) if count is None else count)
    return payload + b"".join(struct.pack("<II", n, len(records)) + records for n, records in batches)


BAD_FRAMES = [
    (wire.PUBLISH, publish_frame(batches=()), "bad_length", ["no batch", "Nothing of the frame was stored"]),
    (wire.PUBLISH, publish_frame(batches=((0, b""),)), "bad_length", ["Batch 1 of 1", "no record"]),
    (wire.PUBLISH, publish_frame(batches=((1, record()), (0, b""))), "bad_length", ["Batch 2 of 2", "no record"]),
    (wire.PUBLISH, publish_frame(batches=((7, record()),)), "bad_length", ["Batch 1 of 1", "7 records in 16 bytes"]),
    (wire.PUBLISH, publish_frame(count=9), "bad_length", ["byte 23 of the payload", "needs 72"]),
    (wire.PUBLISH, publish_frame(number=0, first_unconfirmed=0), "invalid_argument", ["producer_sequence 0", "from 1 on"]),
    (wire.PUBLISH, publish_frame(number=2, first_unconfirmed=3), "invalid_argument", ["first_unconfirmed 3", "numbers stay free"]),
    (wire.PUBLISH, publish_frame(number=2, first_unconfirmed=0), "invalid_argument", ["first_unconfirmed 0"]),
    (wire.PUBLISH, publish_frame(number=2**64 - 1), "invalid_argument", ["64 bits"]),
    (wire.SUBSCRIBE, struct.pack("<II", 0, 1) + wire.str8("q") + wire.str8("g"), "invalid_argument", ["number 0", "another"]),
    (wire.CREDIT, struct.pack("<II", 3, 100_001), "out_of_range", ["100001", "subscription 3", "100000", "had"]),
    (wire.CREDIT, struct.pack("<I", 3), "bad_length", ["byte 5", "needs 4 bytes, and 0 are left"]),
    (wire.SETTLE, settle_frame(kind=9), "invalid_argument", ["kind 9", "1 (ack) to 5 (extend)"]),
    (wire.SETTLE, settle_frame(kind=0), "invalid_argument", ["kind 0"]),
    (wire.SETTLE, settle_frame(reserved=1), "invalid_argument", ["reserved"]),
    (wire.SETTLE, settle_frame(ranges=()), "bad_length", ["no range", "leases are as they were"]),
    (wire.PING, b"xyz", "trailing_bytes", ["3 bytes more", "byte 1"]),
    (wire.DELIVER, b"", "unknown_operation", ["operation 9 (deliver)", "goes on"]),
    (99, b"", "unknown_operation", ["operation 99", "goes on"]),
    (wire.REQUEST, b"{", "invalid_argument", ["ends too early, after 1 bytes"]),
    (wire.REQUEST, b'{"request":"get_queue","queue":"a","queue":"b"}', "invalid_argument", ["'queue'", "given twice"]),
    (wire.REQUEST, b'{"request":"a\\nb"}', "invalid_argument", ["'a\\x0ab'", "does not exist"]),
]


@pytest.mark.parametrize("operation,payload,code,says", BAD_FRAMES)
def test_an_error_says_the_cause_the_place_and_the_way_out(client, operation, payload, code, says):
    client.send(operation, payload, request=21)
    frame = client.expect(wire.ERROR)
    got, retry_after, text = wire.parse_error(frame.payload)
    assert (frame.request, got, retry_after) == (21, CODES[code], 0), text
    assert all(part in text for part in says), text
    assert any(word in text for word in ("Nothing", "not lost")), text
    assert client.ping() > 0, "the session goes on"


def test_an_error_means_that_nothing_of_the_frame_was_done(client, queue):
    client.publish(queue, record(b"x"))
    client.subscribe(queue)
    message = client.receive()[0]
    client.send(wire.SETTLE, settle_frame(kind=9))
    client.error()
    client.send(wire.SUBSCRIBE, struct.pack("<II", 2, 1) + wire.str8(queue) + wire.str8("default") + b"x")
    client.error()
    assert client.settle(ACK, message, subscription=2).code == CODES["bad_token"], "not subscribed"
    assert client.settle(ACK, message).applied == 1, "the lease is as it was"


def test_names_stand_in_quotes(client, queue):
    texts = []
    for ask in [
        lambda: client.subscribe("no\twhere"), lambda: client.subscribe(queue, group=""),
        lambda: client.request("get_queue", queue=""), lambda: client.request("peek", queue=queue, group="late", count=1),
        lambda: client.request("create_queue", queue=queue), lambda: client.request("remove_group", queue=queue, group="default"),
    ]:
        with pytest.raises(Refused) as refused:
            ask()
        texts.append(refused.value.text)
    client.publish(queue, record(b"x"))
    with pytest.raises(Refused) as refused:
        client.request("remove_queue", queue=queue)
    texts += [refused.value.text, client.publish("", record(b"x")).text]
    expected = ["'no\\x09where'", "''", "''", "'late'", f"'{queue}'", "'default'", f"'{queue}'", "''"]
    for text, name in zip(texts, expected, strict=True):
        assert name in text
    client.subscribe(queue, credit=0)
    client.request("remove_queue", queue=queue, force=True)
    cursor = wire.Cursor(client.expect(wire.SUBSCRIPTION_ENDED).payload)
    assert cursor.read("IH") == (1, CODES["no_queue"]) and f"'{queue}'" in cursor.str16()
