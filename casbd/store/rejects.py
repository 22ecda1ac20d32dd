"""Records that could not be read: kept, counted and listed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from casbd.model.chunk import Reject


def add(connection: sqlite3.Connection, rejects: Iterable[Reject], now: int) -> None:
    """Keep records that could not be read."""
    connection.executemany(
        "INSERT INTO rejects (input, input_file, input_offset, reason, raw, stored) VALUES (?, ?, ?, ?, ?, ?)",
        [(r.input, r.input_file, r.input_offset, r.reason, r.raw, now) for r in rejects],
    )


def every(connection: sqlite3.Connection) -> Iterator[tuple[int, Reject, int]]:
    """Rejects with their numbers and when they were stored (ms), in order."""
    rows = connection.execute("SELECT reject_id, input, input_file, input_offset, reason, raw, stored FROM rejects ORDER BY 1")
    for number, name, file, offset, reason, raw, stored in rows:
        yield number, Reject(input=name, input_file=file, input_offset=offset, reason=reason, raw=raw), stored


def prune(connection: sqlite3.Connection, before: int) -> int:
    """Remove those that were stored before then."""
    return connection.execute("DELETE FROM rejects WHERE stored < ?", (before,)).rowcount
