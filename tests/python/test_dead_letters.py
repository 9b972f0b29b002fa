"""The dead-letter queue: list, show, redrive, discard."""

import time

import pytest

import ackwire


@pytest.fixture
def dead(queue):
    """Three dead letters: two rejected, one out of attempts."""
    queue.set(max_attempts=1)
    queue.publish(b"one", idempotency_key="k1", headers={"tenant": "a"})
    queue.publish_many([b"two", b"three"])
    messages = []
    while len(messages) < 3:
        messages += queue.receive(3, wait=5)
    messages.sort(key=lambda message: message.sequence)
    messages[0].reject("no such tenant")
    messages[1].reject("no such tenant")
    messages[2].nack(error="TimeoutError: the bank did not answer")
    return queue.dlq


def test_list_and_show(queue, dead):
    assert len(dead) == 3
    assert [letter.sequence for letter in dead] == [1, 2, 3]
    assert [letter.sequence for letter in dead.list(reason="rejected")] == [1, 2]
    assert [letter.sequence for letter in dead.list(1, start=2)] == [2]
    letter = dead.show(1)
    assert (letter.body, letter.body_bytes, letter.reason, letter.detail) == (b"one", 3, "rejected", "no such tenant")
    assert (letter.idempotency_key, letter.headers) == ("k1", {"tenant": "a"})
    assert dead.show(3).errors[0].text == "TimeoutError: the bank did not answer"
    with pytest.raises(ackwire.NotFoundError):
        dead.show(9)


def test_redrive_keeps_the_identity(queue, dead):
    moved = dead.redrive([1, 9])
    assert (moved.moved, moved.not_found) == (1, (9,))
    (message,) = queue.consume(max_messages=1)
    with message:
        assert (message.sequence, message.idempotency_key, message.attempts) == (1, "k1", 1)
        assert message.deliveries == 2
    assert dead.redrive(reason="rejected").moved == 1
    assert dead.redrive().moved == 1
    got = []
    for message in queue.consume(max_messages=2):
        with message:
            got.append(message.body)
    assert sorted(got) == [b"three", b"two"]
    assert len(dead) == 0 and list(dead) == []


def test_discard_and_the_empty_selection(dead):
    assert dead.redrive([]).moved == 0
    assert dead.discard([]).moved == 0
    assert dead.discard([2]).moved == 1
    assert dead.discard().moved == 2
    assert len(dead) == 0


def test_expired_messages_are_dead_letters(queue):
    queue.publish(b"old", ttl="50ms")
    time.sleep(0.2)
    assert queue.receive(1, wait=0.5) == []
    (letter,) = queue.dlq
    assert (letter.reason, letter.body) == ("expired", b"old")


def test_as_many_as_asked_for_over_pages_cut_by_bytes(queue):
    queue.publish_many([b"z" * 200_000] * 60)
    assert len(queue.peek(50, body_bytes=200_000)) == 50
    assert len(queue.peek(100, body_bytes=200_000)) == 60
    with queue.consumer() as consumer:
        left = 60
        while left:
            messages = consumer.receive(60, wait=5)
            left -= queue.reject(messages, "no").applied
    assert [letter.sequence for letter in queue.dlq.list(50, body_bytes=200_000)] == list(range(1, 51))
    assert len(queue.dlq.list(100, body_bytes=200_000)) == 60


def test_jobs(broker, queue, dead):
    assert dead.redrive([1]).moved == 1
    assert queue.purge() == 1
    redriven, purged = broker.jobs()
    assert (redriven.kind, redriven.state, redriven.queue, redriven.moved, redriven.group) == (
        "redrive", "done", "orders", 1, "default")
    assert (purged.kind, purged.state, purged.moved, purged.error) == ("purge", "done", 1, "")
    assert redriven.id < purged.id and redriven.started <= redriven.ended
    assert broker.cancel_job(redriven.id) == redriven
    with pytest.raises(ackwire.NotFoundError):
        broker.cancel_job(99)
    with pytest.raises(ValueError, match="id"):
        broker.cancel_job(-1)
