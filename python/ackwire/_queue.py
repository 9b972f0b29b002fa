"""A queue: publish, consume, settle, look, change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, List, Mapping, Optional, Union

from . import _checks, _core
from ._consumer import Consumer, settle, stream
from ._dead_letters import DeadLetters
from ._durations import Duration, milliseconds, optional_milliseconds
from ._options import QueueSettings, queue_settings
from ._outgoing import Outgoing, Text
from ._pending import PendingPublish
from ._request import ask, awaited
from ._results import PeekedMessage, QueueInfo
from ._value import Settled

if TYPE_CHECKING:
    from typing_extensions import Buffer, Unpack

# publish_many: small enough that many chunks are under way at once, large enough that a chunk costs little.
_CHUNK_MESSAGES = 500
_CHUNK_BYTES = 512 * 1024


class Queue:
    """A queue of a broker. Thread-safe. Made by ``broker.queue(name)``; costs nothing to keep."""

    def __init__(self, core: _core.Connection, name: str) -> None:
        self._core = core
        self._name = name

    @property
    def name(self) -> str:
        """The queue's name."""
        return self._name

    def __repr__(self) -> str:
        return f"<ackwire.Queue {self._name!r}>"

    # -- publish --------------------------------------------------------------------------------------------------------

    def publish(
        self,
        body: Buffer,
        *,
        idempotency_key: Optional[Text] = None,
        ordering_key: Optional[Text] = None,
        headers: Optional[Mapping[str, Text]] = None,
        delay: Optional[Duration] = None,
        ttl: Optional[Duration] = None,
    ) -> _core.Receipt:
        """Stores a message and returns after the synced commit.

        A repeat of ``idempotency_key`` within the queue's ``dedupe_window`` returns the original's sequence with
        ``duplicate=True``; with another body it raises KeyConflictError. Raises RefusedError (nothing was stored) or
        IndeterminateError (not known; the library itself never stores twice what it repeats).
        """
        return self._core.publish(self._name, body, idempotency_key, ordering_key, headers, delay, ttl)

    def publish_async(
        self,
        body: Buffer,
        *,
        idempotency_key: Optional[Text] = None,
        ordering_key: Optional[Text] = None,
        headers: Optional[Mapping[str, Text]] = None,
        delay: Optional[Duration] = None,
        ttl: Optional[Duration] = None,
    ) -> PendingPublish:
        """Like ``publish``, but returns at once with a handle whose ``result()`` is the receipt.

        Messages published while others are under way travel together. Waits while ``max_unconfirmed`` messages have no
        outcome, so memory stays bounded.
        """
        return PendingPublish(self._core.publish_async(self._name, body, idempotency_key, ordering_key, headers, delay, ttl))

    def publish_many(
        self, messages: Iterable[Union[Buffer, Outgoing, Dict[str, Any]]], *, atomic: bool = False
    ) -> List[_core.Receipt]:
        """Stores many messages and returns their receipts in order, after the synced commits.

        Items are bytes-like bodies, ``Outgoing`` or dictionaries with the arguments of ``publish``; any iterable, read as
        it goes. Chunks of up to 500 messages or 512 KiB are each stored atomically; with ``atomic=True`` the whole call is one
        atomic batch, refused over 10,000 messages or 4 MiB. When a chunk is refused the exception's ``index`` is the
        first message at fault, and its ``receipts`` say for every message sent whether it is stored. An item
        that cannot be read, or an iterable that raises, ends the call in the same way: the exception has such ``receipts``.
        """
        _checks.iterable(messages, "messages")
        if _checks.flag(atomic, "atomic"):
            # One more than the limit is let through, so that the refusal is the library's; nothing is stored, no more is read.
            return self._core.publish_many(self._name, messages, _core.BATCH_MESSAGES + 1, _core.BATCH_BYTES + 1)
        return self._core.publish_many(self._name, messages, _CHUNK_MESSAGES, _CHUNK_BYTES)

    # -- consume --------------------------------------------------------------------------------------------------------

    def consume(
        self,
        group: str = "default",
        *,
        wait: Optional[Duration] = None,
        max_messages: Optional[int] = None,
        credit: int = 256,
        concurrency: int = 1,
        propagate: bool = False,
        ack_async: bool = False,
    ) -> Iterator[_core.Message]:
        """Iterates over messages of a group, each under a lease. Use every message as a context manager::

            for message in queue.consume():
                with message:
                    handle(message.body)

        Leaving the block acks. An exception inside nacks with the exception's class and text, ``Reject`` sends the message
        to the dead-letter queue; both are logged and end there, so the loop goes on, unless ``propagate`` is true.
        KeyboardInterrupt, SystemExit and task cancellation always go on, release the message and charge no attempt.

        ``wait``: stop when nothing came for so long; None = never. ``max_messages``: stop after so many. ``credit``: messages
        that may be unsettled at once, those read ahead included; how much is read ahead follows the speed of the loop.
        ``concurrency``: messages that are worked on at once, in threads for example; when the process dies without a word, an
        attempt is charged to at most so many that it had not reported yet. Leases are renewed until a message is settled. Leaving
        the loop in any way returns what was read ahead, unless a variable still holds the iteration: ``close()`` it then.
        The iteration ends when the connection is closed by another thread, and at a graceful stop (``stop_on_signals``).

        Leaving a block waits for the ack's synced commit. With ``ack_async`` it does not: acks travel together, which is many
        times faster, and the end of the iteration waits for all of them. A crash in between delivers processed messages again,
        at most ``credit`` of them.
        """
        wait_ms = optional_milliseconds(wait, "wait")
        if max_messages is not None:
            _checks.whole(max_messages, "max_messages", 1, 2**63 - 1)
            credit = min(_checks.whole(credit, "credit", 1, _core.CREDIT_LIMIT), max_messages)
        consumer = self.consumer(group, credit=credit, concurrency=concurrency, propagate=propagate, ack_async=ack_async)
        return stream(consumer, wait_ms, max_messages)

    def consumer(
        self,
        group: str = "default",
        *,
        credit: int = 256,
        concurrency: int = 1,
        renew_leases: bool = True,
        propagate: bool = False,
        ack_async: bool = False,
    ) -> Consumer:
        """A consumer to receive batches from, for as long as it is open. ``renew_leases=False``: leases end by themselves
        after the queue's ``visibility_timeout``, also while a message is being processed. ``credit`` and ``concurrency`` as in
        ``consume``."""
        _checks.whole(credit, "credit", 1, _core.CREDIT_LIMIT)
        _checks.whole(concurrency, "concurrency", 1, _core.CREDIT_LIMIT)
        _checks.flag(renew_leases, "renew_leases")
        _checks.flag(propagate, "propagate")
        _checks.flag(ack_async, "ack_async")
        of = _checks.text(group, "group")
        return Consumer(self._core.consume(self._name, of, credit, renew_leases, propagate, ack_async, concurrency))

    def receive(self, max: int = 1, wait: Duration = 1.0, *, group: str = "default") -> List[_core.Message]:  # noqa: A002
        """Up to ``max`` messages, waiting up to ``wait`` for the first. Nothing is read ahead, so nothing is held back from
        other consumers; each call subscribes anew. For a steady stream use ``consume`` or ``consumer``."""
        count = _checks.whole(max, "max", 1, _core.CREDIT_LIMIT)
        wait_ms = milliseconds(wait, "wait")
        consumer = self._core.consume(self._name, _checks.text(group, "group"), count, True, False, False, count)
        try:
            return consumer.receive(count, wait_ms)
        finally:
            consumer.retire()

    # -- settle many ----------------------------------------------------------------------------------------------------

    def ack(self, messages: Iterable[_core.Message]) -> Settled:
        """Acks a batch in one durable step. Messages whose lease had ended are listed as stale, not raised."""
        return settle(messages, "ack")

    def nack(self, messages: Iterable[_core.Message], *, delay: Optional[Duration] = None, error: str = "") -> Settled:
        """Nacks a batch: an attempt is charged, they come back after the backoff, or after ``delay``."""
        return settle(messages, "nack", optional_milliseconds(delay, "delay"), _checks.text(error, "error"))

    def reject(self, messages: Iterable[_core.Message], reason: str) -> Settled:
        """Sends a batch straight to the dead-letter queue."""
        return settle(messages, "reject", None, _checks.text(reason, "reason"))

    def release(self, messages: Iterable[_core.Message]) -> Settled:
        """Gives a batch back untried: ready again at once, no attempt charged."""
        return settle(messages, "release")

    # -- look and change --------------------------------------------------------------------------------------------------

    @property
    def dlq(self) -> DeadLetters:
        """The dead letters of the group "default"; ``dead_letters(group)`` for another."""
        return self.dead_letters()

    def dead_letters(self, group: str = "default") -> DeadLetters:
        """The dead letters of a group."""
        return DeadLetters(self._core, self._name, _checks.text(group, "group"))

    @awaited
    def peek(
        self, count: int = 100, *, start: int = 0, group: str = "default", body_bytes: int = 64 * 1024
    ) -> List[PeekedMessage]:
        """Messages that are not settled, from sequence ``start``, without any effect on them. At most 1,000 at once."""
        of, at = _checks.text(group, "group"), _checks.whole(start, "start", 0, 2**64 - 1)
        left = _checks.whole(count, "count", 1, _core.PAGE_MESSAGES)
        cut = _checks.whole(body_bytes, "body_bytes", 0, 2**32)
        found: List[PeekedMessage] = []
        while True:  # a page is bounded in bytes as well, so one may hold fewer than asked for
            messages, at = self._core.peek(self._name, of, at, left, cut)
            found += map(PeekedMessage._read, messages)
            left -= len(messages)
            if at == 0 or left == 0:
                return found

    @awaited
    def info(self) -> QueueInfo:
        """Policy, counters and groups now."""
        return QueueInfo._read(self._core.queue_info(self._name))

    @awaited
    def set(self, **settings: Unpack[QueueSettings]) -> QueueInfo:
        """Changes the settings given, at once, for running consumers too."""
        return QueueInfo._read(self._core.set_queue(self._name, queue_settings(settings, "set")))

    @awaited
    def pause(self) -> None:
        """Publishes are still taken, nothing is handed out."""
        self._core.set_queue(self._name, {"paused": True})

    @awaited
    def resume(self) -> None:
        """Messages are handed out again."""
        self._core.set_queue(self._name, {"paused": False})

    @awaited
    def purge(self) -> int:
        """Discards what is ready or delayed; leased messages and dead letters stay. Returns the count."""
        return self._core.purge(self._name)

    @awaited
    def create_group(self, group: str, *, from_oldest: bool = False) -> None:
        """Makes a consumer group: it sees every message from now on, or from the oldest kept one."""
        self._core.create_group(self._name, _checks.text(group, "group"), _checks.flag(from_oldest, "from_oldest"))

    @awaited
    def remove_group(self, group: str) -> None:
        """Removes a consumer group with its dead letters; messages that no other group waits for are gone."""
        self._core.remove_group(self._name, _checks.text(group, "group"))

    @awaited
    def pause_group(self, group: str) -> None:
        """The group is handed nothing, over restarts too. Publishes are taken, and other groups go on."""
        ask(self._core, "pause_group", {"queue": self._name, "group": _checks.text(group, "group")})

    @awaited
    def resume_group(self, group: str) -> None:
        """The group is handed messages again."""
        ask(self._core, "pause_group", {"queue": self._name, "group": _checks.text(group, "group"), "paused": False})
