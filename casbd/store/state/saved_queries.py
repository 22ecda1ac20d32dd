"""Saved searches."""

from __future__ import annotations

import sqlite3


def every(connection: sqlite3.Connection) -> dict[str, bytes]:
    """All of them by name: the options of each, as JSON."""
    return dict(connection.execute("SELECT name, body FROM queries ORDER BY name COLLATE NOCASE"))


def save(connection: sqlite3.Connection, name: str, body: bytes) -> None:
    """Add one, or put it in the place of the one with this name."""
    connection.execute("INSERT OR REPLACE INTO queries VALUES (?, ?)", (name, body))


def delete(connection: sqlite3.Connection, name: str) -> None:
    """Remove the one with this name."""
    connection.execute("DELETE FROM queries WHERE name = ?", (name,))
