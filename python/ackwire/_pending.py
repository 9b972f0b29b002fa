"""A publish under way."""

from __future__ import annotations

from typing import Optional

from . import _core
from ._durations import LONGEST_MS, Duration, milliseconds


class PendingPublish:
    """Returned by ``publish_async``. Dropping it does not cancel the publish. Thread-safe."""

    def __init__(self, core: _core.PendingPublish) -> None:
        self._core = core

    def done(self) -> bool:
        """True when ``result`` returns or raises at once."""
        return self._core.done

    def result(self, timeout: Optional[Duration] = None) -> _core.Receipt:
        """The receipt, after the synced commit. Raises what ``publish`` raises, or TimeoutError when the outcome is not known
        in time; it may be called again then."""
        return self._core.wait(LONGEST_MS if timeout is None else milliseconds(timeout, "timeout"))
