"""Consuming: where iterations end, what they give back, groups, threads."""

import threading
import time

import pytest

import ackwire


def test_wait_ends_the_iteration(queue):
    start = time.monotonic()
    assert list(queue.consume(wait=0.2)) == []
    assert 0.15 < time.monotonic() - start < 2


def test_max_messages_takes_no_more(queue):
    queue.publish_many([b"%d" % n for n in range(10)])
    got = list(queue.consume(max_messages=3))
    assert [message.body for message in got] == [b"0", b"1", b"2"]
    assert queue.ack(got).applied == 3  # settled after the iteration has ended
    group = queue.info().group()
    assert (group.acked, group.leased) == (3, 0)


def test_what_was_read_ahead_goes_back_untried(queue):
    queue.publish_many([b"%d" % n for n in range(100)])
    for message in queue.consume(credit=50):
        with message:
            break
    deadline = time.monotonic() + 5
    while queue.info().group().leased and time.monotonic() < deadline:
        time.sleep(0.01)
    group = queue.info().group()
    assert (group.leased, group.acked) == (0, 1)
    rest = []
    for message in queue.consume(max_messages=99):
        with message:
            rest.append(message.attempts)
    assert rest == [1] * 99


def test_receive_holds_nothing_back(queue):
    queue.publish_many([b"1", b"2", b"3"])
    (message,) = queue.receive(1, wait=5)
    others = []
    while len(others) < 2:
        got = queue.receive(2, wait=5)
        assert got
        others += got
    assert sorted(m.body for m in [message, *others]) == [b"1", b"2", b"3"]
    queue.ack([message, *others])


def test_every_group_sees_every_message(queue):
    queue.create_group("audit")
    queue.publish(b"a")
    for group in ("default", "audit"):
        (message,) = queue.consume(group, max_messages=1)
        message.ack()
    assert queue.info().depth == 0
    with pytest.raises(ackwire.NotFoundError):
        queue.consume("nobody")
    queue.remove_group("audit")
    assert [group.name for group in queue.info().groups] == ["default"]


def test_pause_resume_purge(queue):
    queue.pause()
    queue.publish_many([b"1", b"2"])
    assert queue.receive(1, wait=0.2) == []
    queue.resume()
    (message,) = queue.receive(1, wait=5)
    assert queue.purge() == 1  # the leased one stays
    message.ack()
    assert queue.info().depth == 0


def test_other_threads_run_while_one_waits(queue):
    """The GIL is released: a thread counts on while consume() waits."""
    counted = 0
    waiting = threading.Event()

    def wait_for_message():
        waiting.set()
        list(queue.consume(wait=0.5))

    thread = threading.Thread(target=wait_for_message)
    thread.start()
    waiting.wait()
    while thread.is_alive():
        counted += 1
        time.sleep(0.001)
    assert counted > 100


def test_threads_share_one_queue(queue):
    total, lock, seen = 400, threading.Lock(), []
    queue.publish_many([b"%d" % n for n in range(total)])

    def work():
        for message in queue.consume(wait=1, credit=20):
            with message:
                with lock:
                    seen.append(int(message.body))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(seen) == list(range(total))


def test_credit_bounds_what_is_out(queue, caplog):
    queue.publish_many([b"1", b"2", b"3"])
    with queue.consumer(credit=2) as consumer:
        got = []
        while len(got) < 2:
            got += consumer.receive(10, wait=5)
        assert consumer.receive(10, wait=0.2) == []
        consumer.ack(got)
        (third,) = consumer.receive(10, wait=5)
        third.ack()


def test_stats_history_and_queues(broker, queue):
    queue.publish_many([b"1", b"2"])
    queue.ack(list(queue.consume(max_messages=2)))
    stats = broker.stats()
    assert stats.version == ackwire.__version__
    assert [info.name for info in stats.queues] == ["orders"] == [info.name for info in broker.queues()]
    assert stats.commits > 0 and stats.boot_epoch > 1_600_000_000_000
    assert abs(stats.clock_offset_ms) < 5_000
    deadline = time.monotonic() + 10
    seen = (0, 0)
    while seen != (2, 2) and time.monotonic() < deadline:
        time.sleep(0.2)
        published = sum(sample.published for sample in broker.history("orders"))
        seen = (published, sum(sample.acked for sample in broker.history()))
    assert seen == (2, 2)


def test_settings_apply_to_a_queue_that_exists(broker):
    broker.queue("orders")
    broker.queue("orders", max_attempts=3)
    assert broker.queue("orders").info().policy.max_attempts == 3
    assert broker.queue("orders").set(ttl="1h", on_expiry="discard").policy.on_expiry == "discard"


def test_two_brokers_on_one_directory_are_refused(embedded, directory):
    with pytest.raises(ackwire.StoreError) as caught:
        ackwire.open(directory / "store")
    assert caught.value.code == "store_in_use"


def test_threads_share_one_consumer(queue):
    """Each holds one message before any goes on, so one that took more than its own would leave the others without."""
    together, got = threading.Barrier(3), []

    with queue.consumer() as consumer:

        def work():
            stream = iter(consumer)  # kept: its end would be that of the consumer
            message = next(stream)
            together.wait(20)
            got.append(message)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        queue.publish_many([b"1", b"2", b"3"])
        for thread in threads:
            thread.join(30)
        assert sorted(message.body for message in got) == [b"1", b"2", b"3"]
        assert queue.ack(got).applied == 3


def test_a_consumer_whose_iteration_ended_receives_no_more(queue):
    queue.publish_many([b"1", b"2"])
    with queue.consumer() as consumer:
        for message in consumer:
            break
        assert consumer.closed
        assert consumer.receive(1, wait=None) == []
        message.ack()


def test_what_was_read_ahead_is_not_handed_out_after_its_lease(broker):
    """Without renewals a lease goes on to end while its message waits for the loop."""
    queue = broker.queue("orders", visibility_timeout="2s")
    queue.publish_many([b"1", b"2"])
    with queue.consumer(renew_leases=False) as consumer:
        stream = iter(consumer)
        next(stream).ack()
        time.sleep(3)
        assert next(stream).deliveries > 1  # that of the first delivery is gone


def test_a_wait_of_centuries_is_one(queue):
    queue.publish(b"a", delay="300ms")
    for message in queue.consume(wait=1e10, max_messages=1):
        with message:
            pass
    assert queue.publish_async(b"b").result(1e10).sequence == 2
