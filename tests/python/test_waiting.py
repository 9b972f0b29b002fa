"""Waiting: room for publishes, calls that are called off, and what a process that waits costs."""

import asyncio
import os
import resource
import signal
import threading
import time

import ackwire
import ackwire.aio
import pytest

SERVER = """
    import os, signal, ackwire
    broker = ackwire.open("data")
    broker.queue("orders")
    print(broker.listen("ipc://" + os.getcwd() + "/socket"), flush=True)
    signal.pause()
"""


@pytest.fixture
def stopped(start):
    """A broker of another process that stopped; its endpoint, and what makes it go on."""
    server = start(SERVER)
    endpoint = server.stdout.readline().strip()

    def stop():
        server.send_signal(signal.SIGSTOP)
        os.waitpid(server.pid, os.WUNTRACED)

    yield endpoint, stop, lambda: server.send_signal(signal.SIGCONT)
    server.send_signal(signal.SIGCONT)


def test_a_thread_that_waits_sleeps(queue):
    consumer = queue.consumer()
    switches = []

    def wait():
        before = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
        assert consumer.receive(1, wait=2) == []
        switches.append(resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw - before)

    waiting = threading.Thread(target=wait)
    waiting.start()
    waiting.join()
    assert switches[0] < 15


def test_tasks_that_wait_for_messages_sleep(directory):
    async def wait(queue):
        async for _ in queue.consume(wait=60):
            pass

    async def main():
        async with ackwire.aio.open(directory / "store") as broker:
            queue = await broker.queue("orders")
            tasks = [asyncio.ensure_future(wait(queue)) for _ in range(8)]
            await asyncio.sleep(0.5)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
            await asyncio.sleep(2)
            switches = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw - before
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            return switches

    assert asyncio.run(main()) < 160  # one look in 50 ms would be 320


def test_a_publish_that_finds_no_room_is_overloaded_at_its_deadline(stopped):
    endpoint, stop, go_on = stopped
    client = ackwire.connect(endpoint, max_unconfirmed=10, call_timeout=0.3)
    queue = client.queue("orders")
    stop()
    pending = [queue.publish_async(b"a") for _ in range(10)]
    with pytest.raises(ackwire.OverloadedError, match="max_unconfirmed"):
        queue.publish_async(b"b")
    with pytest.raises(ackwire.OverloadedError, match="max_unconfirmed"):
        queue.publish(b"b")
    go_on()
    assert [one.result(20).sequence for one in pending] == list(range(1, 11))
    assert queue.publish(b"c").sequence == 11
    client.close()


def test_ctrl_c_ends_a_wait_for_room(start, stopped, directory):
    endpoint, stop, _ = stopped
    process = start(f"""
        import os, time, ackwire
        client = ackwire.connect("{endpoint}", max_unconfirmed=1, heartbeat="60s")
        queue = client.queue("orders")
        print("ready", flush=True)
        while not os.path.exists("go"):
            time.sleep(0.01)
        queue.publish_async(b"a")
        print("waiting", flush=True)
        try:
            queue.publish_async(b"b")
        except KeyboardInterrupt:
            print(time.time(), flush=True)
        os._exit(0)
    """)
    assert process.stdout.readline() == "ready\n"
    stop()
    (directory / "go").touch()
    assert process.stdout.readline() == "waiting\n"
    time.sleep(0.5)
    sent = time.time()
    process.send_signal(signal.SIGINT)
    assert float(process.stdout.readline()) - sent < 0.2


def test_tasks_wait_for_room_in_their_order(stopped):
    endpoint, stop, go_on = stopped

    async def main():
        async with ackwire.aio.connect(endpoint, max_unconfirmed=10) as client:
            queue = await client.queue("orders")
            stop()
            tasks = [asyncio.ensure_future(queue.publish(b"%d" % n)) for n in range(200)]
            await asyncio.sleep(0.2)
            tasks[50].cancel()
            go_on()
            done = await asyncio.gather(*tasks, return_exceptions=True)
            assert isinstance(done.pop(50), asyncio.CancelledError)
            assert [receipt.sequence for receipt in done] == list(range(1, 200))
            assert (await queue.publish(b"last")).sequence == 200

    asyncio.run(main())


def test_a_task_that_finds_no_room_is_overloaded_at_its_deadline(stopped):
    endpoint, stop, go_on = stopped

    async def main():
        async with ackwire.aio.connect(endpoint, max_unconfirmed=5, call_timeout=0.5) as client:
            queue = await client.queue("orders")
            stop()
            done = await asyncio.gather(*(queue.publish(b"%d" % n) for n in range(8)), return_exceptions=True)
            assert [type(error) for error in done] == [ackwire.TimeoutError] * 5 + [ackwire.OverloadedError] * 3
            go_on()

    asyncio.run(main())


def test_a_close_ends_tasks_that_wait_for_room(stopped):
    endpoint, stop, _ = stopped

    async def main():
        client = await ackwire.aio.connect(endpoint, max_unconfirmed=1)
        queue = await client.queue("orders")
        stop()
        tasks = [asyncio.ensure_future(queue.publish(b"%d" % n)) for n in range(3)]
        await asyncio.sleep(0.2)
        with pytest.raises(ackwire.IndeterminateError):
            await client.close(0.1)
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(error) for error in done] == [ackwire.IndeterminateError, ackwire.ClosedError, ackwire.ClosedError]

    asyncio.run(main())


def test_a_refusal_that_was_told_is_not_told_by_close(directory):
    broker = ackwire.open(directory / "store")
    queue = broker.queue("orders")
    queue.publish(b"a", idempotency_key="k")
    with pytest.raises(ackwire.KeyConflictError):
        queue.publish_async(b"b", idempotency_key="k").result(10)
    broker.close()
