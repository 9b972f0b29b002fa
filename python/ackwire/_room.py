"""Publishes of an event loop that wait for room. The core keeps the count; here is only the line of those who wait."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from typing import Callable, Deque, NamedTuple, Optional

from . import _core
from ._errors import OverloadedError

Attempt = Callable[[], _core.PendingPublish]


class _Waiting(NamedTuple):
    attempt: Attempt
    turn: asyncio.Future[_core.PendingPublish]
    deadline: float


class Room:
    """First come, first served. The core writes to a descriptor when there is room again, which wakes the event loop."""

    def __init__(self, core: _core.Connection) -> None:
        self._core = core
        self._line: Deque[_Waiting] = deque()
        self._descriptor = -1
        self._timer: Optional[asyncio.TimerHandle] = None

    async def publish(self, attempt: Attempt) -> _core.PendingPublish:
        """What ``attempt`` returns once there is room; OverloadedError when there was none within the call timeout."""
        if not self._line:
            try:
                return attempt()
            except OverloadedError:
                pass
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[_core.PendingPublish] = loop.create_future()
        if not self._line:
            self._descriptor = self._core.room_descriptor()
            loop.add_reader(self._descriptor, self._roomy, loop)
        self._line.append(_Waiting(attempt, turn, loop.time() + self._core.call_timeout_ms / 1_000))
        self._advance(loop)  # there may have been room again before the descriptor was watched
        return await turn

    def _roomy(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            os.read(self._descriptor, 8)
        except BlockingIOError:
            return
        self._advance(loop)

    def _advance(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._line and self._step(self._line[0], loop.time()):
            self._line.popleft()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._line:
            self._timer = loop.call_at(self._line[0].deadline, self._advance, loop)
        else:
            loop.remove_reader(self._descriptor)

    def _step(self, first: _Waiting, now: float) -> bool:
        """True when ``first`` does not wait any more."""
        if first.turn.done():
            return True
        try:
            first.turn.set_result(first.attempt())
        except OverloadedError as error:
            if now < first.deadline:
                return False
            first.turn.set_exception(error)
        except BaseException as error:  # an argument that cannot be read, a closed connection: the caller's
            first.turn.set_exception(error)
        return True
