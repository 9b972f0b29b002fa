"""The outcome of the first settle of a message is the outcome of every repeat: every call, in every order, in both faces."""

import asyncio
import threading
import time

import pytest

import ackwire
import ackwire.aio

ACTS = ["ack", "nack", "reject", "release"]
ARGUMENTS = {"ack": {}, "nack": {"delay": "1h"}, "reject": {"reason": "no"}, "release": {}}


class Sync:
    """Settles of the blocking face."""

    def __init__(self, queue):
        self.queue = queue

    def one(self, message, act):
        getattr(message, act)(**ARGUMENTS[act])

    def extend(self, message):
        message.extend("1m")

    def many(self, messages, act):
        return getattr(self.queue, act)(messages, **ARGUMENTS[act])


class Aio:
    """The same settles, awaited."""

    def __init__(self, queue, loop):
        self.queue, self.loop = queue, loop

    def one(self, message, act):
        self.loop.run_until_complete(asyncio.wait_for(getattr(message, act)(**ARGUMENTS[act]), 20))

    def extend(self, message):
        self.loop.run_until_complete(asyncio.wait_for(message.extend("1m"), 20))

    def many(self, messages, act):
        return self.loop.run_until_complete(asyncio.wait_for(getattr(self.queue, act)(messages, **ARGUMENTS[act]), 20))


class Scene:
    """A broker, a queue in one of the faces, and the two ways in which everything can end under a message."""

    def __init__(self, face, remote, directory):
        self.face, self.remote, self.directory = face, remote, directory
        self.broker = ackwire.open(directory / "store")
        self.endpoint = self.broker.listen(f"ipc://{directory}/socket")
        self.client = ackwire.connect(self.endpoint, reconnect_initial="10ms", reconnect_max="50ms") if remote else None
        self.loop = asyncio.new_event_loop()
        connection = self.client or self.broker
        self.sync = connection.queue("orders", backoff_initial=0, backoff_max="1h", visibility_timeout="30s")
        self.opened = [connection]
        if face == "asyncio":
            opening = ackwire.aio.connect(self.endpoint, reconnect_initial="10ms", reconnect_max="50ms")
            self.aio = self.run(opening._make())
            self.settling = Aio(self.run(self.aio.queue("orders")), self.loop)
        else:
            self.settling = Sync(self.sync)

    def run(self, what):
        return self.loop.run_until_complete(asyncio.wait_for(what, 20))

    def take(self, count):
        if self.face == "sync":
            return list(self.sync.consume(max_messages=count, wait=5))

        async def take():
            return [message async for message in self.settling.queue.consume(max_messages=count, wait=5)]

        return self.run(take())

    def end_connection(self):
        if self.face == "asyncio":
            self.run(self.aio.close())
        else:
            (self.client or self.broker).close()

    def restart_broker(self):
        self.broker.close()
        self.broker = ackwire.open(self.directory / "store")
        self.broker.listen(self.endpoint)

    def close(self):
        if self.face == "asyncio":
            self.run(self.aio.close())
        if self.client:
            self.client.close()
        self.broker.close()
        self.loop.close()


@pytest.fixture(params=["sync-embedded", "sync-remote", "asyncio-remote"])
def scene(request, directory):
    face, where = request.param.split("-")
    made = Scene(face, where == "remote", directory)
    yield made
    made.close()


def expect_repeats(scene, messages, outcomes):
    """Every act again on every message, alone, in a batch and in two batches at once."""
    for act in ACTS:
        for message, outcome in zip(messages, outcomes):
            if outcome == act:
                scene.settling.one(message, act)
            else:
                with pytest.raises(ackwire.StaleLeaseError):
                    scene.settling.one(message, act)
            assert message.settled == outcome
        result = scene.settling.many(messages, act)
        assert result.applied == outcomes.count(act)
        assert sorted(result.stale) == sorted(m.sequence for m, outcome in zip(messages, outcomes) if outcome != act)
        assert [message.settled for message in messages] == outcomes


def settle_each(scene):
    """A message for every act: settled alone, then one for every act settled in a batch."""
    scene.sync.publish_many([b"%d" % n for n in range(8)])
    messages = sorted(scene.take(8), key=lambda message: message.sequence)
    for message, act in zip(messages[:4], ACTS):
        scene.settling.one(message, act)
    for message, act in zip(messages[4:], ACTS):
        assert scene.settling.many([message], act).applied == 1
    return messages, ACTS + ACTS


def test_repeats_at_once_and_after_the_end(scene):
    messages, outcomes = settle_each(scene)
    expect_repeats(scene, messages, outcomes)
    for message in messages:
        with pytest.raises(ackwire.StaleLeaseError):
            scene.settling.extend(message)
    group = scene.sync.info().group()
    assert (group.acked, group.nacked, group.rejected) == (2, 2, 2)
    scene.end_connection()
    for message, outcome in zip(messages, outcomes):
        if scene.face == "asyncio":
            assert message.settled == outcome
            continue
        scene.settling.one(message, outcome)
    if scene.face == "sync":
        expect_repeats(scene, messages, outcomes)


def test_repeats_after_the_broker_was_started_again(scene):
    messages, outcomes = settle_each(scene)
    scene.restart_broker()
    expect_repeats(scene, messages, outcomes)


def test_stale_once_is_stale_for_ever(scene, caplog):
    scene.sync.set(visibility_timeout="100ms")
    scene.sync.publish_many([b"1", b"2"])
    consumer = scene.sync._core.consume("orders", "default", 2, False, False, False)
    cores = []
    while len(cores) < 2:
        cores += consumer.receive(2, 5_000)
    messages = cores
    if scene.face == "asyncio":
        from ackwire._aio_messages import Message, Source

        source = Source(scene.settling.queue, "default", 2, 1, False)
        messages = [Message(core, source) for core in cores]
    deadline = time.monotonic() + 20
    while scene.sync.info().group().lease_expired < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    with pytest.raises(ackwire.StaleLeaseError):
        scene.settling.one(messages[0], "ack")
    assert scene.settling.many(messages, "ack").stale == (1, 2)
    expect_repeats(scene, messages, ["stale", "stale"])
    assert scene.sync.info().group().acked == 0
    with messages[0] if scene.face == "sync" else cores[0]:
        pass  # leaving a block settles nothing that is settled, and warns of nothing
    assert caplog.text == ""


def test_a_settle_without_an_answer_leaves_a_doubt_and_says_so(start, directory):
    server = start("""
        import os, signal, ackwire
        broker = ackwire.open("data")
        print(broker.listen("ipc://" + os.getcwd() + "/socket"), flush=True)
        signal.pause()
    """)
    endpoint = server.stdout.readline().strip()
    client = ackwire.connect(endpoint, call_timeout="10s", reconnect_initial="10ms", reconnect_max="50ms")
    queue = client.queue("orders")
    queue.publish(b"a")
    (message,) = queue.receive(1, wait=5)
    server.kill()
    server.wait()
    with pytest.raises(ackwire.IndeterminateError):
        message.ack()
    assert message.settled is None
    with ackwire.open(directory / "data") as again:
        again.listen(endpoint)
        client.wait_connected(20)
        for _ in range(2):
            with pytest.raises(ackwire.IndeterminateError, match="may or may not have been applied"):
                message.ack()
        assert queue.ack([message]).stale == (1,)
    client.close()


def test_two_threads_that_settle_one_message_hear_the_truth(scene):
    if scene.face == "asyncio":
        messages = []

        async def race():
            for message in messages:
                outcomes = await asyncio.gather(message.ack(), message.reject("no"), message.ack(), return_exceptions=True)
                told = [outcome is None for outcome in outcomes]
                assert told in ([True, False, True], [False, True, False]), outcomes
                assert message.settled == ("ack" if told[0] else "reject")

        scene.sync.publish_many([b"a"] * 50)
        messages += scene.take(50)
        scene.run(race())
        return
    scene.sync.publish_many([b"a"] * 50)
    for message in scene.take(50):
        told = {}

        def settle(act):
            try:
                scene.settling.one(message, act)
                told[act] = True
            except ackwire.StaleLeaseError:
                told[act] = False

        threads = [threading.Thread(target=settle, args=(act,)) for act in ("ack", "reject")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert sorted(told.values()) == [False, True]
        assert message.settled == ("ack" if told["ack"] else "reject")


def test_an_ack_that_was_not_waited_for_can_be_asked_for_again(scene):
    if scene.face == "asyncio":
        return  # every ack of this face is waited for
    scene.sync.publish_many([b"1", b"2"])
    held = []
    for message in scene.sync.consume(max_messages=2, ack_async=True):
        with message:
            held.append(message)
        message.ack()  # returns after the synced commit, as always
        with pytest.raises(ackwire.StaleLeaseError):
            message.reject("no")
    assert scene.sync.ack(held).applied == 2
    assert [message.settled for message in held] == ["ack", "ack"]
