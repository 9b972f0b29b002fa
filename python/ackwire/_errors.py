"""The exceptions: one small family, one class per thing a caller can do about it."""

from __future__ import annotations

import builtins
from typing import Any, Dict, List, Optional, Type


class AckwireError(Exception):
    """Base of every error of the library.

    ``code`` is the permanent name of the error, e.g. ``"stale_lease"``. ``retry_after`` is in seconds, 0.0 when there is
    nothing to wait for. ``index`` is the position of the first message at fault in a batch, or None. ``receipts`` is set by
    ``publish_many`` only: what is known of every message, in order, None where nothing was stored or nothing is known.
    """

    def __init__(self, message: str, *, code: str = "internal", retry_after: float = 0.0, index: Optional[int] = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after
        self.index = index
        self.receipts: Optional[List[Any]] = None

    def __reduce__(self) -> Any:
        return _rebuild, (type(self), str(self), self.code, self.retry_after, self.index), self.__dict__


class RefusedError(AckwireError):
    """The broker said no. Nothing was stored or changed."""


class InvalidError(RefusedError, ValueError):
    """The request itself is wrong; repeating it unchanged cannot help."""


class OverloadedError(RefusedError):
    """A limit is reached. Try again after ``retry_after`` seconds; nothing was stored."""


class KeyConflictError(RefusedError):
    """The same idempotency key was published within the window, with another body. Nothing was stored."""


class StaleLeaseError(RefusedError):
    """The lease had ended, so the settle changed nothing: the message is delivered again."""


class NotFoundError(RefusedError, LookupError):
    """There is no such queue, group or message."""


class IndeterminateError(AckwireError):
    """The outcome is not known here. The same client may repeat a publish: it is never stored twice."""


class TimeoutError(IndeterminateError, builtins.TimeoutError):  # noqa: A001 - the family has its own, which is also the builtin
    """The deadline passed. For publishes and settles the outcome is not known."""


class ClosedError(AckwireError):
    """The handle is closed."""


class ForkedError(AckwireError):
    """The process forked after the handle was made. Open or connect in the child."""


class StoreError(AckwireError):
    """The store cannot be opened or used. Nothing was deleted; the message names the place and what to do."""


class ProtocolError(AckwireError):
    """The other side does not speak this version of the protocol."""


class Reject(Exception):
    """Raise inside ``with message:`` to send the message straight to the dead-letter queue with this reason."""


_CLASSES: Dict[str, Type[AckwireError]] = {
    **dict.fromkeys(
        (
            "invalid_name",
            "invalid_argument",
            "out_of_range",
            "too_large",
            "invalid_headers",
            "invalid_key",
            "invalid_batch",
            "insecure_bind",
            "bad_config",
        ),
        InvalidError,
    ),
    "key_conflict": KeyConflictError,
    **dict.fromkeys(("no_queue", "no_group", "not_found"), NotFoundError),
    **dict.fromkeys(("queue_exists", "not_empty", "reentrant"), RefusedError),
    **dict.fromkeys(("stale_lease", "bad_token"), StaleLeaseError),
    "overloaded": OverloadedError,
    **dict.fromkeys(("indeterminate", "disconnected"), IndeterminateError),
    "timeout": TimeoutError,
    "closed": ClosedError,
    "forked": ForkedError,
    **dict.fromkeys(
        (
            "store_in_use",
            "store_invalid",
            "store_emptied",
            "store_version",
            "store_rollback",
            "store_damaged",
            "store_unsafe",
            "io",
            "store_full",
            "failed",
        ),
        StoreError,
    ),
    **dict.fromkeys(
        (
            "frame_short",
            "bad_magic",
            "unsupported_version",
            "unknown_operation",
            "bad_length",
            "trailing_bytes",
            "too_many_frames",
            "request_reused",
            "bad_checksum",
            "no_session",
        ),
        ProtocolError,
    ),
}


def exception_for(code: str, message: str, retry_after: float, index: Optional[int]) -> AckwireError:
    """Makes the exception for an error of the core."""
    return _CLASSES.get(code, AckwireError)(message, code=code, retry_after=retry_after, index=index)


def _rebuild(kind: Type[AckwireError], message: str, code: str, retry_after: float, index: Optional[int]) -> AckwireError:
    return kind(message, code=code, retry_after=retry_after, index=index)
