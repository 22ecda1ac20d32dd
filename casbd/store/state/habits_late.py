"""What came too late to be judged by what was usual then, and is still to be judged from the log: by what is remembered.

How late it may be says `habits/habits.py`; when it is judged `pipeline/learning.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from typing import NamedTuple

PRIORITY = ""
"""In the place of what is remembered: the rises of users' priority, which are judged when all else is."""

Noted = Mapping[str, tuple[int, int]]
"""By what is remembered: the oldest of what came late (event time, ms), and how many activities."""
SHARE = 20
"""What comes late is judged from the log when it is the twentieth part of what is read for it, or when twenty times as long has gone by as
that takes: so it costs at most some twentieth of all, however often something comes late."""


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


def began(connection: sqlite3.Connection, remembers: str, now: int) -> int:
    """When it began to be learned what was usual (ms): now, or before casbd was killed. Alerts of what happened since then are raised."""
    query = "INSERT INTO habits_late (remembers, at) VALUES (?, ?) ON CONFLICT DO UPDATE SET at = coalesce(at, excluded.at)"
    connection.execute(query, (remembers, now))
    (at,) = connection.execute("SELECT at FROM habits_late WHERE remembers = ?", (remembers,)).fetchone()
    return int(at)


def begun(connection: sqlite3.Connection) -> set[str]:
    """What is being learned."""
    return {name for (name,) in connection.execute("SELECT remembers FROM habits_late WHERE since IS NULL AND at IS NOT NULL")}


def waiting(connection: sqlite3.Connection) -> dict[str, Late]:
    """All that waits, by what is remembered."""
    rows = connection.execute("SELECT remembers, since, number, at, took, observed FROM habits_late WHERE since IS NOT NULL")
    return {row[0]: Late(*row) for row in rows}


def due(late: Collection[Late]) -> int:
    """When what came late is to be judged from the log (milliseconds since 1970); 0: at once, as it is that much."""
    number, observed = sum(one.number for one in late), sum(one.observed for one in late)
    return 0 if number * SHARE >= observed else min(one.at for one in late) + SHARE * sum(one.took for one in late)


def is_judged(connection: sqlite3.Connection, remembers: str, took: int = 0, observed: int = 0) -> None:
    """Nothing of it waits any more. took (ms), observed: see Late."""
    connection.execute(
        "UPDATE habits_late SET since = NULL, number = 0, at = NULL, took = ?, observed = ? WHERE remembers = ?",
        (took, observed, remembers),
    )


def forget(connection: sqlite3.Connection, remembers: str) -> None:
    """It is observed no more."""
    connection.execute("DELETE FROM habits_late WHERE remembers = ?", (remembers,))
