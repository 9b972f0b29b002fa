"""Brokers in this process and clients of brokers elsewhere: one set of verbs."""

from __future__ import annotations

import os
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Type, TypeVar, Union

from . import _changes, _checks, _core
from ._durations import Duration, epoch_milliseconds, milliseconds
from ._options import BrokerOptions, ClientOptions, QueueSettings, broker_options, client_options, queue_settings
from ._queue import Queue
from ._request import ask, awaited
from ._results import BrokerStats, Job, QueueInfo, Sample

if TYPE_CHECKING:
    from typing_extensions import Unpack

_Self = TypeVar("_Self", bound="Connection")


class Connection:
    """The verbs. Thread-safe; not usable in a forked child. Use it as a context manager, or call ``close``."""

    def __init__(self, core: _core.Connection) -> None:
        self._core = core

    def queue(self, name: str, **settings: Unpack[QueueSettings]) -> Queue:
        """The queue of that name, made with the default policy when absent. Settings given are applied in both cases."""
        self._core.ensure_queue(_checks.text(name, "name"), queue_settings(settings, "queue"))
        return Queue(self._core, name)

    @awaited
    def queues(self) -> List[QueueInfo]:
        """Every queue, by name."""
        return [QueueInfo._read(raw) for raw in self._core.list_queues()]

    @awaited
    def remove_queue(self, name: str, *, force: bool = False) -> None:
        """Removes a queue. One that still holds messages or dead letters is refused, unless ``force`` discards them."""
        self._core.remove_queue(_checks.text(name, "name"), _checks.flag(force, "force"))

    @awaited
    def stats(self) -> BrokerStats:
        """The broker's figures now, queues included."""
        return BrokerStats._read(self._core.stats())

    @awaited
    def history(
        self, queue: Optional[str] = None, *, resolution: str = "1s", start: Optional[datetime] = None
    ) -> List[Sample]:
        """Slots of time, oldest first, of one queue or of the whole broker.

        ``resolution`` is "1s" (kept an hour), "10s" (a day) or "5m" (30 days). At most 1,000 slots come back: ask again
        from the last one's time for more.
        """
        start_ms = 0 if start is None else epoch_milliseconds(start)
        name = "" if queue is None else _checks.text(queue, "queue")
        return [Sample._read(raw) for raw in self._core.history(name, _checks.text(resolution, "resolution"), start_ms)]

    @awaited
    def jobs(self) -> List[Job]:
        """The jobs that run, and the latest that have ended, by number.

        ``purge``, ``dlq.redrive`` and ``dlq.discard`` start one each and wait for its end. One that is not done in time, or whose
        caller died, goes on in the broker, over restarts too.
        """
        return [Job._read(raw) for raw in self._core.jobs()]

    @awaited
    def cancel_job(self, id: int) -> Job:  # noqa: A002 - the name of the field
        """Ends a job where it is; what it did stays done. One that has ended stays as it is. Raises NotFoundError."""
        return Job._read(self._core.cancel_job(_checks.whole(id, "id", 0, 2**64 - 1)))

    @awaited
    def request(self, verb: str, **members: Any) -> Dict[str, Any]:
        """Asks for any verb by its name, with the members that it has on the wire; returns the reply.

        ``broker.request("get_queue", queue="orders")``. The verbs are in docs/reference.md. One that is not there, or a member
        that it does not have, raises InvalidError before anything is sent. ``from`` is given as ``**{"from": 1042}``.
        """
        return ask(self._core, verb, members)

    @property
    def closed(self) -> bool:
        """True after ``close``, and in the child of a fork."""
        return self._core.closed

    @property
    def state(self) -> str:
        """"connecting", "connected", "disconnected" or "closed"."""
        return self._core.state

    def flush(self, wait: Duration = 30.0) -> None:
        """Waits until every ``publish_async`` so far has an outcome. Raises the first refusal that nobody was told
        of, or TimeoutError."""
        self._core.flush(milliseconds(wait, "wait"))

    def close(self, wait: Duration = 5.0) -> None:
        """Flushes for up to ``wait``, ends every consumer, closes. Idempotent.

        Raises the first refusal of a ``publish_async`` that nobody was told of, or IndeterminateError when publishes have no
        outcome by then; it says how many. The handle is closed all the same.
        """
        self._core.close(milliseconds(wait, "wait"))

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], exception: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        try:
            self.close()
        except Exception as error:
            note_close(exception, error)


def note_close(exception: Optional[BaseException], error: Exception) -> None:
    """A close at the end of a block failed. Raises, unless an exception of the block is on its way, which says more."""
    if exception is None:
        raise error
    if hasattr(exception, "add_note"):
        exception.add_note(f"While closing: {error}")


class Broker(Connection):
    """A broker in this process, over the store in a directory."""

    def listen(self, endpoint: str) -> str:
        """Serves other processes as well. "tcp://127.0.0.1:7733", "tcp://127.0.0.1:*" (any free port) or "ipc:///path".

        Returns the endpoint as bound. Only loopback and ipc: anything else is refused.
        """
        return self._core.listen(_checks.text(endpoint, "endpoint"))

    def check_health(self) -> None:
        """Raises StoreError when the broker stopped confirming, which it does after a failed commit, until it is reopened."""
        self._core.check_health()

    def __repr__(self) -> str:
        return f"<ackwire.Broker {self.state}>"


class Client(Connection):
    """A client of a broker in another process. Reconnects by itself, and repeats what was not confirmed."""

    def wait_connected(self, wait: Duration = 5.0) -> None:
        """Waits until connected. Raises TimeoutError."""
        self._core.wait_connected(milliseconds(wait, "wait"))

    def __repr__(self) -> str:
        return f"<ackwire.Client {self.state}>"


def open(path: Union[str, os.PathLike[Any]], **options: Unpack[BrokerOptions]) -> Broker:  # noqa: A001 - the product's verb
    """Opens a broker in this process over the store in a directory, which is made when absent.

    One process at a time: a second one gets StoreError. See BrokerOptions for the options.
    """
    return Broker(_core.Connection.open(_path(path), broker_options(options)))


def connect(endpoint: str, **options: Unpack[ClientOptions]) -> Client:
    """Connects to a broker: "tcp://127.0.0.1:7733" or "ipc:///path". See ClientOptions for the options.

    Raises TimeoutError when no broker answers within ``connect_timeout``. A connection that is lost, a broker that stays away
    and its return are warnings of the logger ``ackwire``.
    """
    client = Client(_core.Connection.connect(_checks.text(endpoint, "endpoint"), client_options(options)))
    _changes.watch()
    return client


def _path(path: Any) -> bytes:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path must be str or a path, not {type(path).__name__}")
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise ValueError("path must not hold a NUL character")
    return encoded
