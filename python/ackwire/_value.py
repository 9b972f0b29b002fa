"""What the classes of results have in common, and those that are made by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Tuple

if TYPE_CHECKING:
    from ._results import GroupInfo


class Value:
    """Slots in Python 3.9 too, where dataclasses cannot make them, and a pickle that does not assign to frozen fields."""

    __slots__: Tuple[str, ...] = ()

    def __reduce__(self) -> Any:
        return type(self), tuple(getattr(self, name) for name in self.__slots__)


class HasGroups:
    """A queue, whose groups have names."""

    __slots__: Tuple[str, ...] = ()
    groups: Tuple[GroupInfo, ...]

    def group(self, name: str = "default") -> GroupInfo:
        """The group of that name. KeyError when there is none."""
        for group in self.groups:
            if group.name == name:
                return group
        raise KeyError(name)


@dataclass(frozen=True)
class Settled(Value):
    """What became of a batch settle."""

    __slots__ = ("applied", "stale")
    applied: int  # now true and durable
    stale: Tuple[int, ...]  # sequences whose lease had ended: nothing changed for them
