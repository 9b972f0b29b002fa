"""Arguments checked by name before they reach the core, whose own errors speak of C++ types."""

from __future__ import annotations

import math
from typing import Any, Iterable


def text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be str, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} holds a surrogate that is not text: {value!r}") from None
    return value


def whole(value: Any, name: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be int, not {type(value).__name__}")
    if not least <= value <= most:
        raise ValueError(f"{name} must be from {least} to {most}, it is {value}")
    return value


def count32(value: Any, name: str) -> int:
    return whole(value, name, 0, 2**32 - 1)


def count64(value: Any, name: str) -> int:
    return whole(value, name, 0, 2**64 - 1)


def number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    try:
        made = float(value)
    except OverflowError:
        made = math.inf
    if not math.isfinite(made):
        raise ValueError(f"{name} must be a finite number, it is {value!r}")
    return made


def iterable(value: Any, name: str) -> Any:
    if not isinstance(value, Iterable) and not hasattr(type(value), "__getitem__"):
        raise TypeError(f"{name} must be an iterable, not {type(value).__name__}")
    return value


def flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, not {type(value).__name__}")
    return value
