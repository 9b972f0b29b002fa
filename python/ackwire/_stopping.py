"""A graceful stop: what is being worked on is finished, everything else goes back, the loops over messages end."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any, Dict, Optional

from . import _core

_before: Dict[int, Any] = {}


def stop_on_signals(*signals: int) -> None:
    """Makes a signal a graceful stop: SIGTERM, or those given. One call at the start of a worker, for both faces::

        ackwire.stop_on_signals()

    When it comes, no consumer of this process hands out anything more. A handler at work finishes, and its message is acked;
    what was read ahead goes back with no attempt charged; every loop over messages ends as if its ``wait`` had passed, and the
    program goes on behind it. A second signal does what it would have done without this call, which for SIGTERM is to end
    the process. Call it on the main thread.
    """
    for number in signals or (signal.SIGTERM,):
        before = signal.signal(number, _on_signal)
        if before is not _on_signal:
            _before[int(number)] = before


def stop() -> None:
    """The same stop, asked for by the program itself. Callable from any thread; it holds for the rest of the process."""
    _core.stop()


def stopping() -> bool:
    """True after a stop was asked for, by a signal or by ``stop``: for loops around a loop over messages."""
    return _core.stopping()


def _on_signal(number: int, frame: Optional[FrameType]) -> None:
    before = _before.pop(number, signal.SIG_DFL)
    signal.signal(number, signal.SIG_DFL if before is None else before)  # None: it was installed from C
    _core.stop()
