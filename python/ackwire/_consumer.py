"""Receiving: a consumer that stays open, and the iteration built on it."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Iterable, Iterator, List, Optional, Type

from . import _checks, _core
from ._durations import Duration, optional_milliseconds
from ._errors import AckwireError
from ._value import Settled

log = logging.getLogger("ackwire")

_CREDIT_WARNING_MS = 5_000  # a consumer that gets nothing for so long because nothing is settled says so, once


def settle(messages: Iterable[_core.Message], act: str, delay_ms: Optional[int] = None, words: str = "") -> Settled:
    applied, stale = _core.settle(_checks.iterable(messages, "messages"), act, delay_ms, words)
    return Settled(applied, tuple(stale))


class Consumer:
    """Receives messages of one group under leases. Thread-safe. Use it as a context manager, or call ``close``."""

    def __init__(self, core: _core.Consumer) -> None:
        self._core = core

    @property
    def closed(self) -> bool:
        """True when nothing more will be received: closed, its connection is, or a stop was asked for."""
        return self._core.closed

    def receive(self, max: int = 256, wait: Optional[Duration] = 1.0) -> List[_core.Message]:  # noqa: A002
        """Up to ``max`` messages, waiting up to ``wait`` for the first; None = for ever. Empty: none came, or it was closed."""
        count = _checks.whole(max, "max", 1, _core.CREDIT_LIMIT)
        return self._core.receive(count, optional_milliseconds(wait, "wait"))

    def ack(self, messages: Iterable[_core.Message]) -> Settled:
        """Acks a batch in one durable step."""
        return settle(messages, "ack")

    def nack(self, messages: Iterable[_core.Message], *, delay: Optional[Duration] = None, error: str = "") -> Settled:
        """Nacks a batch."""
        return settle(messages, "nack", optional_milliseconds(delay, "delay"), _checks.text(error, "error"))

    def release(self, messages: Iterable[_core.Message]) -> Settled:
        """Gives a batch back untried."""
        return settle(messages, "release")

    def __iter__(self) -> Iterator[_core.Message]:
        """Messages for ever, until the consumer or its connection is closed. Ending the iteration closes the consumer."""
        return stream(self, None, None)

    def __del__(self) -> None:
        core = getattr(self, "_core", None)  # a message that is still held may keep the core alive, and with it what was read ahead
        if core is not None:
            core.retire_apart()

    def close(self) -> None:
        """Returns what was not handed out, and ends the leases of what is not settled. Idempotent."""
        self._core.close()

    def __enter__(self) -> Consumer:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], exception: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self.close()


def stream(consumer: Consumer, wait_ms: Optional[int], limit: Optional[int]) -> Iterator[_core.Message]:
    core, left = consumer._core, limit
    try:
        while left is None or left > 0:
            message = core.next(wait_ms) if wait_ms is not None else _next(core)
            if message is None:
                return
            if left is not None:
                left -= 1
            yield message
            del message  # not held here while the next is waited for: one that was thrown away has to come back
    finally:
        _retire(core)


def _next(core: _core.Consumer) -> Optional[_core.Message]:
    """Waits for ever, but says when the wait can have no end because every credit is held by unsettled messages."""
    message = core.next(_CREDIT_WARNING_MS)
    if message is None and not core.closed:
        if core.unsettled >= core.credit:
            log.warning("all %d credits are held by messages that are not settled: settle them, or raise the credit", core.credit)
        message = core.next(None)
    return message


def _retire(core: _core.Consumer) -> None:
    try:
        core.retire()
    except AckwireError as error:
        # The leases end with the connection, so the broker gives the messages to others by itself.
        log.debug("what was read ahead was not released: %s", error)
    if core.stale_acks:
        log.warning("%d messages were processed, but their leases had ended: they may be delivered again", core.stale_acks)
