"""Keyword options read by name: what the core is given."""

from __future__ import annotations

from typing import Any, Dict, Mapping

from ._settings import BROKER, CLIENT, QUEUE, BrokerOptions, ClientOptions, QueueSettings, Reader

__all__ = ["BrokerOptions", "ClientOptions", "QueueSettings", "broker_options", "client_options", "queue_settings"]


def _read(given: Mapping[str, Any], readers: Dict[str, Reader], call: str) -> Dict[str, Any]:
    made = {}
    for name, value in given.items():
        if name not in readers:
            raise TypeError(f"{call}() has no option {name!r}; there are {', '.join(readers)}")
        made[name] = readers[name](value, name)
    return made


def broker_options(given: Mapping[str, Any]) -> Dict[str, Any]:
    return _read(given, BROKER, "open")


def client_options(given: Mapping[str, Any]) -> Dict[str, Any]:
    return _read(given, CLIENT, "connect")


def queue_settings(given: Mapping[str, Any], call: str) -> Dict[str, Any]:
    return _read(given, QUEUE, call)
