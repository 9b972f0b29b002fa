"""Durations and times: seconds, timedelta or "30s" in, milliseconds inside, timedelta and datetime out."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from typing import Optional, Union

Duration = Union[int, float, timedelta, str]
"""Seconds as a number, a timedelta, or text such as "250ms", "1.5s", "5m", "1h30m", "7d", "2w"."""

_LIMIT = 2**53
LONGEST_MS = 100 * 365 * 86_400_000  # as good as for ever, and no clock of nanoseconds overflows
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def milliseconds(value: Duration, name: str) -> int:
    """Reads a duration; ``name`` is the argument's, for the error."""
    if isinstance(value, bool) or not isinstance(value, (int, float, timedelta, str)):
        raise TypeError(f'{name} must be seconds, a timedelta or text such as "30s", not {type(value).__name__}')
    if isinstance(value, str):
        from . import _core  # not above: the core reads durations through this module

        try:
            made = float(_core.parse_duration(value))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    elif isinstance(value, timedelta):
        made = value.total_seconds() * 1_000
    elif isinstance(value, int):
        made = float(min(max(value, -_LIMIT), _LIMIT)) * 1_000
    else:
        made = value * 1_000
    if math.isnan(made) or made < 0:
        raise ValueError(f"{name} must not be negative or NaN, it is {value!r}")
    if made >= _LIMIT:
        raise ValueError(f"{name} is too long: {value!r}")
    rounded = round(made)
    return 1 if rounded == 0 and made > 0 else min(rounded, LONGEST_MS)


def optional_milliseconds(value: Optional[Duration], name: str) -> Optional[int]:
    return None if value is None else milliseconds(value, name)


def utc(ms: int) -> datetime:
    """The time as an aware datetime in UTC."""
    return _EPOCH + timedelta(milliseconds=ms)


def span(ms: int) -> timedelta:
    return timedelta(milliseconds=ms)


def epoch_milliseconds(time: datetime) -> int:
    if time.tzinfo is None:
        raise ValueError("times must carry a time zone, for example datetime.now(timezone.utc)")
    return (time - _EPOCH) // timedelta(milliseconds=1)
