"""Verbs by their names, as the wire has them."""

from __future__ import annotations

import json
from typing import Any, Dict, Mapping

from . import _checks, _core


def ask(core: _core.Connection, verb: str, members: Mapping[str, Any]) -> Dict[str, Any]:
    """The reply of a verb, without the member that names it."""
    reply = json.loads(core.request(_checks.text(verb, "verb"), json.dumps(members)))
    del reply["reply"]
    return dict(reply)
