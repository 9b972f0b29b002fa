"""Section 4: the numbers of a producer's frames."""

import struct

import pytest
import wire
from client import Client
from test_publish import refused
from wire import CODES, NO_INDEX, record


def send(client, queue, number, batches, first_unconfirmed=1, request=0):
    client.send(wire.PUBLISH, wire.publish(queue, batches, number, first_unconfirmed), request=request)


def answer(client, queue, number, batches, first_unconfirmed=1):
    send(client, queue, number, batches, first_unconfirmed)
    return client.confirmed(queue, number)


def one(body):
    return [record(body)]


def test_gaps_are_allowed(client, queue):
    assert [answer(client, queue, n, [one(b"x")])[0].first_sequence for n in (1, 5, 1_000_000)] == [1, 2, 3]
    assert answer(client, queue, 3, [one(b"late")], 1)[0].first_sequence == 4, "also a lower one that is not released"


@pytest.mark.parametrize("number,batches", [
    (1, [b"a"]), (2, [b"b"]), (2, [b"b", b"c"]), (3, [b"c", b"d"]), (1, [b"a", b"b", b"c", b"d"]), (1, [b"abc", b"d"]),
])
def test_batches_are_never_grouped_anew(client, queue, number, batches):
    frame = [one(b"a"), one(b"b"), one(b"c")]
    first = answer(client, queue, 1, frame)
    entries = answer(client, queue, number, [one(body) for body in batches])
    assert len(entries) == len(batches), "each batch has its refusal"
    for entry in entries:
        assert refused(entry, "invalid_argument") and entry.index == NO_INDEX and entry.retry_after_ms == 0
        assert "numbers 1 to 3" in entry.text and "answered already" in entry.text and "not used" in entry.text
    assert client.group(queue)["published"] == 3
    assert answer(client, queue, 1, frame) == first
    assert answer(client, queue, 4, [one(b"d")])[0].first_sequence == 4, "no number was used up"


def test_grouped_anew_over_a_crash(own_broker):
    with Client(own_broker.endpoint) as client:
        client.request("create_queue", queue="q")
        answer(client, "q", 1, [one(b"a"), one(b"b")])
        producer = client.producer
    own_broker.kill()
    own_broker.start()
    with Client(own_broker.endpoint, producer=producer) as client:
        refused(answer(client, "q", 2, [one(b"b")])[0], "invalid_argument")
        assert client.group("q")["published"] == 2


def test_an_error_uses_no_number_up_and_a_refusal_does(client, queue):
    client.send(wire.PUBLISH, wire.publish(queue, [one(b"x")], 1, 1) + b"trailing", request=5)
    assert client.expect(wire.ERROR).request == 5
    refusal = answer(client, queue, 1, [[record(b"x", key=bytes(129))]])
    refused(refusal[0], "invalid_key")
    assert answer(client, queue, 1, [one(b"sound")]) == refusal, "the refusal is the answer to this number"
    assert client.group(queue)["published"] == 0
    assert answer(client, queue, 2, [one(b"sound")])[0].first_sequence == 1


def test_refusals_last_until_the_broker_is_restarted(own_broker):
    with Client(own_broker.endpoint) as client:
        client.request("create_queue", queue="q", policy={"max_message_bytes": 1})
        refusal = answer(client, "q", 1, [one(b"xy")])
        refused(refusal[0], "too_large")
        client.request("set_queue", queue="q", change={"max_message_bytes": 2})
        assert answer(client, "q", 1, [one(b"xy")]) == refusal
        producer = client.producer
    own_broker.kill()
    own_broker.start()
    with Client(own_broker.endpoint, producer=producer) as client:
        assert answer(client, "q", 1, [one(b"xy")])[0].first_sequence == 1


def test_no_queue_leaves_the_number_free(client, queue):
    name = queue + ".later"
    refused(answer(client, name, 1, [one(b"x")])[0], "no_queue")
    client.request("create_queue", queue=name)
    assert answer(client, name, 1, [one(b"x")])[0].first_sequence == 1


def test_a_queue_that_was_made_again_takes_any_number(client, queue):
    answer(client, queue, 7, [one(b"x")], 7)
    client.request("remove_queue", queue=queue, force=True)
    client.request("create_queue", queue=queue)
    assert answer(client, queue, 8, [one(b"y")], 8)[0].first_sequence == 1


@pytest.mark.parametrize("number,first_unconfirmed", [(0, 0), (0, 1), (1, 0), (3, 4), (2**64 - 1, 1)])
def test_numbers_that_cannot_be(client, queue, number, first_unconfirmed):
    answer(client, queue, 1, [one(b"x")])
    send(client, queue, number, [one(b"y")], first_unconfirmed, request=6)
    frame = client.expect(wire.ERROR)
    code, _, text = wire.parse_error(frame.payload)
    assert (frame.request, code) == (6, CODES["invalid_argument"]) and "stay free" in text
    assert answer(client, queue, 2, [one(b"y")], 1)[0].first_sequence == 2, "and nothing was released"


def test_the_257th_answer(client, queue):
    for number in range(1, 257):
        send(client, queue, number, [one(b"x")])
    for number in range(1, 257):
        assert client.confirmed(queue, number)[0].kind == 0
    entry = answer(client, queue, 257, [one(b"x")])[0]
    assert refused(entry, "overloaded") and entry.retry_after_ms == 0, "all CONFIRMs arrived: only a release helps"
    assert "256 answers" in entry.text and "first_unconfirmed" in entry.text and "producers" not in entry.text
    assert answer(client, queue, 256, [one(b"x")])[0].first_sequence == 256, "a repeated frame is answered"
    assert answer(client, queue, 257, [one(b"x")], first_unconfirmed=257)[0].first_sequence == 257
    assert client.group(queue)["published"] == 257


def test_what_was_released_is_over(client, queue):
    answer(client, queue, 1, [one(b"a"), one(b"b")])
    answer(client, queue, 3, [one(b"c")], 3)
    answer(client, queue, 4, [one(b"d")], 4)
    for number in (1, 2, 3):
        entry = answer(client, queue, number, [one(b"again")])[0]
        assert refused(entry, "invalid_argument") and f"Number {number}" in entry.text and "new number" in entry.text
    assert client.group(queue)["published"] == 4


def test_what_a_refusal_of_a_record_says(client, queue):
    def text(name, *records, index=0):
        entry = client.publish(queue, *records)
        assert refused(entry, name, index)
        return entry.text

    assert "attribute bits that do not exist (4)" in text("invalid_argument", record(b"x", attributes=4))
    assert "under a new number" in text("bad_checksum", record(b"x", damage=True))
    assert "under a new number" in text("bad_checksum", record(b"x", attributes=128, damage=True)), "damage comes first"
    assert "length is" in text("bad_length", record(b"hello world")[:-1])
    said = text("invalid_headers", record(b"a"), record(b"b", headers=[(b"fine", b""), (b"h", b"1\0")]), index=1)
    assert "Message 2 of 2 in the batch (index 1)" in said and "Header 2 'h'" in said and "byte 2" in said
    assert "129 bytes, at most 128" in text("invalid_key", record(b"x", key=bytes(129)))
    twice = [(b"a'b", b"1"), (b"a'b", b"2")]
    assert "'a\\x27b' is given twice" in text("invalid_headers", record(b"x", headers=twice))


def test_the_largest_batch(client, queue):
    mib = 1024 * 1024
    refused(client.publish(queue, *[record(bytes(mib - 16))] * 5, record()), "too_large")
    assert client.publish(queue, *[record(bytes(mib - 16))] * 5).messages == 5, "exactly 5 MiB of records"


def test_a_batch_longer_than_its_records(client, queue):
    payload = struct.pack("<QQ", 1, 1) + wire.str8(queue) + struct.pack("<III", 1, 1, 20) + record() + b"tail"
    client.send(wire.PUBLISH, payload)
    entry = client.confirmed(queue, 1)[0]
    assert refused(entry, "trailing_bytes") and "4 bytes behind the last of its records (1)" in entry.text
