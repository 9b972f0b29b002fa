"""Threads under the asyncio face. The core calls nothing in Python, so a thread waits for it and hands results to the event loop.

Each lane is one daemon thread that works through what is put in. No lane holds the GIL while it waits, and none is
needed by the event loop to go on: a result that nobody waits for any more is dropped, or its messages are given back.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from queue import Empty, SimpleQueue
from typing import Any, Callable, Dict, Generic, Iterable, List, Optional, Tuple, TypeVar

from . import _core
from ._errors import AckwireError, ClosedError, ForkedError

_T = TypeVar("_T")

_SETTLES_AT_ONCE = 1_000
_RESULTS_AT_ONCE = 256
_LOOP_LOOK_MS = 5_000  # how often a waiting receive looks whether its event loop was closed, which nobody tells


def hand_over(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *arguments: Any) -> bool:
    """Runs ``call`` on the loop. False when the loop has ended."""
    try:
        loop.call_soon_threadsafe(call, *arguments)
    except RuntimeError:
        return False
    return True


def resolve(future: asyncio.Future[Any], value: Any, error: Optional[BaseException]) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(value)


def _resolve_all(results: List[Tuple[asyncio.Future[Any], Any, Optional[BaseException]]]) -> None:
    for result in results:
        resolve(*result)


class Lane(Generic[_T]):
    """One thread, started at the first item. It stays with the process that made the lane."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._pid = os.getpid()
        self._items: SimpleQueue[Optional[_T]] = SimpleQueue()
        self._start = threading.RLock()  # a finalizer may stop a lane in the middle of a put
        self._started = False
        self._stopped = False

    def put(self, item: _T) -> None:
        if os.getpid() != self._pid:
            raise ForkedError(
                "The process forked after this handle was made: it belongs to the parent, where nothing was lost. "
                'Open or connect in the child, or start processes with the method "spawn".',
                code="forked",
            )
        with self._start:
            if self._stopped:
                raise ClosedError("This handle is closed. What was confirmed is stored; open or connect again.", code="closed")
            if not self._started:
                self._started = True
                threading.Thread(target=self._run, name=f"ackwire-{self._name}", daemon=True).start()
            self._items.put(item)

    def stop(self) -> None:
        """Ends the thread after what was put in before."""
        if os.getpid() != self._pid:
            return  # the thread is the parent's, and so may be whoever holds the lock here
        with self._start:
            self._stopped = True
            self._items.put(None)

    def _run(self) -> None:
        while True:
            item = self._items.get()
            if item is None:
                return
            self._work(item)
            del item  # it leads to messages and to the connection, and the next item may be long in coming

    def _work(self, item: _T) -> None:
        raise NotImplementedError

    def _more(self, limit: int) -> Iterable[_T]:
        """What else is waiting now."""
        for _ in range(limit):
            try:
                item = self._items.get_nowait()
            except Empty:
                return
            if item is None:
                self._items.put(None)
                return
            yield item


Call = Tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[[], Any]]


class Calls(Lane[Call]):
    """Calls that wait: queues, dead letters, figures. One at a time."""

    def _work(self, item: Call) -> None:
        loop, future, call = item
        if future.cancelled():
            return
        try:
            value = call()
        except BaseException as error:  # also SystemExit from an iterable of the caller: it is the caller's, not this thread's
            hand_over(loop, resolve, future, None, error)
        else:
            hand_over(loop, resolve, future, value, None)

    async def run(self, call: Callable[[], _T]) -> _T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_T] = loop.create_future()
        self.put((loop, future, call))
        return await future


Publish = Tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", _core.PendingPublish, float]


class Confirms(Lane[Publish]):
    """Waits for publishes in the order in which they were sent, which is the order in which they are answered.

    Each has its own deadline, by time.monotonic().
    """

    def _work(self, item: Publish) -> None:
        loop = item[0]
        results = [self._outcome(item)]
        for more in self._more(_RESULTS_AT_ONCE):
            if results and (more[0] is not loop or not more[2].done):
                hand_over(loop, _resolve_all, results)
                loop, results = more[0], []
            results.append(self._outcome(more))
        hand_over(loop, _resolve_all, results)

    def _outcome(self, item: Publish) -> Tuple[asyncio.Future[Any], Any, Optional[BaseException]]:
        try:
            left = max(0, round((item[3] - time.monotonic()) * 1_000))
            return item[1], item[2].wait(left), None
        except Exception as error:
            return item[1], None, error


class Settle:
    """One settle asked for."""

    __slots__ = ("loop", "future", "owner", "message", "act", "delay_ms", "words")

    def __init__(self, owner: object, message: _core.Message, act: str, delay_ms: Optional[int] = None, words: str = "") -> None:
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[None] = self.loop.create_future()
        self.owner = owner
        self.message = message
        self.act = act
        self.delay_ms = delay_ms
        self.words = words


class Settles(Lane[Settle]):
    """Settles of one connection. While one batch is being committed the next one gathers."""

    def _work(self, item: Settle) -> None:
        batches: Dict[Tuple[Any, ...], List[Settle]] = {}
        for one in [item, *self._more(_SETTLES_AT_ONCE)]:
            batches.setdefault((one.loop, id(one.owner), one.act, one.delay_ms, one.words), []).append(one)
        for batch in batches.values():
            hand_over(batch[0].loop, _resolve_all, self._settle(batch))

    def _settle(self, batch: List[Settle]) -> List[Tuple[asyncio.Future[Any], Any, Optional[BaseException]]]:
        first = batch[0]
        try:
            _, stale = _core.settle([one.message for one in batch], first.act, first.delay_ms, first.words)
        except Exception as error:
            return [(one.future, None, error) for one in batch]
        lost = set(stale)
        return [(one.future, None, _core.refusal(one.message) if one.message.sequence in lost else None) for one in batch]


Request = Tuple[asyncio.AbstractEventLoop, "asyncio.Future[List[_core.Message]]", int, Optional[int], int]


class Receives(Lane[Request]):
    """Waits for messages of one consumer, for as long as somebody wants them."""

    def __init__(self, consumer: _core.Consumer) -> None:
        super().__init__("receives")
        self._consumer = consumer
        self._tickets = 0

    def ask(self, future: asyncio.Future[List[_core.Message]], count: int, wait_ms: Optional[int]) -> int:
        """Asks for messages; the number that is returned calls the wait off."""
        self._tickets += 1
        self.put((future.get_loop(), future, count, wait_ms, self._tickets))
        return self._tickets

    def call_off(self, ticket: int) -> None:
        """Nobody waits for what was asked for up to here. Never blocks."""
        self._consumer.call_off(ticket)

    def _work(self, item: Request) -> None:
        loop, future, count, left, ticket = item
        messages: List[_core.Message] = []
        error: Optional[BaseException] = None
        try:
            while not messages and not future.cancelled() and not self._consumer.closed and not loop.is_closed():
                slice_ms = _LOOP_LOOK_MS if left is None else min(_LOOP_LOOK_MS, left)
                messages = self._consumer.receive(count, slice_ms, ticket)
                if left is not None:
                    left -= slice_ms
                    if left <= 0:
                        break
        except ClosedError:
            pass  # by another thread, a moment ago: nothing more comes
        except BaseException as raised:
            error = raised
        if not hand_over(loop, self._arrived, future, messages, error):
            self.give_back(messages)

    def _arrived(
        self, future: asyncio.Future[List[_core.Message]], messages: List[_core.Message], error: Optional[BaseException]
    ) -> None:
        if future.done():  # whoever asked was cancelled: nobody has seen these
            self.give_back_apart(messages)
        else:
            resolve(future, messages, error)

    def give_back(self, messages: Iterable[_core.Message]) -> None:
        """Releases messages that nobody has seen: no attempt is charged."""
        try:
            _core.settle(messages, "release", None, "")
        except AckwireError:
            pass  # the connection is gone and the leases with it: the broker gives them to others by itself

    def give_back_apart(self, messages: Iterable[_core.Message]) -> None:
        kept = [message for message in messages if message.settled is None]
        if kept:
            threading.Thread(target=self.give_back, args=(kept,), name="ackwire-release", daemon=True).start()

    def take(self) -> Optional[_core.Message]:
        """A message that is here already. Never waits."""
        return self._consumer.take()

    def park(self, unseen: Iterable[_core.Message]) -> None:
        """Gives back what was read ahead, and takes no more until the next item. Waits for the broker."""
        self.give_back([message for message in unseen if message.settled is None])
        try:
            self._consumer.park()
        except AckwireError:
            pass

    def finish(self) -> None:
        """Gives back what was read ahead and takes no more. Waits for the broker, so not for the event loop's thread."""
        try:
            self._consumer.retire()
        except AckwireError:
            pass
        self.stop()
