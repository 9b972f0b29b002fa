"""Every way of leaving an iteration gives back what was not handed out, in every face: one table, ways by faces."""

import asyncio
import gc
import threading
import time

import pytest

import ackwire
import ackwire.aio

COUNT = 20
PATIENCE = 20.0


class Wrong(Exception):
    """Raised in a loop, on purpose."""


def expect_given_back(queue, held):
    """Nothing is leased but what is held; a message published later goes to whoever asks, and no attempt was charged."""
    still = sum(message.settled is None for message in held)
    deadline = time.monotonic() + PATIENCE
    while queue.info().group().leased != still and time.monotonic() < deadline:
        time.sleep(0.01)
    assert queue.info().group().leased == still
    late = queue.publish(b"later").sequence
    rest = list(queue.consume(max_messages=COUNT + 1 - still, wait=PATIENCE))
    assert len(rest) == COUNT + 1 - still
    assert late in {message.sequence for message in rest}
    assert {message.attempts for message in rest} == {1}
    queue.release(rest)


# -- the blocking face: each takes the queue and a list for the messages that stay alive ------------------------------------


def sync_break(queue, held):
    for message in queue.consume():
        held.append(message)
        break


def sync_return(queue, held):
    def work():
        for message in queue.consume():
            held.append(message)
            return message

    work()


def sync_raise(queue, held):
    try:
        for message in queue.consume():
            held.append(message)
            raise Wrong
    except Wrong as error:
        held.error = error  # and with it the traceback and its frames


def sync_raise_in_block(queue, held):
    try:
        for message in queue.consume(propagate=True):
            with message:
                held.append(message)
                raise KeyboardInterrupt
    except KeyboardInterrupt as error:
        held.error = error
    held.clear()  # released by its block


def sync_close(queue, held):
    stream = queue.consume()
    held.append(next(stream))
    stream.close()
    held.stream = stream


def sync_garbage(queue, held):
    stream = queue.consume()
    held.append(next(stream))
    del stream


def sync_cycle_of_garbage(queue, held):
    stream = [queue.consume()]
    held.append(next(stream[0]))
    stream.append(stream)
    del stream
    gc.collect()


def sync_max_messages(queue, held):
    for message in queue.consume(max_messages=2, credit=COUNT):
        held.append(message)


def sync_consumer_garbage(queue, held):
    consumer = queue.consumer()
    held += consumer.receive(1, wait=PATIENCE)
    del consumer


def sync_consumer_iteration(queue, held):
    consumer = queue.consumer()
    for message in consumer:
        held.append(message)
        break
    held.consumer = consumer


def sync_consumer_close(queue, held):
    with queue.consumer() as consumer:
        assert consumer.receive(1, wait=PATIENCE)


def sync_thread(queue, held):
    def work():
        for message in queue.consume():
            held.append(message)
            break

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(PATIENCE)


# -- the asyncio face -------------------------------------------------------------------------------------------------------


async def aio_break(queue, held):
    async for message in queue.consume():
        held.append(message)
        break


async def aio_return(queue, held):
    async def work():
        async for message in queue.consume():
            held.append(message)
            return message

    await work()


async def aio_raise(queue, held):
    try:
        async for message in queue.consume():
            held.append(message)
            raise Wrong
    except Wrong as error:
        held.error = error


async def aio_raise_in_block(queue, held):
    messages = queue.consume(propagate=True)
    held.messages = messages  # held: the exception itself gives back
    with pytest.raises(asyncio.CancelledError):
        async for message in messages:
            async with message:
                raise asyncio.CancelledError


async def aio_cancel_in_the_body(queue, held):
    inside = asyncio.Event()

    async def work():
        async for message in queue.consume():
            held.append(message)
            inside.set()
            await asyncio.sleep(60)

    held.task = asyncio.create_task(work())
    await asyncio.wait_for(inside.wait(), PATIENCE)
    held.task.cancel()
    await asyncio.wait([held.task])


async def aio_cancel_while_waiting(queue, held):
    inside = asyncio.Event()

    async def work():
        async for message in queue.consume(credit=1):
            held.append(message)
            inside.set()

    held.task = asyncio.create_task(work())
    await asyncio.wait_for(inside.wait(), PATIENCE)
    await asyncio.sleep(0.05)  # it waits for the second, for which there is no credit
    held.task.cancel()
    await asyncio.wait([held.task])


async def aio_close(queue, held):
    messages = queue.consume()
    held.append(await messages.__anext__())
    await messages.aclose()
    held.messages = messages


async def aio_with(queue, held):
    async with queue.consume() as messages:
        async for message in messages:
            held.append(message)
            break
    held.messages = messages


async def aio_garbage(queue, held):
    messages = queue.consume()
    held.append(await messages.__anext__())
    del messages


async def aio_cycle_of_garbage(queue, held):
    messages = [queue.consume()]
    held.append(await messages[0].__anext__())
    messages.append(messages)
    del messages
    gc.collect()


async def aio_max_messages(queue, held):
    async for message in queue.consume(max_messages=2, credit=COUNT):
        held.append(message)


SYNC = {name[5:]: way for name, way in globals().items() if name.startswith("sync_")}
AIO = {name[4:]: way for name, way in globals().items() if name.startswith("aio_")}


class Held(list):
    """Messages that stay alive, and whatever else a way of leaving holds on to."""


@pytest.mark.parametrize("way", SYNC)
def test_leaving_gives_back(queue, way):
    queue.publish_many([b"%d" % n for n in range(COUNT)])
    held = Held()
    SYNC[way](queue, held)
    expect_given_back(queue, held)
    assert queue.ack(held).applied == len(held)  # what was handed out can still be settled


@pytest.mark.parametrize("remote", [False, True], ids=["embedded", "remote"])
@pytest.mark.parametrize("way", AIO)
def test_leaving_gives_back_asyncio(embedded, endpoint, way, remote):
    queue = embedded.queue("orders", backoff_initial=0, backoff_max=0)
    queue.publish_many([b"%d" % n for n in range(COUNT)])
    held = Held()

    async def main():
        async with ackwire.aio.connect(endpoint) as client:
            orders = await client.queue("orders")
            await asyncio.wait_for(AIO[way](orders, held), PATIENCE)
            cores = [message.core for message in held]
            await asyncio.get_running_loop().run_in_executor(None, expect_given_back, queue, cores)
            assert (await orders.ack(held)).applied == len(held)

    if remote:
        asyncio.run(main())
    else:
        asyncio.run(main_embedded(embedded, queue, way, held))


async def main_embedded(embedded, queue, way, held):
    """The asyncio face over the broker of this process, which the test looks at as well."""
    connection = ackwire.aio.Connection(embedded, ackwire.aio.Calls("calls"))
    orders = ackwire.aio.Queue(connection, queue)
    await asyncio.wait_for(AIO[way](orders, held), PATIENCE)
    await asyncio.get_running_loop().run_in_executor(None, expect_given_back, queue, [message.core for message in held])
    assert (await orders.ack(held)).applied == len(held)


def test_a_task_that_is_cancelled_before_its_turn_gives_its_message_back(embedded, endpoint):
    """The application's own semaphore: at the stop, messages wait for it that nobody has begun."""
    queue = embedded.queue("orders", backoff_initial="1h", backoff_max="1h")
    queue.publish_many([b"%d" % n for n in range(COUNT)])

    async def main():
        room = asyncio.Semaphore(1)
        full = asyncio.Event()
        tasks = []

        async def work(message):
            async with room:
                async with message:
                    await asyncio.sleep(60)

        async def consume(orders):
            async for message in orders.consume(credit=8):
                tasks.append(asyncio.create_task(work(message)))
                if len(tasks) == 8:
                    full.set()

        async with ackwire.aio.connect(endpoint) as client:
            consuming = asyncio.create_task(consume(await client.queue("orders")))
            await asyncio.wait_for(full.wait(), PATIENCE)
            await asyncio.sleep(0)
            for task in [*tasks, consuming]:  # the tasks first: at that moment the loop over messages still goes on
                task.cancel()
            await asyncio.wait([*tasks, consuming])
            del task, tasks[:], consuming

    asyncio.run(main())
    expect_given_back(queue, [])


def test_closing_gives_back_what_waits_for_its_turn(embedded, endpoint):
    queue = embedded.queue("orders", backoff_initial="1h", backoff_max="1h")
    queue.publish_many([b"%d" % n for n in range(COUNT)])
    with ackwire.connect(endpoint) as client:
        held = list(client.queue("orders").consume(max_messages=8))
    assert queue.info().group().released >= 8
    expect_given_back(queue, [])
    with ackwire.connect(endpoint) as client:
        with client.queue("orders").consumer() as consumer:
            held = consumer.receive(8, wait=PATIENCE)
            assert held[0].body  # begun, and not finished: that is an attempt
    group = queue.info().group()
    assert (group.leased, group.delayed) == (0, 0)
    attempts = sorted(message.attempts for message in queue.consume(max_messages=COUNT + 1, wait=PATIENCE))
    assert attempts == [1] * COUNT + [2]
