"""Settling: what leaving a with block does, and every settle by hand."""

import asyncio
import logging
import time

import pytest

import ackwire


def next_message(queue, **options):
    (message,) = queue.receive(1, wait=5, **options)
    return message


def test_an_exception_nacks_with_its_class_and_text_and_the_loop_goes_on(queue, caplog):
    queue.set(max_attempts=2)
    queue.publish(b"bad")
    seen = []
    with caplog.at_level(logging.ERROR, logger="ackwire"):
        for message in queue.consume(max_messages=2):
            with message:
                seen.append(message.attempts)
                raise KeyError("no such order")
    assert seen == [1, 2]
    (letter,) = queue.dlq
    assert letter.reason == "max_attempts"
    assert [error.text for error in letter.errors] == ["KeyError: 'no such order'"] * 2
    assert "no such order" in caplog.text


def test_an_exception_goes_on_when_asked(queue):
    queue.publish(b"bad")
    with pytest.raises(ZeroDivisionError):
        for message in queue.consume(propagate=True):
            with message:
                1 / 0
    assert next_message(queue).attempts == 2


def test_reject_goes_straight_to_the_dead_letters(queue):
    queue.publish(b"bad")
    for message in queue.consume(max_messages=1):
        with message:
            raise ackwire.Reject("bad quantity")
    (letter,) = queue.dlq
    assert (letter.reason, letter.detail, letter.attempts) == ("rejected", "bad quantity", 1)


@pytest.mark.parametrize("end", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), asyncio.CancelledError()], ids=repr)
def test_what_ends_a_program_or_a_task_charges_no_attempt_and_goes_on(queue, end):
    queue.set(backoff_initial="1h", backoff_max="1h")
    queue.publish(b"fine")
    with pytest.raises(type(end)):
        for message in queue.consume():
            with message:
                raise end
    again = next_message(queue)  # at once, in spite of the backoff
    assert (again.attempts, again.deliveries) == (1, 2)


def test_a_settle_by_hand_inside_the_block_is_the_only_one(queue):
    queue.publish(b"a")
    for message in queue.consume(max_messages=1):
        with message:
            message.reject("by hand")
    assert message.settled == "reject"
    assert len(queue.dlq) == 1


def test_settles_by_hand(queue):
    queue.publish(b"a")
    message = next_message(queue)
    message.release()
    message = next_message(queue)
    assert (message.attempts, message.deliveries) == (1, 2)
    message.nack(error="try again")
    message = next_message(queue)
    assert (message.attempts, message.deliveries) == (2, 3)
    message.extend("5m")
    message.ack()
    message.ack()  # twice is once
    with pytest.raises(ackwire.StaleLeaseError):
        message.nack()
    assert queue.info().group().acked == 1


def test_a_nack_with_a_delay_waits(queue):
    queue.set(backoff_max="1h")
    queue.publish(b"a")
    next_message(queue).nack(delay="10m", error="later")
    assert queue.receive(1, wait=0.2) == []
    assert queue.info().group().delayed == 1


def test_a_lease_that_ended_is_stale(broker):
    queue = broker.queue("orders", visibility_timeout="100ms", backoff_initial=0, backoff_max=0)
    queue.publish(b"a")
    with queue.consumer(renew_leases=False) as consumer:
        (message,) = consumer.receive(1, wait=5)
        (again,) = consumer.receive(1, wait=5)  # the lease ended by time
        assert again.deliveries == 2
        with pytest.raises(ackwire.StaleLeaseError):
            message.ack()
        again.ack()
    assert queue.info().group().acked == 1


def test_a_batch_lists_what_was_stale(broker):
    queue = broker.queue("orders", visibility_timeout="100ms", backoff_initial=0, backoff_max=0)
    queue.publish_many([b"a", b"b"])
    with queue.consumer(renew_leases=False) as consumer:
        first = []
        while len(first) < 2:
            first += consumer.receive(2 - len(first), wait=5)
        second = []
        while len(second) < 2:
            second += consumer.receive(2 - len(second), wait=5)
        late = queue.ack(first)
        assert (late.applied, sorted(late.stale)) == (0, [1, 2])
        assert queue.ack(second).applied == 2


def test_leases_are_renewed_while_a_message_is_worked_on(broker):
    queue = broker.queue("orders", visibility_timeout="300ms")
    queue.publish(b"slow")
    for message in queue.consume(max_messages=1):
        with message:
            time.sleep(1.0)
    group = queue.info().group()
    assert (group.acked, group.lease_expired, group.delivered) == (1, 0, 1)


def test_a_message_thrown_away_comes_back(queue):
    queue.publish(b"a")
    message = next_message(queue)
    assert message.body == b"a"
    del message
    again = next_message(queue)
    assert again.attempts == 2
    again.ack()


def test_a_message_thrown_away_unread_is_charged_only_while_its_loop_goes_on(queue):
    queue.publish(b"a")
    message = next_message(queue)
    del message  # what received it has ended
    message = next_message(queue)
    assert (message.attempts, message.deliveries) == (1, 2)
    message.release()
    for message in queue.consume(max_messages=2):  # the loop forgets to settle: it would get the same one for ever
        if message.attempts == 2:
            message.ack()
        else:
            del message
    assert message.settled == "ack"


def test_batches_of_every_kind(queue):
    queue.publish_many([b"1", b"2", b"3", b"4"])
    with queue.consumer() as consumer:
        messages = []
        while len(messages) < 4:
            messages += consumer.receive(4, wait=5)
        assert queue.ack(messages[:1]).applied == 1
        assert queue.reject(messages[1:2], "no").applied == 1
        assert queue.nack(messages[2:3], delay="1h", error="later").applied == 1
        assert queue.release(iter(messages[3:])).applied == 1
    group = queue.info().group()
    assert (group.acked, group.dead) == (1, 1)
    assert group.released >= 1 and group.nacked == 1


def test_acks_that_are_not_waited_for_are_all_there_when_the_iteration_ends(queue):
    queue.publish_many([b"%d" % n for n in range(3_000)])
    start = time.monotonic()
    for message in queue.consume(max_messages=3_000, ack_async=True):
        with message:
            if message.sequence == 7:
                raise ackwire.Reject("one is not acked")
    assert time.monotonic() - start < 10
    group = queue.info().group()
    assert (group.acked, group.dead, group.leased) == (2_999, 1, 0)


class Speechless(Exception):
    def __str__(self):
        raise RuntimeError("no text")


@pytest.mark.parametrize("error", [ValueError("bad \udcff"), ackwire.Reject("bad \udcff"), Speechless()])
def test_an_exception_without_a_text_that_can_be_stored_settles_all_the_same(queue, error):
    queue.set(max_attempts=1)
    queue.publish(b"a")
    for message in queue.consume(max_messages=1):
        with message:
            raise error
    (letter,) = queue.dlq
    words = letter.detail if letter.reason == "rejected" else letter.errors[0].text
    assert ("\\udcff" in words) or ("RuntimeError" in words)
