"""Publish: receipts, duplicates, conflicts, batches, publishes under way."""

import itertools
import operator

import pytest

import ackwire


def test_a_repeat_is_a_success_with_the_original_sequence(queue):
    first = queue.publish(b"a", idempotency_key="k")
    again = queue.publish(b"a", idempotency_key="k")
    assert again == ackwire.Receipt(first.sequence, True)
    assert queue.info().duplicates_suppressed == 1
    assert queue.info().published == 1


def test_the_same_key_with_another_body_is_a_conflict(queue):
    queue.publish(b"a", idempotency_key="k")
    with pytest.raises(ackwire.KeyConflictError) as caught:
        queue.publish(b"b", idempotency_key="k")
    assert caught.value.code == "key_conflict"
    assert queue.info().published == 1


def test_bodies_of_every_kind(queue):
    bodies = [b"", b"\x00\xff", bytearray(b"abc"), memoryview(b"abcdef")[1:3], b"x" * 1_000_000]
    receipts = queue.publish_many(bodies)
    assert [receipt.sequence for receipt in receipts] == [1, 2, 3, 4, 5]
    received = []
    for message in queue.consume(max_messages=5):
        with message:
            received.append(message.body)
    assert received == [bytes(body) for body in bodies]


def test_many_messages_of_every_form(queue):
    messages = [
        b"plain",
        {"body": b"from a dict", "idempotency_key": "k1", "headers": {"n": "1"}},
        ackwire.Outgoing(b"from an object", idempotency_key=b"k2", ordering_key="o"),
    ]
    receipts = queue.publish_many(iter(messages))
    assert [receipt.duplicate for receipt in receipts] == [False] * 3
    got = list(queue.consume(max_messages=3))
    assert [message.body for message in got] == [b"plain", b"from a dict", b"from an object"]
    assert [message.idempotency_key for message in got] == [None, "k1", "k2"]
    assert got[1].headers == {"n": "1"}
    assert got[2].ordering_key == "o"
    assert queue.ack(got).applied == 3


def test_many_messages_in_many_chunks_keep_their_order(queue):
    receipts = queue.publish_many(b"%d" % n for n in range(5_000))
    assert [receipt.sequence for receipt in receipts] == list(range(1, 5_001))
    with queue.consumer(credit=5_000) as consumer:
        bodies = []
        while len(bodies) < 5_000:
            batch = consumer.receive(1_000, wait=5)
            assert batch
            bodies += [int(message.body) for message in batch]
            assert consumer.ack(batch).stale == ()
    assert bodies == list(range(5_000))


def test_an_atomic_batch_stores_all_or_nothing(queue):
    queue.publish(b"a", idempotency_key="k")
    batch = [{"body": b"1"}, {"body": b"b", "idempotency_key": "k"}, {"body": b"2"}]
    with pytest.raises(ackwire.RefusedError) as caught:
        queue.publish_many(batch, atomic=True)
    assert caught.value.index == 1
    assert caught.value.receipts == [None, None, None]
    assert queue.info().published == 1
    with pytest.raises(ackwire.InvalidError):
        queue.publish_many([b""] * 10_001, atomic=True)
    assert queue.info().published == 1


def test_a_refused_chunk_says_what_is_stored(queue):
    queue.publish(b"a", idempotency_key="k")
    messages = [b"%d" % n for n in range(700)] + [{"body": b"b", "idempotency_key": "k"}]
    with pytest.raises(ackwire.RefusedError) as caught:
        queue.publish_many(messages)
    receipts = caught.value.receipts
    assert caught.value.index == 700
    assert len(receipts) == 701
    assert all(receipt is not None for receipt in receipts[:500])
    assert receipts[500:] == [None] * 201
    assert queue.info().published == 501


def test_publishes_under_way_become_batches(queue):
    pending = [queue.publish_async(b"%d" % n) for n in range(1_000)]
    assert [one.result(10).sequence for one in pending] == list(range(1, 1_001))
    assert pending[0].done()
    assert queue.info().published == 1_000


def test_flush_reports_a_refusal_nobody_awaited(broker, queue):
    queue.publish(b"a", idempotency_key="k")
    broker.flush()
    queue.publish_async(b"b", idempotency_key="k")
    with pytest.raises(ackwire.KeyConflictError):
        broker.flush()
    broker.flush()


def test_delay_and_ttl(queue):
    queue.publish(b"later", delay="10m")
    queue.publish(b"now", ttl="1h")
    (message,) = queue.consume(max_messages=1)
    with message:
        assert message.body == b"now"
    assert queue.info().group().delayed == 1
    (peeked,) = queue.peek()
    assert peeked.state == "delayed" and peeked.due is not None and peeked.body == b"later"


def test_an_unknown_queue_is_not_found(broker):
    queue = broker.queue("gone")
    broker.remove_queue("gone")
    with pytest.raises(ackwire.NotFoundError) as caught:
        queue.publish(b"a")
    assert caught.value.code == "no_queue"


def test_over_the_depth_is_refused_with_a_time_to_come_back(broker):
    queue = broker.queue("small", max_depth=2)
    queue.publish_many([b"1", b"2"])
    with pytest.raises(ackwire.OverloadedError) as caught:
        queue.publish(b"3")
    assert caught.value.retry_after > 0
    queue.ack(list(queue.consume(max_messages=2)))
    assert queue.publish(b"3").sequence == 3


def test_close_reports_a_refusal_nobody_was_told_of(directory):
    with pytest.raises(ackwire.OverloadedError):
        with ackwire.open(directory / "store") as broker:
            queue = broker.queue("small", max_depth=1)
            for _ in range(3):
                queue.publish_async(b"a")
    assert broker.closed
    with pytest.raises(ZeroDivisionError), ackwire.open(directory / "store") as broker:
        broker.queue("small").publish_async(b"a")
        1 / 0
    with ackwire.open(directory / "store") as broker:  # this caller was told
        with pytest.raises(ackwire.OverloadedError):
            broker.queue("small").publish_async(b"a").result(10)


def test_whatever_ends_publish_many_says_what_is_stored(queue):
    def broken():
        yield from [b"x"] * 600
        raise KeyError("the file ended")

    many = [b"x"] * 600
    for messages, kind in ((broken(), KeyError), ([*many, "text"], TypeError), ([*many, {"body": b"", "ttl": -1}], ValueError)):
        before = queue.info().published
        with pytest.raises(kind) as caught:
            queue.publish_many(messages)
        assert [receipt.sequence for receipt in caught.value.receipts] == list(range(before + 1, before + 501))
        assert queue.info().published == before + 500


def test_an_atomic_batch_reads_no_further_than_its_limit(queue):
    for body, limit in ((b"", 10_001), (b"x" * 100_000, 42)):
        many = itertools.repeat(body, 50_000)
        with pytest.raises(ackwire.InvalidError):
            queue.publish_many(many, atomic=True)
        assert operator.length_hint(many) == 50_000 - limit
    assert queue.info().published == 0
