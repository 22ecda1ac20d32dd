"""Records that could not be read: kept, counted and listed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from casbd.model.chunk import Reject

MOST = 200_000
"""So many are kept, some hundred megabytes: a file full of nonsense must not fill the disk. All are counted (`inputs`)."""


def add(connection: sqlite3.Connection, rejects: Sequence[Reject], now: int) -> None:
    """Keep records that could not be read, and in the place of the oldest where there are too many."""
    connection.executemany(
        "INSERT INTO rejects (input, input_file, input_offset, reason, raw, stored) VALUES (?, ?, ?, ?, ?, ?)",
        [(r.input, r.input_file, r.input_offset, r.reason, r.raw, now) for r in rejects],
    )
    if rejects:
        connection.execute("DELETE FROM rejects WHERE reject_id <= (SELECT max(reject_id) FROM rejects) - ?", (MOST,))


def every(connection: sqlite3.Connection) -> Iterator[tuple[int, Reject, int]]:
    """Rejects with their numbers and when they were stored (ms), in order."""
    rows = connection.execute("SELECT reject_id, input, input_file, input_offset, reason, raw, stored FROM rejects ORDER BY 1")
    for number, name, file, offset, reason, raw, stored in rows:
        yield number, Reject(input=name, input_file=file, input_offset=offset, reason=reason, raw=raw), stored


def prune(connection: sqlite3.Connection, before: int, at_most: int = -1) -> int:
    """Remove those that were stored before then, at most so many (-1: all); how many."""
    query = "DELETE FROM rejects WHERE reject_id IN (SELECT reject_id FROM rejects WHERE stored < ? LIMIT ?)"
    return connection.execute(query, (before, at_most)).rowcount
