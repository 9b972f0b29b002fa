"""A message on its way in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Mapping, Optional, Union

from ._durations import Duration

if TYPE_CHECKING:
    from typing_extensions import Buffer

Text = Union[str, bytes]


@dataclass
class Outgoing:
    """A message for ``publish_many``: a body and what goes with it. Same meaning and limits as the arguments of ``publish``."""

    body: Buffer
    idempotency_key: Optional[Text] = None
    ordering_key: Optional[Text] = None
    headers: Optional[Mapping[str, Text]] = None
    delay: Optional[Duration] = None
    ttl: Optional[Duration] = None
