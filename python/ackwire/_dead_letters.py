"""The dead-letter queue of one group: what could not be processed, until a person decides."""

from __future__ import annotations

from typing import Iterable, Iterator, List, Optional

from . import _checks, _core
from ._errors import NotFoundError
from ._request import awaited
from ._results import DeadLetter, DeadMoved


class DeadLetters:
    """Made by ``queue.dlq``."""

    def __init__(self, core: _core.Connection, queue: str, group: str) -> None:
        self._core = core
        self._queue = queue
        self._group = group

    @awaited
    def list(
        self, count: int = 100, *, start: int = 0, reason: Optional[str] = None, body_bytes: int = 64 * 1024
    ) -> List[DeadLetter]:
        """By sequence from ``start``, at most 1,000. ``reason``: only those. Bodies are cut at ``body_bytes``."""
        left = _checks.whole(count, "count", 1, _core.PAGE_MESSAGES)
        at = _checks.whole(start, "start", 0, 2**64 - 1)
        cut = _checks.whole(body_bytes, "body_bytes", 0, 2**32)
        wanted = _reason(reason)
        found: List[DeadLetter] = []
        while True:  # a page is bounded in bytes as well, so one may hold fewer than asked for
            letters, at, _ = self._core.dead_letters(self._queue, self._group, at, left, wanted, [], cut)
            found += map(DeadLetter._read, letters)
            left -= len(letters)
            if at == 0 or left == 0:
                return found

    def __iter__(self) -> Iterator[DeadLetter]:
        """Every dead letter, page by page."""
        start = 0
        while True:
            letters, start, _ = self._core.dead_letters(self._queue, self._group, start, 100, None, [], 64 * 1024)
            yield from map(DeadLetter._read, letters)
            if start == 0:
                return

    def __len__(self) -> int:
        """How many there are now."""
        return self._core.dead_letters(self._queue, self._group, 0, 1, None, [], 0)[2]

    def __bool__(self) -> bool:
        return True  # an empty dead-letter queue is still one

    @awaited
    def show(self, sequence: int) -> DeadLetter:
        """One dead letter with its whole body. Raises NotFoundError."""
        wanted = _checks.whole(sequence, "sequence", 0, 2**64 - 1)
        letters, _, _ = self._core.dead_letters(self._queue, self._group, 0, 1, None, [wanted], 2**32)
        if not letters:
            raise NotFoundError(f"Message {wanted} is not a dead letter of {self._queue}/{self._group}.", code="not_found")
        return DeadLetter._read(letters[0])

    @awaited
    def redrive(self, sequences: Optional[Iterable[int]] = None, *, reason: Optional[str] = None) -> DeadMoved:
        """Sends dead letters back to the group: same sequence and key, past the ingest dedupe, attempts counted from 0.

        Without arguments all that are dead at the start of the call. A crash leaves each message on exactly one side.
        """
        wanted = _wanted(sequences)
        if wanted == []:
            return DeadMoved(0, ())
        moved, not_found = self._core.redrive(self._queue, self._group, _reason(reason), wanted or [])
        return DeadMoved(moved, tuple(not_found))

    @awaited
    def discard(self, sequences: Optional[Iterable[int]] = None, *, reason: Optional[str] = None) -> DeadMoved:
        """Deletes dead letters for good. Without arguments all of them."""
        wanted = _wanted(sequences)
        if wanted == []:
            return DeadMoved(0, ())
        moved, not_found = self._core.discard(self._queue, self._group, _reason(reason), wanted or [])
        return DeadMoved(moved, tuple(not_found))


def _wanted(sequences: Optional[Iterable[int]]) -> Optional[List[int]]:
    """None stands for all; an empty selection for none of them, which the core would read as all."""
    if sequences is None:
        return None
    return [_checks.whole(one, "sequences", 0, 2**64 - 1) for one in _checks.iterable(sequences, "sequences")]


def _reason(reason: Optional[str]) -> Optional[str]:
    return None if reason is None else _checks.text(reason, "reason")
