"""Wrong types and values: a TypeError or ValueError that names the argument, and nothing stored."""

import copy
import pickle
import types
from datetime import timedelta

import pytest

import ackwire
from ackwire._durations import LONGEST_MS, milliseconds

STRIDED = memoryview(b"abcdef")[::2]

WRONG = [
    (lambda q: q.publish("text"), TypeError, "body"),
    (lambda q: q.publish(None), TypeError, "body"),
    (lambda q: q.publish(7), TypeError, "body"),
    (lambda q: q.publish(STRIDED), ValueError, "body"),
    (lambda q: q.publish(b"", idempotency_key=7), TypeError, "idempotency_key"),
    (lambda q: q.publish(b"", idempotency_key=""), ValueError, "idempotency_key"),
    (lambda q: q.publish(b"", idempotency_key="\ud800"), ValueError, "idempotency_key"),
    (lambda q: q.publish(b"", idempotency_key="k" * 129), ValueError, "key"),
    (lambda q: q.publish(b"", ordering_key=b"k" * 256), ValueError, "key"),
    (lambda q: q.publish(b"", headers=[("a", "b")]), TypeError, "headers"),
    (lambda q: q.publish(b"", headers={1: "b"}), TypeError, "headers"),
    (lambda q: q.publish(b"", headers={"a": 1}), TypeError, "headers"),
    (lambda q: q.publish(b"", headers={"a": "\0"}), ValueError, "header"),
    (lambda q: q.publish(b"", headers={str(n): "" for n in range(65)}), ValueError, "header"),
    (lambda q: q.publish(b"", delay=-1), ValueError, "delay"),
    (lambda q: q.publish(b"", delay=float("nan")), ValueError, "delay"),
    (lambda q: q.publish(b"", delay=10**30), ValueError, "delay"),
    (lambda q: q.publish(b"", delay="soon"), ValueError, "delay"),
    (lambda q: q.publish(b"", delay="5 mb"), ValueError, "delay"),
    (lambda q: q.publish(b"", delay="30m1h"), ValueError, "delay"),
    (lambda q: q.publish(b"", delay="5s5s"), ValueError, "delay"),
    (lambda q: q.publish(b"", delay=""), ValueError, "delay"),
    (lambda q: q.publish(b"", delay=True), TypeError, "delay"),
    (lambda q: q.publish(b"", delay="800d"), ValueError, "delay"),
    (lambda q: q.publish(b"", ttl=0), ValueError, "ttl"),
    (lambda q: q.publish(b"", ttl="40000d"), ValueError, "ttl|time to live"),
    (lambda q: q.publish(b"x" * (1024 * 1024 + 1)), ValueError, "bod|message"),
    (lambda q: q.publish_many([b"", "text"]), TypeError, r"messages\[1\]"),
    (lambda q: q.publish_many([{"bdy": b""}]), TypeError, r"messages\[0\].*'bdy'"),
    (lambda q: q.publish_many([{"ttl": 1}]), TypeError, r"messages\[0\].*body"),
    (lambda q: q.publish_many(5), TypeError, "messages must be an iterable"),
    (lambda q: q.publish_many([{"body": b"", "kee": 1}]), TypeError, r"messages\[0\]"),
    (lambda q: q.publish_many([object()]), TypeError, r"messages\[0\]"),
    (lambda q: q.publish_many(b"bytes are a sequence of ints"), TypeError, r"messages\[0\]"),
    (lambda q: q.consume(group=7), TypeError, "group"),
    (lambda q: q.consume(group="\ud800"), ValueError, "group"),
    (lambda q: q.consume(credit=0), ValueError, "credit"),
    (lambda q: q.consume(credit=2**70), ValueError, "credit"),
    (lambda q: q.consume(credit="many"), TypeError, "credit"),
    (lambda q: q.consume(max_messages=0), ValueError, "max_messages"),
    (lambda q: q.consume(wait=-1), ValueError, "wait"),
    (lambda q: q.receive(max=1.5), TypeError, "max"),
    (lambda q: q.receive(wait="a while"), ValueError, "wait"),
    (lambda q: q.ack([b"not a message"]), TypeError, r"messages\[0\]"),
    (lambda q: q.ack(None), TypeError, "messages must be an iterable"),
    (lambda q: q.set(backoff_jitter=float("nan")), ValueError, "backoff_jitter"),
    (lambda q: q.set(backoff_multiplier=float("inf")), ValueError, "backoff_multiplier"),
    (lambda q: q.set(backoff_multiplier=10**400), ValueError, "backoff_multiplier"),
    (lambda q: q.set(max_attempts=2**40), ValueError, "max_attempts"),
    (lambda q: q.set(max_attempts=0), ValueError, "max_attempts"),
    (lambda q: q.set(visibility_timeout="1ms"), ValueError, "visibility_timeout"),
    (lambda q: q.set(on_expiry="vanish"), ValueError, "on_expiry"),
    (lambda q: q.set(paused="yes"), TypeError, "paused"),
    (lambda q: q.set(visibilty_timeout=1), TypeError, "visibilty_timeout"),
    (lambda q: q.peek(count=0), ValueError, "count"),
    (lambda q: q.peek(start=-1), ValueError, "start"),
    (lambda q: q.dlq.list(reason="bad luck"), ValueError, "reason"),
    (lambda q: q.dlq.list(reason=5), TypeError, "reason"),
    (lambda q: q.dlq.redrive(7), TypeError, "sequences"),
    (lambda q: q.dlq.redrive([2**64]), ValueError, "sequences"),
    (lambda q: q.dlq.show("7"), TypeError, "sequence"),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_wrong_arguments_are_named_and_store_nothing(queue, number):
    call, kind, words = WRONG[number]
    with pytest.raises(kind, match=f"(?i){words}"):
        call(queue)
    assert queue.info().published == 0


@pytest.mark.parametrize("name", ["", "x" * 129, "../x", "a\0b", "a/b", "a b", "\u202eevil"])
def test_queue_names_outside_the_rule_are_refused(broker, name):
    with pytest.raises(ackwire.InvalidError) as caught:
        broker.queue(name)
    assert caught.value.code == "invalid_name"
    assert broker.queues() == []


def test_arguments_of_connections(directory):
    with pytest.raises(TypeError, match="path"):
        ackwire.open(7)
    with pytest.raises(ValueError, match="path"):
        ackwire.open("a\0b")
    with pytest.raises(TypeError, match="stor_limit"):
        ackwire.open(directory / "s", stor_limit=1)
    with pytest.raises(TypeError, match="endpoint"):
        ackwire.connect(b"tcp://127.0.0.1:1")
    with pytest.raises(ackwire.InvalidError):
        ackwire.connect("carrier pigeon")
    with pytest.raises(ackwire.TimeoutError):
        ackwire.connect(f"ipc://{directory}/nobody", connect_timeout="200ms")


def test_only_loopback_and_ipc_are_bound(embedded):
    with pytest.raises(ackwire.InvalidError) as caught:
        embedded.listen("tcp://0.0.0.0:0")
    assert caught.value.code == "insecure_bind"


@pytest.mark.parametrize(
    "value, expected",
    [(1, 1_000), (0.25, 250), ("30s", 30_000), ("5m", 300_000), ("7d", 604_800_000), ("250ms", 250), ("1.5h", 5_400_000),
     ("1h30m", 5_400_000), ("1w 1d", 691_200_000), ("2m1.5s5ms", 121_505), (1e10, LONGEST_MS),
     (timedelta(minutes=1), 60_000), (0, 0), (0.0001, 1)],
)
def test_durations(value, expected):
    assert milliseconds(value, "wait") == expected


def test_errors_and_results_can_be_pickled(queue):
    queue.publish(b"a")
    info = queue.info()
    assert pickle.loads(pickle.dumps(info)) == info
    assert pickle.loads(pickle.dumps(ackwire.Receipt(7, True))) == ackwire.Receipt(7, True)
    error = ackwire.OverloadedError("full", code="overloaded", retry_after=0.5)
    error.receipts = [ackwire.Receipt(7, True), None]
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (type(again), str(again), again.code, again.retry_after) == (type(error), "full", "overloaded", 0.5)
        assert again.receipts == error.receipts


def test_wrong_words_of_a_message_are_named_and_it_stays_unsettled(queue):
    queue.publish(b"a")
    (message,) = queue.receive(1, wait=5)
    for call, name in ((lambda: message.reject(5), "reason"), (lambda: message.nack(error=5), "error")):
        with pytest.raises(TypeError, match=name):
            call()
    assert message.settled is None
    message.ack()


def test_headers_of_any_mapping(queue):
    queue.publish(b"", headers=types.MappingProxyType({"a": "1"}))
    (message,) = queue.receive(1, wait=5)
    queue.publish(b"", headers=message.headers)
    message.ack()
    (message,) = queue.receive(1, wait=5)
    assert message.headers == {"a": "1"}
    message.ack()


def test_bytes_that_are_not_text_come_back_as_they_went(queue):
    queue.publish(b"", idempotency_key=b"\xff\x00", ordering_key=b"\xfe", headers={"h": b"\xfd"})
    (message,) = queue.consume(max_messages=1)
    with message:
        assert message.idempotency_key.encode("utf-8", "surrogateescape") == b"\xff\x00"
        assert message.ordering_key.encode("utf-8", "surrogateescape") == b"\xfe"
        assert queue.publish(b"", idempotency_key=message.idempotency_key).duplicate
        assert message.headers["h"].encode("utf-8", "surrogateescape") == b"\xfd"
