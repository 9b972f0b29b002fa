"""Keyword options by name and kind: what the core is given, and what type checkers see."""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, TypedDict

from . import _checks
from ._durations import Duration, milliseconds


class BrokerOptions(TypedDict, total=False):
    """Options of ``open``."""

    store_bytes_limit: int  # size of the sparse map; default 64 GiB
    store_soft_limit: float  # publishes are refused above this share; default 0.85
    disk_floor_bytes: int  # publishes are refused when the file system has less free; default 256 MiB
    commit_max_frames: int  # default 4,096
    commit_max_bytes: int  # default 16 MiB
    max_sessions: int  # default 1,024
    session_timeout: Duration  # default 15 s
    session_outbox_bytes: int  # default 64 MiB
    seed: int  # of retry jitter; 0 = from the system
    accept_rollback: bool
    accept_clock: bool
    unsafe_filesystem: bool
    call_timeout: Duration  # default 30 s


class ClientOptions(TypedDict, total=False):
    """Options of ``connect``."""

    name: str  # shown to operators; default: program name and pid
    connect_timeout: Duration  # default 5 s; 0 = do not wait
    call_timeout: Duration  # default 30 s
    heartbeat: Duration  # default 5 s
    reconnect_initial: Duration  # default 100 ms
    reconnect_max: Duration  # default 30 s
    max_unconfirmed: int  # messages; default 100,000
    max_unconfirmed_bytes: int  # default 256 MiB
    frames_in_flight: int  # 1 to 64; default 16
    frame_target_bytes: int  # default 128 KiB


class QueueSettings(TypedDict, total=False):
    """Settings of a queue; those that are not given keep their value."""

    visibility_timeout: Duration  # length of a lease, 100 ms to 12 h; default 30 s
    max_attempts: int  # 1 to 1,000, then a dead letter; default 10
    backoff_initial: Duration  # default 1 s
    backoff_multiplier: float  # 1 to 100; default 2
    backoff_max: Duration  # default 15 min
    backoff_jitter: float  # 0 (none) to 1 (full); default 0.5
    ttl: Duration  # 0 = for ever, the default
    on_expiry: str  # "dead_letter" (default) or "discard"
    dedupe_window: Duration  # 0 = off, at most 7 d; default 10 min
    max_depth: int  # default 1,000,000 messages
    max_depth_bytes: int  # default 8 GiB
    max_in_flight: int  # default 100,000
    max_message_bytes: int  # default 1 MiB
    paused: bool  # publishes are taken, nothing is handed out


def _count32(value: Any, name: str) -> int:
    return _checks.whole(value, name, 0, 2**32 - 1)


def _count64(value: Any, name: str) -> int:
    return _checks.whole(value, name, 0, 2**64 - 1)


_Reader = Callable[[Any, str], Any]

_BROKER: Dict[str, _Reader] = {
    "store_bytes_limit": _count64,
    "store_soft_limit": _checks.number,
    "disk_floor_bytes": _count64,
    "commit_max_frames": _count32,
    "commit_max_bytes": _count64,
    "max_sessions": _count32,
    "session_timeout": milliseconds,
    "session_outbox_bytes": _count64,
    "seed": _count64,
    "accept_rollback": _checks.flag,
    "accept_clock": _checks.flag,
    "unsafe_filesystem": _checks.flag,
    "call_timeout": milliseconds,
}
_CLIENT: Dict[str, _Reader] = {
    "name": _checks.text,
    "connect_timeout": milliseconds,
    "call_timeout": milliseconds,
    "heartbeat": milliseconds,
    "reconnect_initial": milliseconds,
    "reconnect_max": milliseconds,
    "max_unconfirmed": _count32,
    "max_unconfirmed_bytes": _count64,
    "frames_in_flight": _count32,
    "frame_target_bytes": _count32,
}
_QUEUE: Dict[str, _Reader] = {
    "visibility_timeout": milliseconds,
    "max_attempts": _count32,
    "backoff_initial": milliseconds,
    "backoff_multiplier": _checks.number,
    "backoff_max": milliseconds,
    "backoff_jitter": _checks.number,
    "ttl": milliseconds,
    "on_expiry": _checks.text,
    "dedupe_window": milliseconds,
    "max_depth": _count64,
    "max_depth_bytes": _count64,
    "max_in_flight": _count32,
    "max_message_bytes": _count32,
    "paused": _checks.flag,
}


def _read(given: Mapping[str, Any], readers: Dict[str, _Reader], call: str) -> Dict[str, Any]:
    made = {}
    for name, value in given.items():
        if name not in readers:
            raise TypeError(f"{call}() has no option {name!r}; there are {', '.join(readers)}")
        made[name] = readers[name](value, name)
    return made


def broker_options(given: Mapping[str, Any]) -> Dict[str, Any]:
    return _read(given, _BROKER, "open")


def client_options(given: Mapping[str, Any]) -> Dict[str, Any]:
    return _read(given, _CLIENT, "connect")


def queue_settings(given: Mapping[str, Any], call: str) -> Dict[str, Any]:
    return _read(given, _QUEUE, call)
