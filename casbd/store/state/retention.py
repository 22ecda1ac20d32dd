"""How far retention has come: the time by which it last removed what was too old."""

from __future__ import annotations

import sqlite3

_NAME = "retention"
_REMOVED = "retention_removed"
_AHEAD = 86_400_000
"""Milliseconds that a record's own time may be ahead of its storing and still be believed about what time it is."""


def reached(connection: sqlite3.Connection) -> int | None:
    """Milliseconds since 1970; None before the first pass."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (_NAME,)).fetchone()
    return int(row[0]) if row else None


def reach(connection: sqlite3.Connection, at: int) -> None:
    """Inside a transaction: it has come so far."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_NAME, at))


def removed(connection: sqlite3.Connection) -> int | None:
    """Activities of before were removed (ms), or may be; None: none ever were, as far as it is known."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (_REMOVED,)).fetchone()
    return int(row[0]) if row else None


def remove(connection: sqlite3.Connection, before: int) -> None:
    """Inside a transaction, and before it is done: activities of before (ms) are removed."""
    if before > (removed(connection) or 0):
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_REMOVED, before))


def newest(connection: sqlite3.Connection) -> int | None:
    """The time of the newest activities, as far as it is known; None where there are none.

    A record whose time is ahead of its storing says nothing about the time: else one record of the far future would make retention
    remove everything. What is stored together with it counts by its oldest.
    """
    query = "SELECT max(CASE WHEN last <= stored + ?1 THEN last WHEN first <= stored + ?1 THEN first END) FROM "
    times = (connection.execute(query + table, (_AHEAD,)).fetchone()[0] for table in ("blocks", "segments"))
    return max((int(one) for one in times if one is not None), default=None)
