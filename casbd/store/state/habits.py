"""The memories of anomaly policies: a row for what is remembered and whose it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

Name = tuple[str, str]
"""What is remembered, and whose."""


class StoredHabits:
    """See `casbd.habits.habits.Shelf`; inside a transaction of the connection's."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, name: Name) -> bytes | None:
        """A memory; None where there is none."""
        row = self._connection.execute("SELECT memory FROM habits WHERE remembers = ? AND who = ?", name).fetchone()
        return row[0] if row else None

    def put(self, kept: Sequence[tuple[Name, int, bytes]]) -> None:
        """Store some, with the times of their newest activities (ms)."""
        self._connection.executemany(
            "INSERT INTO habits VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET newest = excluded.newest, memory = excluded.memory",
            [(*name, newest, packed) for name, newest, packed in kept],
        )
