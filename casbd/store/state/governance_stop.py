"""Whether governance is stopped: nothing is sent to a connector until somebody starts it again, after a restart neither."""

from __future__ import annotations

import sqlite3

import msgspec

_NAME = "governance stopped"


class Stopped(msgspec.Struct, frozen=True):
    """Since when (ms), by whom, and why."""

    at: int
    who: str
    reason: str = ""


def stopped(connection: sqlite3.Connection) -> Stopped | None:
    """Who has stopped it; None where it is not."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (_NAME,)).fetchone()
    return msgspec.json.decode(row[0], type=Stopped) if row else None


def stop(connection: sqlite3.Connection, by: Stopped) -> None:
    """From the commit on nothing new is sent."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_NAME, msgspec.json.encode(by).decode()))


def start(connection: sqlite3.Connection) -> None:
    """What waits is judged, and goes if nothing is against it."""
    connection.execute("DELETE FROM meta WHERE name = ?", (_NAME,))
