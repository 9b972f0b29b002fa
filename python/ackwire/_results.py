"""What the library answers: plain values, compared and printed by their fields.

Written by scripts/reference from the fields in core/include/ackwire. Change them there, not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Dict, Optional, Tuple

from ._durations import span, utc
from ._value import HasGroups, Value


@dataclass(frozen=True)
class QueuePolicy(Value):
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
    visibility_timeout: timedelta  # how long a lease lasts
    max_attempts: int  # attempts before a message becomes a dead letter
    backoff_initial: timedelta  # wait before the first retry
    backoff_multiplier: float  # growth of the wait from retry to retry
    backoff_max: timedelta  # longest wait before a retry, at least backoff_initial
    backoff_jitter: float  # share of the wait that is random
    ttl: timedelta  # default time to live of a message; 0: for ever
    on_expiry: str  # what becomes of an expired message: dead_letter, discard
    dedupe_window: timedelta  # how long idempotency keys are remembered; 0: not at all
    max_depth: int  # messages the queue may hold; over it, publishes are refused
    max_depth_bytes: int  # bytes the queue may hold; over it, publishes are refused
    max_in_flight: int  # messages of one group under lease at once
    max_message_bytes: int  # largest body
    paused: bool  # publishes are taken, nothing is handed out

    @classmethod
    def _read(cls, raw: Dict[str, Any]) -> QueuePolicy:
        return cls(
            **{
                **raw,
                "visibility_timeout": span(raw["visibility_timeout"]),
                "backoff_initial": span(raw["backoff_initial"]),
                "backoff_max": span(raw["backoff_max"]),
                "ttl": span(raw["ttl"]),
                "dedupe_window": span(raw["dedupe_window"]),
            }
        )


@dataclass(frozen=True)
class GroupInfo(Value):
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
        "paused",
    )
    name: str  # of the group
    ready: int  # messages that wait to be handed out, now
    delayed: int  # messages that wait for their time, now
    leased: int  # messages handed out and not settled, now
    dead: int  # dead letters, now
    published: int  # messages; this and all below count since the group was made
    acked: int  # messages that were processed
    expired: int  # messages whose time to live passed and that were discarded for it
    discarded: int  # messages and dead letters that an operator discarded
    delivered: int  # hand-overs, redeliveries included
    redelivered: int  # hand-overs of a message that had been begun before
    nacked: int  # attempts that a consumer called failed
    rejected: int  # messages that a consumer called impossible to process
    released: int  # messages given back untried
    lease_expired: int  # leases that ended by time
    stale_settles: int  # settles refused because the lease had ended, since the broker started
    dead_lettered: int  # messages that became dead letters
    redriven: int  # dead letters that went back to the group
    consumers: int  # subscriptions, now
    oldest_age: timedelta  # age of the oldest message that is not final and not dead; 0: none
    paused: bool  # handed nothing, until somebody resumes it

    @classmethod
    def _read(cls, raw: Dict[str, Any]) -> GroupInfo:
        return cls(
            **{
                **raw,
                "oldest_age": span(raw["oldest_age"]),
            }
        )


@dataclass(frozen=True)
class QueueInfo(HasGroups, Value):
    """A queue: policy, counters and groups."""

    __slots__ = (
        "name",
        "id",
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
    name: str  # of the queue
    id: int  # number of the queue in its store; never used again
    created: datetime  # when it was made
    policy: QueuePolicy  # how it behaves
    next_sequence: int  # what the next message stored gets
    published: int  # messages stored
    published_bytes: int  # encoded records stored
    duplicates_suppressed: int  # publishes answered with duplicate = true
    refused: int  # messages refused
    damaged: int  # rows of the store found damaged, each dealt with as operations.md says, since the broker started
    depth: int  # messages not settled by every group
    depth_bytes: int  # the same in bytes of encoded records
    dedupe_keys: int  # live idempotency keys, an upper bound
    groups: Tuple[GroupInfo, ...]  # its consumer groups

    @classmethod
    def _read(cls, raw: Dict[str, Any]) -> QueueInfo:
        return cls(
            **{
                **raw,
                "created": utc(raw["created"]),
                "policy": QueuePolicy._read(raw["policy"]),
                "groups": tuple(map(GroupInfo._read, raw["groups"])),
            }
        )


@dataclass(frozen=True)
class AttemptError(Value):
    """One failed attempt of a dead letter."""

    __slots__ = (
        "time",
        "delivery",
        "text",
    )
    time: datetime  # when it failed
    delivery: int  # which hand-over of the message
    text: str  # the consumer's words, or "lease expired", "consumer disconnected"; at most 1 KiB

    @classmethod
    def _read(cls, raw: Dict[str, Any]) -> AttemptError:
        return cls(
            **{
                **raw,
                "time": utc(raw["time"]),
            }
        )


@dataclass(frozen=True)
class DeadLetter(Value):
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
    sequence: int  # position in the queue
    reason: str  # why it is here: max_attempts, rejected, expired, damaged
    detail: str  # of the rejection, or of the last error
    deliveries: int  # how often it was handed out
    attempts: int  # how many of them were begun
    redrives: int  # how often it went back to its group
    publish_time: datetime  # when it was published
    dead_time: datetime  # when it became a dead letter
    errors: Tuple[AttemptError, ...]  # its failed attempts, oldest first, the last 32
    idempotency_key: Optional[str]  # the producer's key
    ordering_key: Optional[str]  # the producer's ordering key
    headers: Dict[str, str]  # the producer's headers
    body: bytes  # cut at the body_bytes asked for
    body_bytes: int  # the whole length

    @classmethod
    def _read(cls, raw: Dict[str, Any]) -> DeadLetter:
        return cls(
            **{
                **raw,
                "publish_time": utc(raw["publish_time"]),
                "dead_time": utc(raw["dead_time"]),
                "errors": tuple(map(AttemptError._read, raw["errors"])),
            }
        )


@dataclass(frozen=True)
class DeadMoved(Value):
    """The outcome of a redrive or discard."""

    __slots__ = (
        "moved",
        "not_found",
    )
    moved: int  # how many were
    not_found: Tuple[int, ...]  # of the sequences asked for

    @classmethod
    def _read(cls, raw: Dict[str, Any]) -> DeadMoved:
        return cls(
            **{
                **raw,
                "not_found": tuple(raw["not_found"]),
            }
        )


@dataclass(frozen=True)
class PeekedMessage(Value):
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
    sequence: int  # position in the queue
    state: str  # "ready", "delayed" or "leased"
    deliveries: int  # how often it was handed out
    attempts: int  # how many of them were begun
    publish_time: datetime  # when it was published
    due: Optional[datetime]  # when a delayed message becomes ready
    idempotency_key: Optional[str]  # the producer's key
    ordering_key: Optional[str]  # the producer's ordering key
    headers: Dict[str, str]  # the producer's headers
    body: bytes  # cut at the body_bytes asked for
    body_bytes: int  # the whole length

    @classmethod
    def _read(cls, raw: Dict[str, Any]) -> PeekedMessage:
        return cls(
            **{
                **raw,
                "publish_time": utc(raw["publish_time"]),
                "due": None if raw["due"] is None else utc(raw["due"]),
            }
        )


@dataclass(frozen=True)
class Sample(Value):
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
    published: int  # messages stored in the slot
    published_bytes: int  # encoded records stored in the slot
    suppressed: int  # publishes answered with duplicate = true
    refused: int  # messages refused
    delivered: int  # hand-overs, redeliveries included
    redelivered: int  # hand-overs of a message that had been begun before
    acked: int  # messages that were processed
    nacked: int  # attempts that a consumer called failed
    dead_lettered: int  # messages that became dead letters
    expired: int  # messages whose time to live passed
    lease_expired: int  # leases that ended by time
    depth: int  # messages not settled by every group; this and the next three: at the end of the slot
    leased: int  # messages handed out and not settled
    delayed: int  # messages that wait for their time
    dead: int  # dead letters
    latency_p50_ms: float  # publish to ack of the messages acked in the slot, median; 0: none
    latency_p95_ms: float  # the same, 95th percentile
    latency_p99_ms: float  # the same, 99th percentile

    @classmethod
    def _read(cls, raw: Dict[str, Any]) -> Sample:
        return cls(
            **{
                **raw,
                "time": utc(raw["time"]),
            }
        )


@dataclass(frozen=True)
class BrokerStats(Value):
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
    version: str  # of the broker
    store_id: str  # the store's identity, hex
    boot_epoch: int  # rises with each start of the broker
    now: datetime  # broker time
    started: datetime  # when the broker started
    clock_offset_ms: int  # the system's clock less broker time; 0: they agree
    sessions: int  # clients connected, this one included
    consumers: int  # subscriptions of all of them
    commits: int  # since the start
    commit_p50_ms: float  # length of a commit in the last minute, median
    commit_p99_ms: float  # the same, 99th percentile
    store_bytes: int  # in use
    store_bytes_limit: int  # size of the memory map
    publishes_refused: bool  # the store is over its soft limit
    queues: Tuple[QueueInfo, ...]  # every queue

    @classmethod
    def _read(cls, raw: Dict[str, Any]) -> BrokerStats:
        return cls(
            **{
                **raw,
                "now": utc(raw["now"]),
                "started": utc(raw["started"]),
                "queues": tuple(map(QueueInfo._read, raw["queues"])),
            }
        )


@dataclass(frozen=True)
class Job(Value):
    """Work on many messages that the broker does by itself, a bounded part each turn."""

    __slots__ = (
        "id",
        "kind",
        "state",
        "queue",
        "group",
        "moved",
        "not_found",
        "started",
        "ended",
        "code",
        "error",
    )
    id: int  # its number: rises, never used again
    kind: str  # what it does: purge, redrive, discard
    state: str  # where it is: running, done, cancelled, failed
    queue: str  # where it works
    group: str  # on which group; empty: on all of the queue
    moved: int  # messages it was done to so far
    not_found: Tuple[int, ...]  # of the sequences that were named, those that were no dead letters
    started: datetime  # when it was asked for
    ended: Optional[datetime]  # when it ended; 0: it is running
    code: str  # of a failed one: the name of the error
    error: str  # of a failed one: why, and what to do

    @classmethod
    def _read(cls, raw: Dict[str, Any]) -> Job:
        return cls(
            **{
                **raw,
                "not_found": tuple(raw["not_found"]),
                "started": utc(raw["started"]),
                "ended": None if raw["ended"] is None else utc(raw["ended"]),
            }
        )
