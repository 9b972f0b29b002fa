"""Received messages of the asyncio face, and the iteration over them."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections import deque
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Callable, Deque, Dict, List, Optional, Type

from . import _checks, _core, _settling
from ._durations import Duration, milliseconds, optional_milliseconds
from ._errors import IndeterminateError, StaleLeaseError
from ._lanes import Receives, Settle, hand_over, resolve

if TYPE_CHECKING:
    from .aio import Queue

_READ_AHEAD = 256


class Message:
    """A received message. The attributes are those of ``ackwire.Message``; settling is awaited."""

    __slots__ = ("core", "_messages")

    def __init__(self, core: _core.Message, messages: Messages) -> None:
        self.core = core
        self._messages = messages

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
        await self._messages._queue._run(lambda: self.core.extend(duration))

    async def _settle(self, act: str, delay_ms: Optional[int] = None, words: str = "") -> None:
        settle = Settle(self._messages, self.core, act, delay_ms, words)
        self._messages._queue._connection._settles.put(settle)
        await settle.future

    async def __aenter__(self) -> Message:
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], exception: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> bool:
        if exception is None:
            if self.settled is None:
                await self._ack_at_exit()
            return False
        held = _settling.contained(exception, self._messages._propagate)
        if held:
            act, words = _settling.verdict(exception)
            if self.settled is None:
                try:
                    await self._settle(act, None, words)
                except (StaleLeaseError, IndeterminateError) as error:
                    _settling.log.warning("message %d could not be settled by %s: %s", self.sequence, act, error)
            _settling.report(self.core, exception, act, held)
            return True
        # Shielded: a second cancel may not leave the message without a settle.
        await asyncio.shield(self._messages._leave(self.core, exception))
        return False

    async def _ack_at_exit(self) -> None:
        try:
            await self.ack()
        except (StaleLeaseError, IndeterminateError) as error:
            if self._messages._propagate:
                raise
            _settling.after_failed_ack(self.core, error)


class Messages:
    """What ``consume`` returns. Use it with ``async for``; ``async with`` or ``aclose`` ends it before it is garbage."""

    def __init__(
        self, queue: Queue, group: str, wait_ms: Optional[int], max_messages: Optional[int], credit: int, propagate: bool
    ) -> None:
        self._queue = queue
        self._group = group
        self._wait_ms = wait_ms
        self._left = max_messages
        self._credit = credit
        self._propagate = propagate
        self._ahead: Deque[_core.Message] = deque()
        self._receives: Optional[Receives] = None
        self._ended = False

    def __aiter__(self) -> Messages:
        return self

    async def __anext__(self) -> Message:
        if self._receives is None and not self._ended:
            await self._subscribe()
        if not self._ahead and not self._ended:
            await self._fetch()
        if self._ended or not self._ahead:
            await self.aclose()
            raise StopAsyncIteration
        return Message(self._ahead.popleft(), self)

    async def _subscribe(self) -> None:
        core, queue = self._queue._connection._sync._core, self._queue.name
        consumer = await self._queue._run(lambda: core.consume(queue, self._group, self._credit, True, self._propagate, False))
        self._receives = Receives(consumer)
        weakref.finalize(self, _finish_apart, self._receives, self._ahead).atexit = False

    async def _fetch(self) -> None:
        assert self._receives is not None
        count = _READ_AHEAD if self._left is None else min(_READ_AHEAD, self._left)
        if count == 0:
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[List[_core.Message]] = loop.create_future()
        self._receives.put((loop, future, count, self._wait_ms))
        try:
            messages = await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self._ahead.extend(future.result())  # they came in the moment of the cancel
            self._park()
            raise
        if self._left is not None:
            self._left -= len(messages)
        self._ahead.extend(messages)

    def _park(self, then: Callable[[], None] = lambda: None) -> None:
        """An exception leaves the loop over messages, and a task or a traceback may keep this object for long: gives back
        what was read ahead, on a thread of its own. The next message asked for goes on from there."""
        receives, ahead = self._receives, list(self._ahead)
        if receives is None or self._ended:
            then()
            return
        self._ahead.clear()

        def run() -> None:
            receives.park(ahead)
            then()

        threading.Thread(target=run, name="ackwire-release", daemon=True).start()

    async def _leave(self, core: _core.Message, exception: BaseException) -> None:
        """Parks, then settles: the other way round, a released message would come straight back here."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def settle() -> None:
            try:
                _settling.after_exception(core, exception, False)
            finally:
                hand_over(loop, resolve, done, None, None)

        self._park(settle)
        await done

    async def aclose(self) -> None:
        """Gives back what was read ahead, with no attempt charged, and takes no more. Messages handed out can still be settled."""
        if self._ended:
            return
        self._ended = True
        if self._receives is None:
            return
        receives, ahead = self._receives, list(self._ahead)
        self._ahead.clear()
        if not self._queue._connection.closed:
            await self._queue._run(lambda: receives.finish(ahead))

    async def __aenter__(self) -> Messages:
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], exception: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        await self.aclose()


def _finish_apart(receives: Receives, ahead: Deque[_core.Message]) -> None:
    threading.Thread(target=receives.finish, args=(list(ahead),), name="ackwire-release", daemon=True).start()
