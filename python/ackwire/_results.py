"""What the library answers: plain values, compared and printed by their fields."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Dict, Optional, Tuple

from ._durations import span, utc


class _Value:
    """Slots in Python 3.9 too, where dataclasses cannot make them, and a pickle that does not assign to frozen fields."""

    __slots__: Tuple[str, ...] = ()

    def __reduce__(self) -> Any:
        return type(self), tuple(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True)
class Settled(_Value):
    """What became of a batch settle."""

    __slots__ = ("applied", "stale")
    applied: int  # now true and durable
    stale: Tuple[int, ...]  # sequences whose lease had ended: nothing changed for them


@dataclass(frozen=True)
class QueuePolicy(_Value):
    """How a queue behaves."""

    __slots__ = (
        "visibility_timeout",
        "max_attempts",
        "backoff_initial",
        "backoff_multiplier",
        "backoff_max",
        "backoff_jitter",
        "ttl",
        "on_expiry",
        "dedupe_window",
        "max_depth",
        "max_depth_bytes",
        "max_in_flight",
        "max_message_bytes",
        "paused",
    )
    visibility_timeout: timedelta  # length of a lease
    max_attempts: int  # then the message is a dead letter
    backoff_initial: timedelta
    backoff_multiplier: float
    backoff_max: timedelta
    backoff_jitter: float  # 0 (none) to 1 (full)
    ttl: timedelta  # default time to live of a message; 0 = for ever
    on_expiry: str  # "dead_letter" or "discard"
    dedupe_window: timedelta  # 0 = off
    max_depth: int  # messages not settled by every group
    max_depth_bytes: int
    max_in_flight: int  # leased messages of one group
    max_message_bytes: int
    paused: bool

    @classmethod
    def _read(cls, raw: Dict[str, Any]) -> QueuePolicy:
        spans = ("visibility_timeout", "backoff_initial", "backoff_max", "ttl", "dedupe_window")
        return cls(**{**raw, **{name: span(raw[name]) for name in spans}})


@dataclass(frozen=True)
class GroupInfo(_Value):
    """Durable counters and present state of one consumer group.

    In every commit published = ready + delayed + leased + dead + acked + expired + discarded.
    """

    __slots__ = (
        "name",
        "ready",
        "delayed",
        "leased",
        "dead",
        "published",
        "acked",
        "expired",
        "discarded",
        "delivered",
        "redelivered",
        "nacked",
        "rejected",
        "released",
        "lease_expired",
        "stale_settles",
        "dead_lettered",
        "redriven",
        "consumers",
        "oldest_age",
    )
    name: str
    ready: int
    delayed: int
    leased: int
    dead: int
    published: int  # this and all below: since the group was made
    acked: int
    expired: int
    discarded: int
    delivered: int  # hand-overs, redeliveries included
    redelivered: int  # hand-overs of a message that had been begun before
    nacked: int
    rejected: int
    released: int
    lease_expired: int
    stale_settles: int  # since the broker started
    dead_lettered: int
    redriven: int
    consumers: int  # now
    oldest_age: timedelta  # of the oldest message that is not final and not dead; 0 = none

    @classmethod
    def _read(cls, raw: Dict[str, Any]) -> GroupInfo:
        return cls(**{**raw, "oldest_age": span(raw["oldest_age"])})


@dataclass(frozen=True)
class QueueInfo(_Value):
    """A queue: policy, counters and groups."""

    __slots__ = (
        "name",
        "created",
        "policy",
        "next_sequence",
        "published",
        "published_bytes",
        "duplicates_suppressed",
        "refused",
        "damaged",
        "depth",
        "depth_bytes",
        "dedupe_keys",
        "groups",
    )
    name: str
    created: datetime
    policy: QueuePolicy
    next_sequence: int
    published: int  # messages stored
    published_bytes: int
    duplicates_suppressed: int  # publishes answered with duplicate = True
    refused: int  # since the broker started
    damaged: int  # rows of the store found damaged since the broker started
    depth: int  # messages not settled by every group
    depth_bytes: int
    dedupe_keys: int  # live idempotency keys, an upper bound
    groups: Tuple[GroupInfo, ...]

    def group(self, name: str = "default") -> GroupInfo:
        """The group of that name. KeyError when there is none."""
        for group in self.groups:
            if group.name == name:
                return group
        raise KeyError(name)

    @classmethod
    def _read(cls, raw: Dict[str, Any]) -> QueueInfo:
        return cls(
            **{
                **raw,
                "created": utc(raw["created"]),
                "policy": QueuePolicy._read(raw["policy"]),
                "groups": tuple(GroupInfo._read(group) for group in raw["groups"]),
            }
        )


@dataclass(frozen=True)
class AttemptError(_Value):
    """One failed attempt of a dead letter."""

    __slots__ = ("time", "delivery", "text")
    time: datetime
    delivery: int
    text: str  # the consumer's words, or "lease expired", "consumer disconnected"


@dataclass(frozen=True)
class DeadLetter(_Value):
    """A message that waits for a person, with its whole history."""

    __slots__ = (
        "sequence",
        "reason",
        "detail",
        "deliveries",
        "attempts",
        "redrives",
        "publish_time",
        "dead_time",
        "errors",
        "idempotency_key",
        "ordering_key",
        "headers",
        "body",
        "body_bytes",
    )
    sequence: int
    reason: str  # "max_attempts", "rejected", "expired" or "damaged"
    detail: str  # of the rejection, or of the last error
    deliveries: int
    attempts: int
    redrives: int
    publish_time: datetime
    dead_time: datetime
    errors: Tuple[AttemptError, ...]  # oldest first
    idempotency_key: Optional[str]
    ordering_key: Optional[str]
    headers: Dict[str, str]
    body: bytes  # cut at the body_bytes asked for
    body_bytes: int  # the whole length

    @classmethod
    def _read(cls, raw: Dict[str, Any]) -> DeadLetter:
        errors = tuple(AttemptError(utc(one["time"]), one["delivery"], one["text"]) for one in raw["errors"])
        times = {"publish_time": utc(raw["publish_time"]), "dead_time": utc(raw["dead_time"])}
        return cls(**{**raw, **times, "errors": errors})


@dataclass(frozen=True)
class DeadMoved(_Value):
    """The outcome of a redrive or discard."""

    __slots__ = ("moved", "not_found")
    moved: int
    not_found: Tuple[int, ...]  # of the sequences asked for


@dataclass(frozen=True)
class PeekedMessage(_Value):
    """A message looked at without any effect on it."""

    __slots__ = (
        "sequence",
        "state",
        "deliveries",
        "attempts",
        "publish_time",
        "due",
        "idempotency_key",
        "ordering_key",
        "headers",
        "body",
        "body_bytes",
    )
    sequence: int
    state: str  # "ready", "delayed" or "leased"
    deliveries: int
    attempts: int
    publish_time: datetime
    due: Optional[datetime]  # of a delayed message
    idempotency_key: Optional[str]
    ordering_key: Optional[str]
    headers: Dict[str, str]
    body: bytes
    body_bytes: int

    @classmethod
    def _read(cls, raw: Dict[str, Any]) -> PeekedMessage:
        due = utc(raw["due"]) if raw["state"] == "delayed" else None
        return cls(**{**raw, "publish_time": utc(raw["publish_time"]), "due": due})


@dataclass(frozen=True)
class Sample(_Value):
    """What happened in one slot of time, to one queue or to the whole broker."""

    __slots__ = (
        "time",
        "published",
        "published_bytes",
        "suppressed",
        "refused",
        "delivered",
        "redelivered",
        "acked",
        "nacked",
        "dead_lettered",
        "expired",
        "lease_expired",
        "depth",
        "leased",
        "delayed",
        "dead",
        "latency_p50_ms",
        "latency_p95_ms",
        "latency_p99_ms",
    )
    time: datetime  # start of the slot
    published: int
    published_bytes: int
    suppressed: int
    refused: int
    delivered: int
    redelivered: int
    acked: int
    nacked: int
    dead_lettered: int
    expired: int
    lease_expired: int
    depth: int  # this and the next three: at the end of the slot
    leased: int
    delayed: int
    dead: int
    latency_p50_ms: float  # publish to ack, of the messages acked in the slot; 0 = none
    latency_p95_ms: float
    latency_p99_ms: float

    @classmethod
    def _read(cls, raw: Dict[str, Any]) -> Sample:
        return cls(**{**raw, "time": utc(raw["time"])})


@dataclass(frozen=True)
class BrokerStats(_Value):
    """The broker now."""

    __slots__ = (
        "version",
        "store_id",
        "boot_epoch",
        "now",
        "started",
        "clock_offset_ms",
        "sessions",
        "consumers",
        "commits",
        "commit_p50_ms",
        "commit_p99_ms",
        "store_bytes",
        "store_bytes_limit",
        "publishes_refused",
        "queues",
    )
    version: str
    store_id: str
    boot_epoch: int
    now: datetime
    started: datetime
    clock_offset_ms: int  # the system's clock less broker time; 0 when they agree
    sessions: int
    consumers: int
    commits: int  # since the start
    commit_p50_ms: float  # of the last minute
    commit_p99_ms: float
    store_bytes: int
    store_bytes_limit: int
    publishes_refused: bool  # the store is over its soft limit
    queues: Tuple[QueueInfo, ...]

    @classmethod
    def _read(cls, raw: Dict[str, Any]) -> BrokerStats:
        queues = tuple(QueueInfo._read(queue) for queue in raw["queues"])
        return cls(**{**raw, "now": utc(raw["now"]), "started": utc(raw["started"]), "queues": queues})
