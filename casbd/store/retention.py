"""How far retention has come: the time by which it last removed what was too old."""

from __future__ import annotations

import sqlite3

_NAME = "retention"
_AHEAD = 86_400_000
"""Milliseconds that a record's own time may be ahead of its storing and still tell what time it is."""


def reached(connection: sqlite3.Connection) -> int | None:
    """Milliseconds since 1970; None before the first pass."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (_NAME,)).fetchone()
    return int(row[0]) if row else None


def reach(connection: sqlite3.Connection, at: int) -> None:
    """Inside a transaction: it has come so far."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_NAME, at))


def newest(connection: sqlite3.Connection) -> int | None:
    """The time of the newest activity, and of one from the future that of its storing and a day; None where there is none."""
    blocks = connection.execute("SELECT max(min(last, stored + ?)) FROM blocks", (_AHEAD,)).fetchone()[0]
    segments = connection.execute("SELECT max(min(last, stored + ?)) FROM segments", (_AHEAD,)).fetchone()[0]
    return max((int(one) for one in (blocks, segments) if one is not None), default=None)
