"""What came too late to be judged by what was usual then, and is still to be judged from the log: by what is remembered.

How late it may be says `habits/habits.py`; when it is judged `pipeline/learning.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

PRIORITY = ""
"""In the place of what is remembered: the rises of users' priority, which are judged when all else is."""

Noted = Mapping[str, tuple[int, int]]
"""By what is remembered: the oldest of what came late (event time, ms), and how many activities."""


class Late(NamedTuple):
    """What waits of one. since: the oldest of it (event time, ms). number: of activities. at: when the first of it came (ms).

    took, observed: how long (ms) it took to judge it from the log the last time, and how many activities those were; 0: never yet.
    """

    remembers: str
    since: int
    number: int
    at: int
    took: int
    observed: int


def note(connection: sqlite3.Connection, late: Noted, now: int) -> None:
    """Inside the transaction that stores it: some more came late. now: milliseconds since 1970."""
    connection.executemany(
        "INSERT INTO habits_late (remembers, since, number, at) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
        " SET since = min(coalesce(since, excluded.since), excluded.since), number = number + excluded.number,"
        " at = coalesce(at, excluded.at)",
        [(remembers, since, number, now) for remembers, (since, number) in late.items()],
    )


def waiting(connection: sqlite3.Connection) -> dict[str, Late]:
    """All that waits, by what is remembered."""
    rows = connection.execute("SELECT remembers, since, number, at, took, observed FROM habits_late WHERE since IS NOT NULL")
    return {row[0]: Late(*row) for row in rows}


def is_judged(connection: sqlite3.Connection, remembers: str, took: int = 0, observed: int = 0) -> None:
    """Nothing of it waits any more. took (ms), observed: see Late."""
    connection.execute(
        "UPDATE habits_late SET since = NULL, number = 0, at = NULL, took = ?, observed = ? WHERE remembers = ?",
        (took, observed, remembers),
    )


def forget(connection: sqlite3.Connection, remembers: str) -> None:
    """It is observed no more."""
    connection.execute("DELETE FROM habits_late WHERE remembers = ?", (remembers,))
