"""What leaving ``with message:`` does when something went wrong. Called by the core."""

from __future__ import annotations

import asyncio
import logging
from typing import Tuple

from . import _core
from ._errors import AckwireError, ClosedError, IndeterminateError, Reject, StaleLeaseError

log = logging.getLogger("ackwire")

# Nothing is wrong with the message: the program or the task is on its way out, so no attempt is charged.
NOT_TRIED = (SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError)

# The message was processed and only its ack is not known to be there: it may come again, as every message may.
TOLERABLE = (StaleLeaseError, IndeterminateError, ClosedError)


def text_of(exception: BaseException) -> str:
    """The text of an exception as it can be stored: one that cannot be read or encoded may not leave its message unsettled."""
    try:
        text = str(exception)
    except Exception as error:
        text = f"(no text: its __str__ raised {type(error).__name__})"
    return text.encode("utf-8", "backslashreplace").decode()


def verdict(exception: BaseException) -> Tuple[str, str]:
    """How a message is settled after ``exception``: the act and its words."""
    if isinstance(exception, Reject):
        return "reject", text_of(exception) or "rejected"
    if isinstance(exception, NOT_TRIED):
        return "release", ""
    text = text_of(exception)
    return "nack", f"{type(exception).__name__}: {text}" if text else type(exception).__name__


def contained(exception: BaseException, propagate: bool) -> bool:
    """True: the loop over messages goes on. Exceptions that end a program or a task are never held back."""
    return isinstance(exception, Exception) and not propagate


def after_exception(message: _core.Message, exception: BaseException, held: bool) -> None:
    """Settles ``message`` after an exception in its block. ``held``: the exception ends there."""
    act, words = verdict(exception)
    if message.settled is None:
        try:
            _core.settle((message,), act, None, words)
        except AckwireError as error:
            # The broker gives the message back by itself when its lease ends; the exception of the block says more.
            log.warning("message %d could not be settled by %s: %s", message.sequence, act, error)
    report(message, exception, act, held)


def report(message: _core.Message, exception: BaseException, act: str, held: bool) -> None:
    if held and act == "nack":
        log.error("message %d failed at attempt %d", message.sequence, message.attempts, exc_info=exception)
    elif held:
        log.warning("message %d was rejected: %s", message.sequence, text_of(exception))


def after_failed_ack(message: _core.Message, error: BaseException) -> bool:
    """An ack at the end of a block did not succeed. Raises, unless the loop can simply go on."""
    if not isinstance(error, TOLERABLE) or message.propagate:
        raise error
    log.warning("message %d was processed, but its ack is not confirmed, so it may be delivered again: %s", message.sequence, error)
    return False
