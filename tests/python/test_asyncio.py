"""The asyncio face."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time

import pytest

import ackwire
import ackwire.aio


@pytest.fixture(params=["embedded", "remote"])
def opening(request, directory):
    """A function that opens a broker or connects a client, for use inside the event loop."""
    if request.param == "embedded":
        yield lambda: ackwire.aio.open(directory / "store")
        return
    with ackwire.open(directory / "store") as broker:
        endpoint = broker.listen(f"ipc://{directory}/socket")
        yield lambda: ackwire.aio.connect(endpoint)


def test_a_message_goes_all_the_way(opening):
    async def main():
        async with opening() as broker:
            orders = await broker.queue("orders", backoff_initial=0, backoff_max=0)
            receipt = await orders.publish(b"a", idempotency_key="k", headers={"tenant": "a"})
            assert receipt == ackwire.Receipt(1, False)
            assert (await orders.publish(b"a", idempotency_key="k")).duplicate
            with pytest.raises(ackwire.KeyConflictError):
                await orders.publish(b"b", idempotency_key="k")
            attempts = []
            async for message in orders.consume(max_messages=2):
                async with message:
                    attempts.append(message.attempts)
                    assert (message.body, message.headers, message.idempotency_key) == (b"a", {"tenant": "a"}, "k")
                    if message.attempts == 1:
                        raise RuntimeError("again")
            assert attempts == [1, 2]
            assert (await orders.info()).group().acked == 1
            assert [info.name for info in await broker.queues()] == ["orders"]

    asyncio.run(main())


def test_many_publishes_at_once_are_committed_together(opening):
    async def main():
        async with opening() as broker:
            orders = await broker.queue("orders")
            receipts = await asyncio.gather(*(orders.publish(b"%d" % n) for n in range(2_000)))
            assert sorted(receipt.sequence for receipt in receipts) == list(range(1, 2_001))
            assert (await broker.stats()).commits < 1_500
            many = await orders.publish_many([b"x"] * 10)
            assert len(many) == 10

    asyncio.run(main())


def test_concurrent_tasks_settle_together(opening):
    async def main():
        async with opening() as broker:
            orders = await broker.queue("orders")
            await orders.publish_many([b"%d" % n for n in range(300)])
            seen = set()

            async def work(message):
                async with message:
                    await asyncio.sleep(0.001)
                    seen.add(int(message.body))

            tasks = []
            async for message in orders.consume(max_messages=300, credit=300):
                tasks.append(asyncio.create_task(work(message)))
            await asyncio.gather(*tasks)
            assert seen == set(range(300))
            assert (await orders.info()).group().acked == 300

    asyncio.run(main())


def test_the_loop_runs_while_consume_waits(opening):
    async def main():
        async with opening() as broker:
            orders = await broker.queue("orders")
            ticks = 0

            async def tick():
                nonlocal ticks
                while True:
                    await asyncio.sleep(0.005)
                    ticks += 1

            ticking = asyncio.create_task(tick())
            async for _ in orders.consume(wait=0.5):
                pass
            ticking.cancel()
            assert ticks > 40

    asyncio.run(main())


def test_a_message_for_a_cancelled_task_is_released(opening):
    async def main():
        async with opening() as broker:
            orders = await broker.queue("orders")
            for round_ in range(5):
                messages = orders.consume()
                waiting = asyncio.create_task(messages.__anext__())
                await asyncio.sleep(0.1)
                waiting.cancel()
                await orders.publish(b"%d" % round_)
                with pytest.raises(asyncio.CancelledError):
                    await waiting
                await asyncio.wait_for(messages.aclose(), 5)
                async for message in orders.consume(max_messages=1):
                    async with message:
                        assert message.body == b"%d" % round_
                        assert message.attempts == 1

    asyncio.run(main())


def test_cancelling_inside_a_block_releases(opening):
    async def main():
        async with opening() as broker:
            orders = await broker.queue("orders")
            await orders.publish(b"a")
            inside = asyncio.Event()

            async def work():
                async for message in orders.consume():
                    async with message:
                        inside.set()
                        await asyncio.sleep(60)

            task = asyncio.create_task(work())
            await asyncio.wait_for(inside.wait(), 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async for message in orders.consume(max_messages=1):
                async with message:
                    assert (message.attempts, message.deliveries) == (1, 2)

    asyncio.run(main())


def test_settles_dead_letters_and_stale_leases(opening):
    async def main():
        async with opening() as broker:
            orders = await broker.queue("orders", visibility_timeout="200ms")
            await orders.publish_many([b"1", b"2", b"3"])
            got = [message async for message in orders.consume(max_messages=3)]
            await got[0].reject("no")
            await got[1].extend("1m")
            assert (await orders.ack(got[1:2])).applied == 1
            await got[2].nack(delay="1h", error="later")
            await got[2].nack()
            with pytest.raises(ackwire.StaleLeaseError):
                await got[2].ack()
            assert [letter.detail for letter in await orders.dlq.list()] == ["no"]
            assert (await orders.dlq.redrive()).moved == 1
            assert await orders.dlq.count() == 0

    asyncio.run(main())


def test_reject_and_propagate(opening):
    async def main():
        async with opening() as broker:
            orders = await broker.queue("orders")
            await orders.publish_many([b"1", b"2"])
            async for message in orders.consume(max_messages=1):
                async with message:
                    raise ackwire.Reject("never")
            with pytest.raises(ZeroDivisionError):
                async for message in orders.consume(propagate=True):
                    async with message:
                        1 / 0
            (letter,) = await orders.dlq.list()
            assert letter.detail == "never"

    asyncio.run(main())


def test_closed_while_tasks_wait(opening):
    async def main():
        broker = await opening()
        orders = await broker.queue("orders")

        async def work():
            async for _ in orders.consume():
                pass

        task = asyncio.create_task(work())
        await asyncio.sleep(0.2)
        await broker.close()
        await asyncio.wait_for(task, 5)
        with pytest.raises(ackwire.ClosedError):
            await asyncio.wait_for(orders.publish(b"a"), 5)
        with pytest.raises(ackwire.ClosedError):
            await asyncio.wait_for(orders.info(), 5)

    asyncio.run(main())


def test_the_interpreter_ends_in_the_middle(finish):
    out = finish("""
        import asyncio, ackwire, ackwire.aio
        async def main():
            broker = await ackwire.aio.open("data")
            orders = await broker.queue("orders")
            async def work():
                async for message in orders.consume():
                    pass
            task = asyncio.create_task(work())
            await orders.publish(b"a")
            await asyncio.sleep(0.2)
            print("end")
        asyncio.run(main())
    """)
    assert out.startswith("end\n")
    assert "Traceback" not in out


def test_an_awaited_publish_ends_by_its_deadline(start):
    server = start("""
        import os, signal, ackwire
        broker = ackwire.open("data")
        print(broker.listen("ipc://" + os.getcwd() + "/socket"), flush=True)
        signal.pause()
    """)
    endpoint = server.stdout.readline().strip()

    async def main():
        client = await ackwire.aio.connect(endpoint, call_timeout="400ms", heartbeat="60s")
        orders = await client.queue("orders")
        await orders.publish(b"before")
        server.send_signal(signal.SIGSTOP)
        os.waitpid(server.pid, os.WUNTRACED)  # a signal that was sent has not arrived yet
        try:
            outcomes = await asyncio.gather(*(orders.publish(b"a") for _ in range(50)), return_exceptions=True)
            assert all(isinstance(outcome, ackwire.TimeoutError) for outcome in outcomes)
        finally:
            server.send_signal(signal.SIGCONT)
        await client.close()

    asyncio.run(asyncio.wait_for(main(), 20))


def test_a_broker_thrown_away_is_closed(directory):
    async def main():
        broker = await ackwire.aio.open(directory / "store")
        orders = await broker.queue("orders")
        await orders.publish(b"a")

    asyncio.run(main())
    deadline = time.monotonic() + 10
    while True:
        gc.collect()
        try:
            ackwire.open(directory / "store").close()
            return
        except ackwire.StoreError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_an_exception_that_ends_programs_ends_only_the_call(opening):
    def bodies():
        yield b"a"
        raise asyncio.CancelledError

    async def main():
        async with opening() as broker:
            orders = await broker.queue("orders")
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(orders.publish_many(bodies()), 10)
            assert (await asyncio.wait_for(orders.info(), 10)).published == 0

    asyncio.run(main())


def test_a_forked_child_gets_forked_errors(finish):
    out = finish("""
        import asyncio, os, sys, ackwire, ackwire.aio
        async def make():
            broker = await ackwire.aio.open("data")
            orders = await broker.queue("orders")
            await orders.publish(b"a")
            message = await orders.consume().__anext__()
            return broker, orders, message
        async def use(broker, orders, message):
            for call in (orders.info, message.ack, lambda: orders.publish(b"b"), broker.stats):
                try:
                    await asyncio.wait_for(call(), 5)
                except ackwire.ForkedError:
                    print("forked", flush=True)
            await broker.close()
        made = asyncio.run(make())
        pid = os.fork()
        if pid == 0:
            asyncio.run(use(*made))
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        assert status == 0, status
        print("parent done")
    """)
    assert out == "forked\n" * 4 + "parent done\n"


def test_close_of_another_task_ends_a_busy_iteration(opening):
    async def main():
        broker = await opening()
        orders = await broker.queue("orders")
        await orders.publish_many([b"1", b"2"])
        inside = asyncio.Event()

        async def work():
            async for message in orders.consume():
                async with message:
                    inside.set()
                    while not broker.closed:
                        await asyncio.sleep(0.01)

        task = asyncio.create_task(work())
        await asyncio.wait_for(inside.wait(), 10)
        await broker.close()
        await asyncio.wait_for(task, 10)

    asyncio.run(main())
