"""A graceful stop: SIGTERM finishes what is at work, gives back the rest uncharged, and the program ends by itself."""

import signal

import pytest

import ackwire

SYNC = """
    import time, ackwire
    ackwire.stop_on_signals()
    with ackwire.open("data") as broker:
        for message in broker.queue("orders").consume():
            with message:
                print("begun", flush=True)
                time.sleep(0.5)
        assert ackwire.stopping()
    print("end", flush=True)
"""

BATCHES = """
    import time, ackwire
    ackwire.stop_on_signals()
    with ackwire.open("data") as broker:
        with broker.queue("orders").consumer() as consumer:
            while not ackwire.stopping():
                for message in consumer.receive(1, wait=None):
                    print("begun", flush=True)
                    time.sleep(0.5)
                    message.ack()
    print("end", flush=True)
"""

THREADS = """
    import threading, time, ackwire
    ackwire.stop_on_signals()
    def work():
        for message in queue.consume():
            with message:
                print("begun", flush=True)
                time.sleep(0.5)
    with ackwire.open("data") as broker:
        queue = broker.queue("orders")
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    print("end", flush=True)
"""

AIO = """
    import asyncio, ackwire, ackwire.aio
    async def main():
        ackwire.stop_on_signals()
        room, tasks = asyncio.Semaphore(1), set()
        async def work(message):
            async with message:
                print("begun", flush=True)
                await asyncio.sleep(0.5)
            room.release()
        async with ackwire.aio.open("data") as broker:
            orders = await broker.queue("orders")
            await room.acquire()
            async for message in orders.consume():
                tasks.add(asyncio.create_task(work(message)))
                await room.acquire()
            await asyncio.gather(*tasks)
    asyncio.run(main())
    print("end", flush=True)
"""

EXIT = """
    import signal, sys, time, ackwire
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ackwire.open("data") as broker:
        for message in broker.queue("orders").consume():
            with message:
                print("begun", flush=True)
                time.sleep(60)
"""

AIO_EXIT = """
    import asyncio, signal, sys, ackwire, ackwire.aio
    async def main():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        room = asyncio.Semaphore(1)
        async def work(message):
            async with room:
                async with message:
                    print("begun", flush=True)
                    await asyncio.sleep(60)
        async with ackwire.aio.open("data") as broker:
            tasks = set()
            async for message in (await broker.queue("orders")).consume():
                tasks.add(asyncio.create_task(work(message)))
    asyncio.run(main())
"""

COUNT = 20


@pytest.mark.parametrize("worker", [SYNC, BATCHES, THREADS, AIO, EXIT, AIO_EXIT],
                         ids=["loop", "batches", "threads", "asyncio", "exit", "asyncio-exit"])
def test_sigterm_finishes_or_releases_and_charges_nothing(start, directory, worker):
    with ackwire.open(directory / "data") as broker:
        queue = broker.queue("orders", backoff_initial="1h", backoff_max="1h")
        queue.publish_many([b"%d" % n for n in range(COUNT)])
    process = start(worker)
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    finishes = worker not in (EXIT, AIO_EXIT)
    if finishes:
        assert out.splitlines()[-1] == "end"
    begun = 1 + out.count("begun")
    with ackwire.open(directory / "data") as broker:
        queue = broker.queue("orders")
        group = queue.info().group()
        assert group.acked == (begun if finishes else 0)
        assert (group.leased, group.delayed, group.dead, group.nacked) == (0, 0, 0, 0)
        rest = list(queue.consume(max_messages=COUNT - group.acked, wait=20))
        assert [message.attempts for message in rest] == [1] * (COUNT - group.acked)


def test_a_second_sigterm_ends_the_process(start, directory):
    process = start("""
        import time, ackwire
        ackwire.stop_on_signals()
        with ackwire.open("data") as broker:
            queue = broker.queue("orders")
            queue.publish(b"a")
            for message in queue.consume():
                with message:
                    print("begun", flush=True)
                    while not ackwire.stopping():
                        time.sleep(0.01)
                    print("stopping", flush=True)
                    time.sleep(60)
    """)
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "stopping\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGTERM


def test_a_stop_ends_every_wait_and_nothing_more_is_handed_out(finish):
    out = finish("""
        import threading, time, ackwire
        with ackwire.open("data") as broker:
            queue = broker.queue("orders")
            waiting = threading.Thread(target=lambda: print(list(queue.consume()), flush=True))
            waiting.start()
            time.sleep(0.2)
            ackwire.stop()
            waiting.join(20)
            queue.publish(b"a")
            print(queue.receive(1, wait=60), list(queue.consume()), ackwire.stopping())
            deadline = time.monotonic() + 15
            while queue.info().group().ready != 1 and time.monotonic() < deadline:
                time.sleep(0.02)
            print(queue.info().group().ready)
    """)
    assert out == "[]\n[] [] True\n1\n"


def test_the_handler_before_comes_back_after_the_first_signal(finish):
    out = finish("""
        import os, signal, ackwire
        signal.signal(signal.SIGUSR1, lambda *_: print("mine"))
        ackwire.stop_on_signals(signal.SIGUSR1)
        ackwire.stop_on_signals(signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGUSR1)
        print(ackwire.stopping())
        os.kill(os.getpid(), signal.SIGUSR1)
    """)
    assert out == "True\nmine\n"
