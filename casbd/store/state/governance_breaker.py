"""The breaker of governance: open once a ceiling was reached, until a person closes it. No restart and no clock closes it."""

from __future__ import annotations

import sqlite3

import msgspec

_NAME = "governance breaker"


class Breaker(msgspec.Struct, frozen=True):
    """An open one: since when (ms), and which ceiling was reached."""

    at: int
    reason: str


def opened(connection: sqlite3.Connection) -> Breaker | None:
    """The breaker where it is open; None where it is closed."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (_NAME,)).fetchone()
    return msgspec.json.decode(row[0], type=Breaker) if row else None


def open_it(connection: sqlite3.Connection, breaker: Breaker) -> None:
    """From the commit on nothing new is queued. One that is open stays as it is."""
    connection.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (_NAME, msgspec.json.encode(breaker).decode()))


def close(connection: sqlite3.Connection) -> None:
    """Commands are queued again, up to the ceilings."""
    connection.execute("DELETE FROM meta WHERE name = ?", (_NAME,))
