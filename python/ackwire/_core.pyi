# The surface of the extension module, reviewed by hand. A test compares its names with the module's.
from datetime import datetime
from types import TracebackType
from typing import Any, Dict, Iterable, List, Optional, Tuple, Type

from typing_extensions import Buffer

from ._durations import Duration

BATCH_BYTES: int
BATCH_MESSAGES: int
CREDIT_LIMIT: int
PAGE_MESSAGES: int

def version() -> str: ...
def parse_duration(text: str) -> int: ...
def close_all() -> None: ...
def next_change(wait_ms: int) -> Any: ...
def stop() -> None: ...
def stopping() -> bool: ...
def refusal(message: Message) -> Exception: ...
def settle(messages: Iterable[Message], act: str, delay_ms: Optional[int], words: str) -> Tuple[int, List[int]]: ...

class Receipt:
    """What a publish returns, after the synced commit."""

    def __init__(self, sequence: int, duplicate: bool = ..., differs: bool = ...) -> None: ...
    @property
    def sequence(self) -> int:
        """Position in the queue; rises strictly, never reused."""
    @property
    def differs(self) -> bool:
        """Of a duplicate: its headers, ordering key, or having a delay or ttl, are not the original's, which hold."""
    @property
    def duplicate(self) -> bool:
        """True: the key was known, nothing was stored, ``sequence`` is the original's."""
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> Any: ...

class LeaseToken:
    """Names one delivery of one message; rises, so it can fence writes elsewhere."""

    @property
    def boot_epoch(self) -> int:
        """Rises with each start of the broker."""
    @property
    def sequence(self) -> int:
        """The message's position in its queue."""
    @property
    def delivery(self) -> int:
        """Rises with each hand-over of the message."""
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

class Message:
    """A received message, under a lease until it is settled.

    Use it as a context manager: leaving the block acks, an exception nacks, Reject goes to the dead letters. Or settle it
    by a method: the outcome of the first settle is the outcome of every repeat.
    """

    @property
    def body(self) -> bytes:
        """The body, copied out of the received frame at the first use."""
    @property
    def body_view(self) -> memoryview:
        """The body without a copy. The view keeps the received frame alive."""
    @property
    def sequence(self) -> int:
        """Position in the queue; never used twice."""
    @property
    def attempts(self) -> int:
        """How many hand-overs were charged against ``max_attempts``, this one included."""
    @property
    def deliveries(self) -> int:
        """How often it was handed out, this time included."""
    @property
    def idempotency_key(self) -> Optional[str]:
        """The producer's key, or None. Record the effect under it: the message may come again."""
    @property
    def ordering_key(self) -> Optional[str]:
        """The producer's ordering key, or None. It is carried, not obeyed."""
    @property
    def headers(self) -> Dict[str, str]:
        """The producer's headers, a new dictionary at each use."""
    @property
    def publish_time(self) -> datetime:
        """Aware, in UTC, by the broker's clock."""
    @property
    def lease_token(self) -> LeaseToken:
        """Names this delivery; rises, so that a store downstream can refuse writes of an older one."""
    @property
    def settled(self) -> Optional[str]:
        """None, or what became of it: "ack", "nack", "reject", "release", or "stale": the lease had ended first.

        After a block with ``ack_async`` it is "ack" as asked for; the end of the iteration waits for the outcome.
        """
    @property
    def propagate(self) -> bool:
        """Whether an exception in its block goes on after the settle."""
    def ack(self) -> None:
        """Processed: never delivered again to this group. Returns after the synced commit.

        Raises StaleLeaseError when the lease had ended (it may be delivered again), IndeterminateError when no answer came.
        """
    def nack(self, delay: Optional[Duration] = ..., error: Optional[str] = ...) -> None:
        """Failed: an attempt is charged, it comes back after the backoff, or after ``delay``. ``error`` is kept in its history.

        Raises as ack does.
        """
    def reject(self, reason: str) -> None:
        """Can never be processed: straight to the dead-letter queue. Raises as ack does."""
    def release(self) -> None:
        """Not tried: ready again at once, no attempt charged. Raises as ack does."""
    def extend(self, duration: Duration) -> None:
        """The lease ends ``duration`` from now instead. Raises as ack does."""
    def __enter__(self) -> Message:
        """From here on the message counts as begun."""
    def __exit__(
        self, kind: Optional[Type[BaseException]], exception: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> bool: ...

class PendingPublish:
    def wait(self, wait_ms: int) -> Receipt: ...
    @property
    def done(self) -> bool: ...

class Consumer:
    def receive(self, max: int, wait_ms: Optional[int], ticket: int = ...) -> List[Message]: ...
    def call_off(self, ticket: int) -> None: ...
    def take(self) -> Optional[Message]: ...
    def next(self, wait_ms: Optional[int]) -> Optional[Message]: ...
    def retire(self) -> None: ...
    def retire_apart(self) -> None: ...
    def park(self) -> None: ...
    def close(self) -> None: ...
    @property
    def closed(self) -> bool: ...
    @property
    def unsettled(self) -> int: ...
    @property
    def stale_acks(self) -> int: ...
    @property
    def credit(self) -> int: ...

class Connection:
    @staticmethod
    def open(path: bytes, options: Dict[str, Any]) -> Connection: ...
    @staticmethod
    def connect(endpoint: str, options: Dict[str, Any]) -> Connection: ...
    def close(self, wait_ms: int) -> None: ...
    @property
    def closed(self) -> bool: ...
    @property
    def call_timeout_ms(self) -> int: ...
    @property
    def state(self) -> str: ...
    def listen(self, endpoint: str) -> str: ...
    def check_health(self) -> None: ...
    def wait_connected(self, wait_ms: int) -> None: ...
    def flush(self, wait_ms: int) -> None: ...
    def ensure_queue(self, queue: str, settings: Dict[str, Any]) -> Dict[str, Any]: ...
    def set_queue(self, queue: str, settings: Dict[str, Any]) -> Dict[str, Any]: ...
    def queue_info(self, queue: str) -> Dict[str, Any]: ...
    def list_queues(self) -> List[Dict[str, Any]]: ...
    def remove_queue(self, queue: str, force: bool) -> None: ...
    def purge(self, queue: str) -> int: ...
    def create_group(self, queue: str, group: str, from_oldest: bool) -> None: ...
    def request(self, verb: str, members: str) -> str: ...
    def remove_group(self, queue: str, group: str) -> None: ...
    def publish(
        self,
        queue: str,
        body: Buffer,
        idempotency_key: Any,
        ordering_key: Any,
        headers: Any,
        delay: Optional[Duration],
        ttl: Optional[Duration],
    ) -> Receipt: ...
    def publish_async(
        self,
        queue: str,
        body: Buffer,
        idempotency_key: Any,
        ordering_key: Any,
        headers: Any,
        delay: Optional[Duration],
        ttl: Optional[Duration],
    ) -> PendingPublish: ...
    def try_publish(
        self,
        queue: str,
        body: Buffer,
        idempotency_key: Any,
        ordering_key: Any,
        headers: Any,
        delay: Optional[Duration],
        ttl: Optional[Duration],
    ) -> PendingPublish: ...
    def room_descriptor(self) -> int: ...
    def publish_many(self, queue: str, messages: Iterable[Any], chunk_messages: int, chunk_bytes: int) -> List[Receipt]: ...
    def consume(
        self, queue: str, group: str, credit: int, renew_leases: bool, propagate: bool, ack_async: bool, concurrency: int = ...
    ) -> Consumer: ...
    def peek(self, queue: str, group: str, start: int, count: int, body_bytes: int) -> Tuple[List[Dict[str, Any]], int]: ...
    def stats(self) -> Dict[str, Any]: ...
    def history(self, queue: str, resolution: str, start_ms: int) -> List[Dict[str, Any]]: ...
    def dead_letters(
        self, queue: str, group: str, start: int, count: int, reason: Optional[str], sequences: List[int], body_bytes: int
    ) -> Tuple[List[Dict[str, Any]], int, int]: ...
    def redrive(self, queue: str, group: str, reason: Optional[str], sequences: List[int]) -> Tuple[int, List[int]]: ...
    def jobs(self) -> List[Dict[str, Any]]: ...
    def cancel_job(self, id: int) -> Dict[str, Any]: ...
    def discard(self, queue: str, group: str, reason: Optional[str], sequences: List[int]) -> Tuple[int, List[int]]: ...
