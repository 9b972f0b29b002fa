"""Verbs by their names, as the wire has them."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, Mapping, TypeVar

from . import _checks, _core

_F = TypeVar("_F", bound=Callable[..., Any])


def awaited(method: _F) -> _F:
    """Marks a method that the asyncio face has as well, awaited: scripts/asyncio_verbs writes it there."""
    return method


def ask(core: _core.Connection, verb: str, members: Mapping[str, Any]) -> Dict[str, Any]:
    """The reply of a verb, without the member that names it."""
    reply = json.loads(core.request(_checks.text(verb, "verb"), json.dumps(members)))
    del reply["reply"]
    return dict(reply)
