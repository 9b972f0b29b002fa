"""An attempt is charged to what was begun, and read-ahead keeps nothing from others."""

import asyncio
import subprocess
import sys
import textwrap
import threading
import time

import ackwire
from ackwire import aio

DIES_AT_ONCE = textwrap.dedent("""
    import os, sys, ackwire
    for message in ackwire.connect(sys.argv[1]).queue("orders").consume():
        with message:
            os._exit(1)
""")


def test_a_handler_that_ends_its_process_dies_alone(endpoint):
    with ackwire.connect(endpoint) as broker:
        queue = broker.queue("orders", max_attempts=3, backoff_initial=0, backoff_max=0)
        queue.publish_many([b"%d" % i for i in range(50)])
        for _ in range(3):
            subprocess.run([sys.executable, "-c", DIES_AT_ONCE, endpoint], timeout=60, check=False)
            deadline = time.monotonic() + 30
            while queue.info().groups[0].leased and time.monotonic() < deadline:
                time.sleep(0.05)
        letters = list(queue.dlq.list())
        assert [letter.sequence for letter in letters] == [1]
        assert letters[0].attempts == 3
        group = queue.info().groups[0]
        assert group.ready == 49
        attempts = []
        for message in queue.consume(max_messages=49, wait=20):
            with message:
                attempts.append(message.attempts)
        assert attempts == [1] * 49


def test_what_waits_for_a_slow_handler_goes_to_an_idle_one(endpoint):
    with ackwire.connect(endpoint) as broker, ackwire.connect(endpoint) as other:
        queue = broker.queue("orders")
        queue.publish_many([b"1", b"2", b"3"])
        slow = iter(queue.consume())
        held = next(slow)  # and not done for long
        done = []

        def work():
            for message in other.queue("orders").consume(max_messages=2, wait=30):
                with message:
                    done.append(message.sequence)

        worker = threading.Thread(target=work)
        worker.start()
        worker.join(60)
        assert sorted(done) == [2, 3]
        held.ack()
        slow.close()


def test_asyncio_declares_how_many_tasks_work(endpoint):
    async def take():
        async with await aio.connect(endpoint) as broker:
            queue = await broker.queue("orders")
            await queue.publish(b"a")
            async for message in queue.consume(concurrency=4, max_messages=1):
                async with message:
                    return message.attempts

    assert asyncio.run(take()) == 1


def test_one_call_gets_all_that_it_asks_for(queue):
    queue.publish_many([b"%d" % i for i in range(40)])
    messages = queue.receive(40, 20)
    assert len(messages) == 40
    assert queue.ack(messages).applied == 40
