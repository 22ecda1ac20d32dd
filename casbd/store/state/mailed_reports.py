"""Up to which month reports were mailed."""

from __future__ import annotations

import sqlite3

_NAME = "monthly report"


def last(connection: sqlite3.Connection) -> str | None:
    """The month (`2026-10`) of the last one; None where none was, and nobody has asked for one before."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (_NAME,)).fetchone()
    return str(row[0]) if row else None


def note(connection: sqlite3.Connection, month: str) -> None:
    """That of a month is mailed, or is not to be."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_NAME, month))
