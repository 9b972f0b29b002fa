"""The verbs of the asyncio face that do nothing but wait for the same verb of the package.

Written by scripts/asyncio_verbs from the methods that are marked @awaited. Change them there, not here.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, List, Optional, TypeVar

from ._connection import Connection as SyncConnection
from ._dead_letters import DeadLetters as SyncDeadLetters
from ._options import QueueSettings
from ._queue import Queue as SyncQueue
from ._results import BrokerStats, DeadLetter, DeadMoved, Job, PeekedMessage, QueueInfo, Sample

if TYPE_CHECKING:
    from typing_extensions import Unpack

_T = TypeVar("_T")


class ConnectionVerbs:
    """The verbs of a Connection that are awaited."""

    _sync: SyncConnection

    async def _run(self, call: Callable[[], _T]) -> _T:
        raise TypeError("the face runs it")

    async def queues(self) -> List[QueueInfo]:
        return await self._run(self._sync.queues)

    async def remove_queue(self, name: str, *, force: bool=False) -> None:
        await self._run(lambda: self._sync.remove_queue(name, force=force))

    async def stats(self) -> BrokerStats:
        return await self._run(self._sync.stats)

    async def history(
        self, queue: Optional[str]=None, *, resolution: str='1s', start: Optional[datetime]=None
    ) -> List[Sample]:
        return await self._run(lambda: self._sync.history(queue, resolution=resolution, start=start))

    async def jobs(self) -> List[Job]:
        return await self._run(self._sync.jobs)

    async def cancel_job(self, id: int) -> Job:
        return await self._run(lambda: self._sync.cancel_job(id))

    async def request(self, verb: str, **members: Any) -> Dict[str, Any]:
        return await self._run(lambda: self._sync.request(verb, **members))



class QueueVerbs:
    """The verbs of a Queue that are awaited."""

    _sync: SyncQueue

    async def _run(self, call: Callable[[], _T]) -> _T:
        raise TypeError("the face runs it")

    async def peek(
        self, count: int=100, *, start: int=0, group: str='default', body_bytes: int=64 * 1024
    ) -> List[PeekedMessage]:
        return await self._run(lambda: self._sync.peek(count, start=start, group=group, body_bytes=body_bytes))

    async def info(self) -> QueueInfo:
        return await self._run(self._sync.info)

    async def set(self, **settings: Unpack[QueueSettings]) -> QueueInfo:
        return await self._run(lambda: self._sync.set(**settings))

    async def pause(self) -> None:
        await self._run(self._sync.pause)

    async def resume(self) -> None:
        await self._run(self._sync.resume)

    async def purge(self) -> int:
        return await self._run(self._sync.purge)

    async def create_group(self, group: str, *, from_oldest: bool=False) -> None:
        await self._run(lambda: self._sync.create_group(group, from_oldest=from_oldest))

    async def remove_group(self, group: str) -> None:
        await self._run(lambda: self._sync.remove_group(group))

    async def pause_group(self, group: str) -> None:
        await self._run(lambda: self._sync.pause_group(group))

    async def resume_group(self, group: str) -> None:
        await self._run(lambda: self._sync.resume_group(group))



class DeadLettersVerbs:
    """The verbs of a DeadLetters that are awaited."""

    _sync: SyncDeadLetters

    async def _run(self, call: Callable[[], _T]) -> _T:
        raise TypeError("the face runs it")

    async def list(
        self, count: int=100, *, start: int=0, reason: Optional[str]=None, body_bytes: int=64 * 1024
    ) -> List[DeadLetter]:
        return await self._run(lambda: self._sync.list(count, start=start, reason=reason, body_bytes=body_bytes))

    async def show(self, sequence: int) -> DeadLetter:
        return await self._run(lambda: self._sync.show(sequence))

    async def redrive(self, sequences: Optional[Iterable[int]]=None, *, reason: Optional[str]=None) -> DeadMoved:
        return await self._run(lambda: self._sync.redrive(sequences, reason=reason))

    async def discard(self, sequences: Optional[Iterable[int]]=None, *, reason: Optional[str]=None) -> DeadMoved:
        return await self._run(lambda: self._sync.discard(sequences, reason=reason))
