"""Ackwire: a durable queue with an acknowledgement for everything.

At-least-once delivery, embedded (``open``) or remote (``connect``), with the same verbs::

    import ackwire

    with ackwire.open("./data") as broker:
        orders = broker.queue("orders")
        receipt = orders.publish(b"...", idempotency_key="order-91")
        for message in orders.consume():
            with message:
                handle(message.body)
"""

from . import _core
from ._connection import Broker, Client, Connection, connect, open
from ._consumer import Consumer
from ._core import LeaseToken, Message, Receipt
from ._dead_letters import DeadLetters
from ._durations import Duration
from ._errors import (
    AckwireError,
    ClosedError,
    ForkedError,
    IndeterminateError,
    InvalidError,
    KeyConflictError,
    NotFoundError,
    OverloadedError,
    ProtocolError,
    RefusedError,
    Reject,
    StaleLeaseError,
    StoreError,
    TimeoutError,
)
from ._options import BrokerOptions, ClientOptions, QueueSettings
from ._outgoing import Outgoing
from ._pending import PendingPublish
from ._queue import Queue
from ._results import (
    AttemptError,
    BrokerStats,
    DeadLetter,
    DeadMoved,
    GroupInfo,
    Job,
    PeekedMessage,
    QueueInfo,
    QueuePolicy,
    Sample,
)
from ._stopping import stop, stop_on_signals, stopping
from ._value import Settled

import atexit as _atexit

_atexit.register(_core.close_all)

__version__ = _core.version()

__all__ = [
    "AckwireError",
    "AttemptError",
    "Broker",
    "BrokerOptions",
    "BrokerStats",
    "Client",
    "ClientOptions",
    "ClosedError",
    "Connection",
    "Consumer",
    "DeadLetter",
    "DeadLetters",
    "DeadMoved",
    "Duration",
    "ForkedError",
    "GroupInfo",
    "IndeterminateError",
    "InvalidError",
    "Job",
    "KeyConflictError",
    "LeaseToken",
    "Message",
    "NotFoundError",
    "Outgoing",
    "OverloadedError",
    "PeekedMessage",
    "PendingPublish",
    "ProtocolError",
    "Queue",
    "QueueInfo",
    "QueuePolicy",
    "QueueSettings",
    "Receipt",
    "RefusedError",
    "Reject",
    "Sample",
    "Settled",
    "StaleLeaseError",
    "StoreError",
    "TimeoutError",
    "connect",
    "open",
    "stop",
    "stop_on_signals",
    "stopping",
]
