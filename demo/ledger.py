"""The ledger: the effects of events, in SQLite. An effect and its key are written in one transaction."""

from __future__ import annotations

import pathlib
import sqlite3
from typing import Set

SCHEMA = """
CREATE TABLE IF NOT EXISTS applied (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS effect (key TEXT NOT NULL, kind TEXT NOT NULL, bytes INTEGER NOT NULL, worker TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS repeat (key TEXT NOT NULL);
"""


class Ledger:
    """One connection. ``effect`` has no unique key on purpose: a doubled effect would be seen, not refused by the table."""

    def __init__(self, path: pathlib.Path) -> None:
        self._database = sqlite3.connect(path, timeout=30, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")  # survives SIGKILL, which is what happens here
        self._database.executescript(SCHEMA)

    def apply(self, key: str, kind: str, size: int, worker: str) -> bool:
        """Records the effect, unless its key was recorded before. False: it was, and that is noted."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            fresh = self._database.execute("INSERT OR IGNORE INTO applied VALUES (?)", (key,)).rowcount == 1
            if fresh:
                self._database.execute("INSERT INTO effect VALUES (?, ?, ?, ?)", (key, kind, size, worker))
            else:
                self._database.execute("INSERT INTO repeat VALUES (?)", (key,))
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")
        return fresh

    def effects(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM effect").fetchone()[0])

    def repeats(self) -> int:
        """Deliveries of events that were applied before."""
        return int(self._database.execute("SELECT count(*) FROM repeat").fetchone()[0])

    def doubled(self) -> int:
        """Effects beyond the first of their key."""
        return int(self._database.execute("SELECT count(*) - count(DISTINCT key) FROM effect").fetchone()[0])

    def keys(self) -> Set[str]:
        return {row[0] for row in self._database.execute("SELECT DISTINCT key FROM effect")}

    def close(self) -> None:
        self._database.close()
