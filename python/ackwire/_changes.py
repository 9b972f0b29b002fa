"""Says in the log when a broker cannot be reached, since when, and when it is back. One thread for all clients of the process."""

from __future__ import annotations

import logging
import os
import threading
import time
from datetime import datetime
from typing import Any, Dict, Optional

from . import _core

log = logging.getLogger("ackwire")

_FIRST_WORD_S = 5.0  # of "still not there"; then twice as long each time
_LONGEST_SILENCE_S = 300.0
_IDLE_MS = 60_000

_pid: Optional[int] = None
_start = threading.Lock()


class _Outage:
    """A broker that cannot be reached."""

    def __init__(self, endpoint: str, reason: str) -> None:
        self.endpoint = endpoint
        self.reason = reason
        self.began = time.monotonic()
        self.since = datetime.now().astimezone().isoformat(" ", "seconds")
        self.silence = _FIRST_WORD_S
        self.next_word = self.began + self.silence

    def remind(self, now: float) -> None:
        if now < self.next_word:
            return
        log.warning("no broker at %s since %s (%.0f s): %s. The library keeps connecting.",
                    self.endpoint, self.since, now - self.began, self.reason)  # fmt: skip
        self.silence = min(2 * self.silence, _LONGEST_SILENCE_S)
        self.next_word = now + self.silence


class _Watch:
    def __init__(self) -> None:
        self._outages: Dict[int, _Outage] = {}

    def run(self) -> None:
        while True:
            now = time.monotonic()
            next_word = min((outage.next_word for outage in self._outages.values()), default=None)
            change: Any = _core.next_change(_IDLE_MS if next_word is None else max(1, round((next_word - now) * 1_000)))
            if change is False:
                return
            try:
                if change is not None:
                    self._changed(*change)
                for outage in self._outages.values():
                    outage.remind(time.monotonic())
            except Exception:  # a handler of the application's may raise: the next change is said all the same
                pass

    def _changed(self, client: int, endpoint: str, state: str, reason: str) -> None:
        outage = self._outages.get(client)
        if state == "closed":
            self._outages.pop(client, None)
        elif state == "connected" and outage is not None:
            del self._outages[client]
            log.warning("connected to %s again, after %.1f s", endpoint, time.monotonic() - outage.began)
        elif state != "connected" and outage is None:
            self._outages[client] = _Outage(endpoint, reason.rstrip("."))
            if state == "disconnected":
                log.warning(
                    "no connection to %s any more: %s. The library keeps connecting; what was confirmed is stored, "
                    "and what was not is sent again.",
                    endpoint,
                    reason.rstrip("."),
                )


def watch() -> None:
    """Called at every connect: the thread stays with the process that made it."""
    global _pid
    with _start:
        if _pid == os.getpid():
            return
        _pid = os.getpid()
        threading.Thread(target=_Watch().run, name="ackwire-log", daemon=True).start()
