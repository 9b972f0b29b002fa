"""Keyword options by name and kind: what type checkers see, and how each is read.

Written by scripts/reference from the fields in core/include/ackwire. Change them there, not here.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, TypedDict

from . import _checks
from ._durations import Duration, milliseconds

Reader = Callable[[Any, str], Any]


class BrokerOptions(TypedDict, total=False):
    """Options of ``open``."""

    # size of the store's memory map; sparse on disk, fixed while open (1MiB to 1024TiB; default 64GiB)
    store_bytes_limit: int
    # publishes are refused above this share of it, everything else works (0.01 to 0.95; default 0.85)
    store_soft_limit: float
    disk_floor_bytes: int  # publishes are refused with less free on the disk (0B to 1024TiB; default 256MiB)
    accept_rollback: bool  # open a store that is older than its witness says
    accept_clock: bool  # the system's clock is right: begin at its time when the store's is behind it
    unsafe_filesystem: bool  # open a store on a network file system
    commit_max_frames: int  # frames taken into one commit (1 to 1000000; default 4096)
    commit_max_bytes: int  # bytes taken into one commit (1B to 1GiB; default 16MiB)
    max_sessions: int  # clients at once (1 to 1000000; default 1024)
    session_timeout: Duration  # a client silent this long is gone: its leases end (100ms to 1d; default 15s)
    session_outbox_bytes: int  # unsent bytes of one client before it is ended (1B to 1024TiB; default 64MiB)
    slow_commit: Duration  # a commit that takes as long is logged (1ms to 1d; default 1s)
    call_timeout: Duration  # deadline of each blocking call of this handle (1ms to 365d; default 30s)
    seed: int  # of retry jitter; 0: from the system


BROKER: Dict[str, Reader] = {
    "store_bytes_limit": _checks.count64,
    "store_soft_limit": _checks.number,
    "disk_floor_bytes": _checks.count64,
    "accept_rollback": _checks.flag,
    "accept_clock": _checks.flag,
    "unsafe_filesystem": _checks.flag,
    "commit_max_frames": _checks.count32,
    "commit_max_bytes": _checks.count64,
    "max_sessions": _checks.count32,
    "session_timeout": milliseconds,
    "session_outbox_bytes": _checks.count64,
    "slow_commit": milliseconds,
    "call_timeout": milliseconds,
    "seed": _checks.count64,
}


class ClientOptions(TypedDict, total=False):
    """Options of ``connect``."""

    name: str  # shown to operators; empty: program name and pid
    connect_timeout: Duration  # how long connecting waits for the broker; 0: not at all (0s to 365d; default 5s)
    call_timeout: Duration  # deadline of each blocking call (1ms to 365d; default 30s)
    heartbeat: Duration  # silence after which a ping is sent, or a third of session_timeout (10ms to 1d; default 5s)
    # first wait before connecting again; doubled from try to try, each reduced at random by up to half (1ms to 1d; default 100ms)
    reconnect_initial: Duration
    # longest wait before connecting again, at least reconnect_initial (1ms to 1d; default 30s)
    reconnect_max: Duration
    max_unconfirmed: int  # messages published and not yet answered (1 to 4294967295; default 100000)
    max_unconfirmed_bytes: int  # the same in bytes (1B to 1024TiB; default 256MiB)
    frames_in_flight: int  # publish frames under way (1 to 64; default 16)
    # a publish frame is sent when it has grown to this, or when none is under way (1B to 4032KiB; default 128KiB)
    frame_target_bytes: int


CLIENT: Dict[str, Reader] = {
    "name": _checks.text,
    "connect_timeout": milliseconds,
    "call_timeout": milliseconds,
    "heartbeat": milliseconds,
    "reconnect_initial": milliseconds,
    "reconnect_max": milliseconds,
    "max_unconfirmed": _checks.count32,
    "max_unconfirmed_bytes": _checks.count64,
    "frames_in_flight": _checks.count32,
    "frame_target_bytes": _checks.count32,
}


class QueueSettings(TypedDict, total=False):
    """Settings of a queue; those that are not given keep their value."""

    visibility_timeout: Duration  # how long a lease lasts (100ms to 12h; default 30s)
    max_attempts: int  # attempts before a message becomes a dead letter (1 to 1000; default 10)
    backoff_initial: Duration  # wait before the first retry (0s to 366d; default 1s)
    backoff_multiplier: float  # growth of the wait from retry to retry (1 to 100; default 2)
    backoff_max: Duration  # longest wait before a retry, at least backoff_initial (0s to 366d; default 15m)
    backoff_jitter: float  # share of the wait that is random (0 to 1; default 0.5)
    ttl: Duration  # default time to live of a message; 0: for ever (0s to 3653d; default 0s)
    on_expiry: str  # what becomes of an expired message: dead_letter, discard; default: the first
    dedupe_window: Duration  # how long idempotency keys are remembered; 0: not at all (0s to 7d; default 10m)
    max_depth: int  # messages the queue may hold; over it, publishes are refused (1 to 1099511627776; default 1000000)
    max_depth_bytes: int  # bytes the queue may hold; over it, publishes are refused (1KiB to 1024TiB; default 8GiB)
    max_in_flight: int  # messages of one group under lease at once (1 to 1000000; default 100000)
    max_message_bytes: int  # largest body (1B to 1MiB; default 1MiB)
    paused: bool  # publishes are taken, nothing is handed out


QUEUE: Dict[str, Reader] = {
    "visibility_timeout": milliseconds,
    "max_attempts": _checks.count32,
    "backoff_initial": milliseconds,
    "backoff_multiplier": _checks.number,
    "backoff_max": milliseconds,
    "backoff_jitter": _checks.number,
    "ttl": milliseconds,
    "on_expiry": _checks.text,
    "dedupe_window": milliseconds,
    "max_depth": _checks.count64,
    "max_depth_bytes": _checks.count64,
    "max_in_flight": _checks.count32,
    "max_message_bytes": _checks.count32,
    "paused": _checks.flag,
}
