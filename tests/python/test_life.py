"""The life of handles: close, fork, Ctrl-C, the end of the interpreter. Never a hang."""

import gc
import os
import signal
import subprocess
import threading
import time

import pytest

import ackwire


def test_every_verb_after_close_is_a_closed_error(directory):
    broker = ackwire.open(directory / "store")
    queue = broker.queue("orders")
    queue.publish(b"a")
    message = queue.receive(1, wait=5)[0]
    consumer = queue.consumer()
    broker.close()
    broker.close()  # idempotent
    assert broker.closed and broker.state == "closed"
    calls = [
        lambda: queue.publish(b"a"),
        lambda: queue.publish_many([b"a"]),
        lambda: queue.publish_async(b"a"),
        lambda: queue.consume(),
        lambda: queue.receive(),
        lambda: queue.info(),
        lambda: queue.dlq.list(),
        lambda: broker.queue("x"),
        lambda: broker.queues(),
        lambda: broker.stats(),
        lambda: broker.history(),
        lambda: broker.flush(),
        lambda: broker.listen("ipc:///tmp/none"),
        lambda: broker.check_health(),
        lambda: consumer.receive(),
        lambda: message.ack(),
    ]
    for call in calls:
        with pytest.raises(ackwire.ClosedError):
            call()
    consumer.close()
    assert message.body == b"a"  # received bytes stay


def test_close_on_another_thread_ends_an_iteration(broker):
    queue = broker.queue("orders")
    ended = threading.Event()

    def work():
        for _ in queue.consume():
            pass
        ended.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    time.sleep(0.3)
    broker.close()
    assert ended.wait(5)


def test_close_on_another_thread_ends_a_busy_iteration(broker, caplog):
    queue = broker.queue("orders")
    queue.publish_many([b"1", b"2"])
    inside, closed, ended = threading.Event(), threading.Event(), threading.Event()

    def work():
        for message in queue.consume():
            with message:
                inside.set()
                closed.wait(20)
        ended.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert inside.wait(10)
    broker.close()
    closed.set()
    assert ended.wait(10)
    assert "may be delivered again" in caplog.text


def test_nothing_is_handed_out_while_the_broker_is_gone(start):
    server = start("""
        import os, signal, ackwire
        broker = ackwire.open("data")
        print(broker.listen("ipc://" + os.getcwd() + "/socket"), flush=True)
        signal.pause()
    """)
    client = ackwire.connect(server.stdout.readline().strip())
    queue = client.queue("orders")
    queue.publish_many([b"a"] * 100)
    stream = queue.consume(wait=2)
    next(stream).ack()
    server.kill()
    deadline = time.monotonic() + 20
    while client.state == "connected" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(stream) == []
    client.close()


def test_a_store_is_free_after_close_with_live_objects(directory):
    for _ in range(3):
        broker = ackwire.open(directory / "store")
        queue = broker.queue("orders")
        stream = queue.consume()
        queue.publish(b"a")
        held = next(stream)
        broker.close()
        assert held.body == b"a"


WAITS = {
    "consume": "list(queue.consume())",
    "receive": "queue.consumer().receive(1, wait=None)",
    "flush": "queue.receive(1, wait=60)",
}


@pytest.mark.parametrize("wait", WAITS)
def test_ctrl_c_acts_within_200_ms(start, wait):
    process = start(f"""
        import time, ackwire
        with ackwire.open("data") as broker:
            queue = broker.queue("orders")
            print("ready", flush=True)
            try:
                {WAITS[wait]}
            except KeyboardInterrupt:
                print(time.time(), flush=True)
    """)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    sent = time.time()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert float(out) - sent < 0.2


def test_ctrl_c_ends_a_publish_to_a_broker_that_stopped(start, directory):
    server = start("""
        import os, signal, ackwire
        broker = ackwire.open("data")
        broker.queue("orders")
        print(broker.listen("ipc://" + os.getcwd() + "/socket"), flush=True)
        signal.pause()
    """)
    endpoint = server.stdout.readline().strip()
    process = start(f"""
        import time, ackwire
        client = ackwire.connect("{endpoint}", heartbeat="60s")
        queue = client.queue("orders")
        print("ready", flush=True)
        input_ready = time.sleep(0.5)
        for call in (lambda: queue.publish(b"a"), lambda: queue.info()):
            try:
                call()
            except KeyboardInterrupt:
                print(time.time(), flush=True)
        import os
        os._exit(0)
    """)
    assert process.stdout.readline() == "ready\n"
    server.send_signal(signal.SIGSTOP)
    os.waitpid(server.pid, os.WUNTRACED)  # a signal that was sent has not arrived yet
    try:
        for _ in range(2):
            time.sleep(1.0)
            sent = time.time()
            process.send_signal(signal.SIGINT)
            assert float(process.stdout.readline()) - sent < 0.2
    finally:
        server.send_signal(signal.SIGCONT)


@pytest.fixture
def stopped_broker(start):
    """A client of a broker that is stopped in its tracks, and the queue it published one message to."""
    server = start("""
        import os, signal, ackwire
        broker = ackwire.open("data")
        print(broker.listen("ipc://" + os.getcwd() + "/socket"), flush=True)
        signal.pause()
    """)
    client = ackwire.connect(server.stdout.readline().strip(), call_timeout="400ms", heartbeat="60s")
    queue = client.queue("orders")
    queue.publish(b"before")
    server.send_signal(signal.SIGSTOP)
    os.waitpid(server.pid, os.WUNTRACED)  # a signal that was sent has not arrived yet
    yield client, queue
    server.send_signal(signal.SIGCONT)
    client.close()


def test_every_call_ends_by_its_deadline(stopped_broker):
    client, queue = stopped_broker
    for call in (lambda: queue.publish(b"a"), lambda: queue.publish_many([b"a"]), lambda: queue.info(), lambda: client.flush(0.2)):
        began = time.monotonic()
        with pytest.raises(ackwire.TimeoutError):
            call()
        assert time.monotonic() - began < 3
    with pytest.raises(ackwire.TimeoutError):
        queue.publish_async(b"a").result(timeout=0.1)


def test_close_says_how_many_publishes_have_no_outcome(stopped_broker):
    client, queue = stopped_broker
    for _ in range(3):
        queue.publish_async(b"a")
    with pytest.raises(ackwire.IndeterminateError, match="3"):
        client.close(wait=0.3)
    assert client.closed


def test_a_forked_child_gets_forked_errors_and_ends(finish):
    out = finish("""
        import os, sys, ackwire
        broker = ackwire.open("data")
        queue = broker.queue("orders")
        queue.publish(b"a")
        message = queue.receive(1, wait=5)[0]
        stream = queue.consume()
        pid = os.fork()
        if pid == 0:
            calls = [lambda: queue.publish(b"b"), lambda: message.ack(), lambda: queue.info(), lambda: queue.consume()]
            for call in calls:
                try:
                    call()
                except ackwire.ForkedError:
                    print("forked", flush=True)
            broker.close()
            del stream, message, queue, broker
            own = ackwire.open("other")
            own.queue("x").publish(b"in the child")
            own.close()
            sys.exit(0)
        _, status = os.waitpid(pid, 0)
        assert status == 0, status
        message.ack()
        assert queue.publish(b"b").sequence == 2
        broker.close()
        print("parent done")
    """)
    assert out == "forked\n" * 4 + "parent done\n"


def test_the_interpreter_ends_with_everything_open(finish):
    out = finish("""
        import threading, time, ackwire
        broker = ackwire.open("data")
        import os
        client = ackwire.connect(broker.listen("ipc://" + os.getcwd() + "/socket"))
        queue = client.queue("orders")
        queue.publish_many([b"%d" % n for n in range(100)])
        held = queue.receive(5, wait=5)
        stream = queue.consume()
        first = next(stream)
        def work():
            for message in broker.queue("orders").consume():
                pass
        for _ in range(3):
            threading.Thread(target=work, daemon=True).start()
        pending = [queue.publish_async(b"x") for _ in range(100)]
        time.sleep(0.3)
        print("end")
    """)
    assert out == "end\n"


def test_the_interpreter_ends_from_an_unhandled_exception(start):
    process = start("""
        import ackwire
        broker = ackwire.open("data")
        for n in range(10):
            broker.queue("orders").publish(b"a")
        stream = broker.queue("orders").consume()
        next(stream)
        raise SystemExit(7)
    """)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 7, err
    assert err == ""


def test_handles_are_usable_from_del_at_exit(finish):
    out = finish("""
        import ackwire
        class Owner:
            def __init__(self):
                self.broker = ackwire.open("data")
                self.queue = self.broker.queue("orders")
            def __del__(self):
                try:
                    self.queue.publish(b"last words")
                except ackwire.ClosedError:
                    pass
                self.broker.close()
        owner = Owner()
        print("end")
    """)
    assert out == "end\n"


def test_killed_before_close_what_was_confirmed_is_there(start, directory):
    process = start("""
        import os, signal, ackwire
        broker = ackwire.open("data")
        broker.queue("orders").publish(b"confirmed", idempotency_key="k")
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    process.wait(20)
    with ackwire.open(directory / "data") as broker:
        queue = broker.queue("orders")
        (message,) = queue.consume(max_messages=1)
        with message:
            assert message.body == b"confirmed"
        assert queue.publish(b"confirmed", idempotency_key="k").duplicate


def resident_kib() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))


def test_ten_thousand_messages_leave_nothing_behind(embedded):
    queue = embedded.queue("orders")

    def round_of(count):
        queue.publish_many([b"x" * 1_000] * count)
        done = 0
        with queue.consumer(credit=1_000) as consumer:
            while done < count:
                messages = consumer.receive(500, wait=5)
                for message in messages:
                    assert len(message.body) == 1_000 and len(message.body_view) == 1_000 and message.headers == {}
                with messages[0]:
                    pass
                done += consumer.ack(messages).applied  # the first was acked by its block: it counts again as it did
        assert done == count

    round_of(2_000)
    gc.collect()
    objects, memory = len(gc.get_objects()), resident_kib()
    round_of(10_000)
    gc.collect()
    assert len(gc.get_objects()) - objects < 200
    assert resident_kib() - memory < 40 * 1024


def test_opening_and_closing_leaves_no_thread_and_no_file(directory):
    def one():
        with ackwire.open(directory / "store") as broker:
            broker.queue("orders").publish(b"a")

    one()
    time.sleep(0.2)
    files, threads = len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
    for _ in range(10):
        one()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        left = len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
        if left[0] <= files and left[1] <= threads:
            return
        time.sleep(0.05)
    assert left == (files, threads)


def test_any_verb_by_its_name(broker):
    broker.queue("orders").publish(b"a")
    queue = broker.request("get_queue", queue="orders")["queue"]
    assert queue["published"] == 1 and queue["policy"]["visibility_timeout_ms"] == 30_000
    for verb, members in (("get_queu", {}), ("get_queue", {"queu": "orders"}), ("get_queue", {})):
        with pytest.raises(ackwire.InvalidError):
            broker.request(verb, **members)
    with pytest.raises(ackwire.NotFoundError):
        broker.request("get_queue", queue="nope")


def test_many_queues_come_page_by_page(broker):
    for i in range(203):
        broker.queue(f"many.{i:03}")
    names = [info.name for info in broker.queues()]
    assert [name for name in names if name.startswith("many.")] == [f"many.{i:03}" for i in range(203)]
    assert [info.name for info in broker.stats().queues] == names


def test_a_paused_group_is_handed_nothing(broker):
    orders = broker.queue("orders")
    orders.pause_group("default")
    orders.publish(b"a")
    assert orders.receive(1, wait=0.2) == [] and orders.info().group().paused is True
    orders.resume_group("default")
    (message,) = orders.receive(1, wait=5)
    message.ack()
    with pytest.raises(ackwire.NotFoundError):
        orders.pause_group("none")
