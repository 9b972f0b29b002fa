"""Received messages of the asyncio face, and the iteration over them."""

from __future__ import annotations

import asyncio
import threading
import weakref
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Callable, Dict, List, Optional, Sequence, Type

from . import _checks, _core, _settling
from ._durations import Duration, milliseconds, optional_milliseconds
from ._errors import ClosedError
from ._lanes import Receives, Settle, hand_over, resolve

if TYPE_CHECKING:
    from .aio import Queue


class Message:
    """A received message. The attributes are those of ``ackwire.Message``; settling is awaited."""

    __slots__ = ("core", "_source")

    def __init__(self, core: _core.Message, source: Source) -> None:
        self.core = core
        self._source = source  # not the iteration: that must be free to end while this message is still held

    @property
    def body(self) -> bytes:
        return self.core.body

    @property
    def body_view(self) -> memoryview:
        return self.core.body_view

    @property
    def sequence(self) -> int:
        return self.core.sequence

    @property
    def attempts(self) -> int:
        return self.core.attempts

    @property
    def deliveries(self) -> int:
        return self.core.deliveries

    @property
    def idempotency_key(self) -> Optional[str]:
        return self.core.idempotency_key

    @property
    def ordering_key(self) -> Optional[str]:
        return self.core.ordering_key

    @property
    def headers(self) -> Dict[str, str]:
        return self.core.headers

    @property
    def publish_time(self) -> datetime:
        return self.core.publish_time

    @property
    def lease_token(self) -> _core.LeaseToken:
        return self.core.lease_token

    @property
    def settled(self) -> Optional[str]:
        return self.core.settled

    def __repr__(self) -> str:
        return repr(self.core)

    async def ack(self) -> None:
        await self._settle("ack")

    async def nack(self, delay: Optional[Duration] = None, error: Optional[str] = None) -> None:
        await self._settle("nack", optional_milliseconds(delay, "delay"), "" if error is None else _checks.text(error, "error"))

    async def reject(self, reason: str) -> None:
        await self._settle("reject", None, _checks.text(reason, "reason"))

    async def release(self) -> None:
        await self._settle("release")

    async def extend(self, duration: Duration) -> None:
        milliseconds(duration, "duration")
        await self._source.queue._run(lambda: self.core.extend(duration))

    async def _settle(self, act: str, delay_ms: Optional[int] = None, words: str = "") -> None:
        settle = Settle(self._source, self.core, act, delay_ms, words)
        self._source.queue._connection._settles.put(settle)
        await settle.future

    async def __aenter__(self) -> Message:
        self.core.__enter__()
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], exception: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> bool:
        if exception is None:
            if self.settled is None:
                await self._ack_at_exit()
            return False
        held = _settling.contained(exception, self._source.propagate)
        if held:
            act, words = _settling.verdict(exception)
            if self.settled is None:
                try:
                    await self._settle(act, None, words)
                except _settling.TOLERABLE as error:
                    _settling.log.warning("message %d could not be settled by %s: %s", self.sequence, act, error)
            _settling.report(self.core, exception, act, held)
            return True
        # Shielded: a second cancel may not leave the message without a settle.
        await asyncio.shield(self._source.leave(self.core, exception))
        return False

    async def _ack_at_exit(self) -> None:
        try:
            await self.ack()
        except _settling.TOLERABLE as error:
            if self._source.propagate:
                raise
            _settling.after_failed_ack(self.core, error)


class Source:
    """Where the messages of one iteration come from. It outlives the iteration for as long as one of its messages is held."""

    def __init__(self, queue: Queue, group: str, credit: int, concurrency: int, propagate: bool) -> None:
        self.queue = queue
        self.propagate = propagate
        self._group = group
        self._credit = credit
        self._concurrency = concurrency
        self._receives: Optional[Receives] = None
        self._ended = False

    async def next(self, wait_ms: Optional[int]) -> Optional[_core.Message]:
        """What the library has here, or what comes. Nothing is kept on this side, where nobody would see its lease end."""
        if self._ended:
            return None
        if self._receives is None:
            self._receives = await self._subscribe()
        return self._receives.take() or await self._fetch(self._receives, wait_ms)

    async def _subscribe(self) -> Receives:
        core, name = self.queue._connection._sync._core, self.queue.name
        limits = (self._credit, True, self.propagate, False, self._concurrency)
        consumer = await self.queue._run(lambda: core.consume(name, self._group, *limits))
        return Receives(consumer)

    async def _fetch(self, receives: Receives, wait_ms: Optional[int]) -> Optional[_core.Message]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[List[_core.Message]] = loop.create_future()
        ticket = receives.ask(future, 1, wait_ms)
        try:
            messages = await future
        except asyncio.CancelledError:
            receives.call_off(ticket)
            came = future.done() and not future.cancelled() and future.exception() is None
            self._park(future.result() if came else ())  # came in the moment of the cancel
            raise
        return messages[0] if messages else None

    def _park(self, unseen: Sequence[_core.Message] = (), then: Callable[[], None] = lambda: None) -> None:
        """An exception leaves the loop over messages, and a task or a traceback may keep the iteration for long: gives back
        what was read ahead, on a thread of its own. The next message asked for goes on from there."""
        receives = self._receives
        if receives is None or self._ended:
            then()
            return

        def run() -> None:
            receives.park(unseen)
            then()

        threading.Thread(target=run, name="ackwire-release", daemon=True).start()

    async def leave(self, core: _core.Message, exception: BaseException) -> None:
        """Parks, then settles: the other way round, a released message would come straight back here."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def settle() -> None:
            try:
                _settling.after_exception(core, exception, False)
            finally:
                hand_over(loop, resolve, done, None, None)

        self._park(then=settle)
        await done

    async def close(self) -> None:
        if self._ended:
            return
        self._ended = True
        if self._receives is None or self.queue._connection.closed:
            return
        try:
            await self.queue._run(self._receives.finish)
        except ClosedError:
            pass  # by another task, a moment ago: the leases end with the connection

    def abandon(self) -> None:
        """The iteration was thrown away. Not on this thread: it may be that of the event loop."""
        if not self._ended:
            self._ended = True
            if self._receives is not None:
                threading.Thread(target=self._receives.finish, name="ackwire-release", daemon=True).start()


class Messages:
    """What ``consume`` returns. Use it with ``async for``.

    Leaving the loop in any way gives back what was read ahead, unless something else still holds this object: then
    ``aclose`` or ``async with`` ends it.
    """

    def __init__(
        self,
        queue: Queue,
        group: str,
        wait_ms: Optional[int],
        max_messages: Optional[int],
        credit: int,
        concurrency: int,
        propagate: bool,
    ) -> None:
        self._source = Source(queue, group, credit, concurrency, propagate)
        self._wait_ms = wait_ms
        self._left = max_messages
        weakref.finalize(self, self._source.abandon).atexit = False

    def __aiter__(self) -> Messages:
        return self

    async def __anext__(self) -> Message:
        core = None if self._left == 0 else await self._source.next(self._wait_ms)
        if core is None:
            await self.aclose()
            raise StopAsyncIteration
        if self._left is not None:
            self._left -= 1
        return Message(core, self._source)

    async def aclose(self) -> None:
        """Gives back what was read ahead, with no attempt charged, and takes no more. Messages handed out can still be settled."""
        await self._source.close()

    async def __aenter__(self) -> Messages:
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], exception: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        await self.aclose()
