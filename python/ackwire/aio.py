"""The asyncio face: the same verbs, awaited.

::

    async with ackwire.aio.open("./data") as broker:           # or ackwire.aio.connect("tcp://127.0.0.1:7733")
        orders = await broker.queue("orders")
        receipt = await orders.publish(b"...", idempotency_key="order-91")
        async for message in orders.consume():
            async with message:
                await handle(message.body)

Cancelling is safe: a message that was received for a cancelled task is released, with no attempt charged. Cancelling a
publish or a settle stops the waiting, not the act. Objects belong to the event loop in which they were made.
"""

from __future__ import annotations

import asyncio
import os
import time
import weakref
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Dict, Generator, Iterable, List, Mapping, Optional, Type, TypeVar, Union

from . import _checks, _connection, _core
from ._aio_messages import Message, Messages
from ._aio_verbs import ConnectionVerbs, DeadLettersVerbs, QueueVerbs
from ._connection import Connection as _SyncConnection
from ._dead_letters import DeadLetters as _SyncDeadLetters
from ._durations import Duration, optional_milliseconds
from ._lanes import Calls, Confirms, Lane, Settles
from ._options import BrokerOptions, ClientOptions, QueueSettings
from ._outgoing import Outgoing, Text
from ._queue import Queue as _SyncQueue
from ._value import Settled
from ._room import Room

if TYPE_CHECKING:
    from typing_extensions import Buffer, Unpack

__all__ = ["Connection", "DeadLetters", "Message", "Messages", "Queue", "connect", "open"]

_T = TypeVar("_T")


class _Opening:
    """What ``open`` and ``connect`` return: await it, or use it with ``async with``."""

    def __init__(self, start: Callable[[], _SyncConnection]) -> None:
        self._start = start
        self._made: Optional[Connection] = None

    async def _make(self) -> Connection:
        calls = Calls("calls")
        try:
            self._made = Connection(await calls.run(self._start), calls)
        except BaseException:
            calls.stop()
            raise
        return self._made

    def __await__(self) -> Generator[Any, None, Connection]:
        return self._make().__await__()

    async def __aenter__(self) -> Connection:
        return await self._make()

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], exception: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        if self._made is not None:
            await self._made.__aexit__(kind, exception, traceback)


def open(path: Union[str, os.PathLike[Any]], **options: Unpack[BrokerOptions]) -> _Opening:  # noqa: A001
    """A broker in this process. See ``ackwire.open``."""
    return _Opening(lambda: _connection.open(path, **options))


def connect(endpoint: str, **options: Unpack[ClientOptions]) -> _Opening:
    """A client of a broker elsewhere. See ``ackwire.connect``."""
    return _Opening(lambda: _connection.connect(endpoint, **options))


class Connection(ConnectionVerbs):
    """A broker or a client. Made by ``open`` and ``connect``."""

    def __init__(self, sync: _SyncConnection, calls: Calls) -> None:
        self._sync = sync
        self._calls = calls
        self._confirms = Confirms("confirms")
        self._settles = Settles("settles")
        self._room = Room(sync._core)
        lanes: List[Lane[Any]] = [self._calls, self._confirms, self._settles]
        weakref.finalize(self, _stop, lanes).atexit = False

    @property
    def closed(self) -> bool:
        return self._sync.closed

    @property
    def state(self) -> str:
        return self._sync.state

    async def listen(self, endpoint: str) -> str:
        """Serves other processes as well. Of a broker in this process only."""
        return await self._calls.run(lambda: self._sync._core.listen(_checks.text(endpoint, "endpoint")))

    async def _run(self, call: Callable[[], _T]) -> _T:
        return await self._calls.run(call)

    async def queue(self, name: str, **settings: Unpack[QueueSettings]) -> Queue:
        return Queue(self, await self._calls.run(lambda: self._sync.queue(name, **settings)))

    async def close(self, wait: Duration = 5.0) -> None:
        # Not through the lane of calls: a close must not stand behind a call that waits.
        closing = Calls("close")
        try:
            await closing.run(lambda: self._sync.close(wait))
        finally:
            _stop([closing, self._calls, self._confirms, self._settles])

    async def __aenter__(self) -> Connection:
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], exception: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        try:
            await self.close()
        except Exception as error:
            _connection.note_close(exception, error)


def _stop(lanes: Iterable[Lane[Any]]) -> None:
    for lane in lanes:
        lane.stop()


class Queue(QueueVerbs):
    """A queue. Made by ``await connection.queue(name)``."""

    def __init__(self, connection: Connection, sync: _SyncQueue) -> None:
        self._connection = connection
        self._sync = sync

    @property
    def name(self) -> str:
        return self._sync.name

    async def publish(
        self,
        body: Buffer,
        *,
        idempotency_key: Optional[Text] = None,
        ordering_key: Optional[Text] = None,
        headers: Optional[Mapping[str, Text]] = None,
        delay: Optional[Duration] = None,
        ttl: Optional[Duration] = None,
    ) -> _core.Receipt:
        """See ``ackwire.Queue.publish``. Many publishes awaited at once travel and are committed together."""
        connection = self._connection
        core = connection._sync._core
        pending = await connection._room.publish(
            lambda: core.try_publish(self.name, body, idempotency_key, ordering_key, headers, delay, ttl)
        )
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_core.Receipt] = loop.create_future()
        connection._confirms.put((loop, future, pending, time.monotonic() + core.call_timeout_ms / 1_000))
        return await future

    async def publish_many(
        self, messages: Iterable[Union[Buffer, Outgoing, Dict[str, Any]]], *, atomic: bool = False
    ) -> List[_core.Receipt]:
        return await self._connection._calls.run(lambda: self._sync.publish_many(messages, atomic=atomic))

    def consume(
        self,
        group: str = "default",
        *,
        wait: Optional[Duration] = None,
        max_messages: Optional[int] = None,
        credit: int = 256,
        concurrency: int = 1,
        propagate: bool = False,
    ) -> Messages:
        """See ``ackwire.Queue.consume``; use ``async for`` and ``async with message``."""
        wait_ms = optional_milliseconds(wait, "wait")
        _checks.whole(credit, "credit", 1, _core.CREDIT_LIMIT)
        _checks.whole(concurrency, "concurrency", 1, _core.CREDIT_LIMIT)
        if max_messages is not None:
            credit = min(credit, _checks.whole(max_messages, "max_messages", 1, 2**63 - 1))
        of = _checks.text(group, "group")
        return Messages(self, of, wait_ms, max_messages, credit, concurrency, _checks.flag(propagate, "propagate"))

    async def ack(self, messages: Iterable[Message]) -> Settled:
        return await self._settle_many(messages, "ack")

    async def nack(self, messages: Iterable[Message], *, delay: Optional[Duration] = None, error: str = "") -> Settled:
        return await self._settle_many(messages, "nack", optional_milliseconds(delay, "delay"), _checks.text(error, "error"))

    async def reject(self, messages: Iterable[Message], reason: str) -> Settled:
        return await self._settle_many(messages, "reject", None, _checks.text(reason, "reason"))

    async def release(self, messages: Iterable[Message]) -> Settled:
        return await self._settle_many(messages, "release")

    async def _settle_many(self, messages: Iterable[Message], act: str, delay_ms: Optional[int] = None, words: str = "") -> Settled:
        cores = [message.core for message in _checks.iterable(messages, "messages")]
        applied, stale = await self._connection._calls.run(lambda: _core.settle(cores, act, delay_ms, words))
        return Settled(applied, tuple(stale))

    @property
    def dlq(self) -> DeadLetters:
        return self.dead_letters()

    def dead_letters(self, group: str = "default") -> DeadLetters:
        return DeadLetters(self, group)

    async def _run(self, call: Callable[[], _T]) -> _T:
        return await self._connection._calls.run(call)


class DeadLetters(DeadLettersVerbs):
    """The dead-letter queue of one group. See ``ackwire.DeadLetters``."""

    def __init__(self, queue: Queue, group: str) -> None:
        self._queue = queue
        self._sync = queue._sync.dead_letters(group)

    async def count(self) -> int:
        """How many there are now."""
        return await self._run(self._sync.__len__)

    async def _run(self, call: Callable[[], _T]) -> _T:
        return await self._queue._run(call)


def _lend_words(lender: type, *borrowers: type) -> None:
    """What is the same verb has the same words: help() shows them here as well."""
    for borrower in borrowers:
        for name, thing in vars(borrower).items():
            words = getattr(getattr(lender, name, None), "__doc__", None)
            if not name.startswith("_") and words and not thing.__doc__:
                thing.__doc__ = words


_lend_words(_SyncConnection, Connection, ConnectionVerbs)
_lend_words(_connection.Broker, Connection)
_lend_words(_SyncQueue, Queue, QueueVerbs)
_lend_words(_SyncDeadLetters, DeadLetters, DeadLettersVerbs)
_lend_words(_core.Message, Message)
