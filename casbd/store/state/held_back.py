"""Alerts that were stored and not sent: since when, and how many, until that has been said."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Literal, NamedTuple

Why = Literal["suppress", "daily_limit"]


class HeldBack(NamedTuple):
    """What is held back of a policy. subject: of `suppress`, whose alerts; of `daily_limit` empty.

    since: of `suppress`, when the one before them was sent; of `daily_limit`, when the first of them was raised (ms).
    """

    policy: str
    why: Why
    subject: str
    since: int
    number: int


def get(connection: sqlite3.Connection, policy: str, why: Why, subject: str) -> HeldBack | None:
    """What is held back of a policy and subject; None where nothing is."""
    row = connection.execute("SELECT * FROM held_back WHERE policy_id = ? AND why = ? AND subject = ?", (policy, why, subject)).fetchone()
    return HeldBack(*row) if row else None


def put(connection: sqlite3.Connection, held: HeldBack) -> None:
    """Store it in the place of what was held back of the same policy and subject."""
    connection.execute("INSERT OR REPLACE INTO held_back VALUES (?, ?, ?, ?, ?)", held)


def forget(connection: sqlite3.Connection, held: HeldBack) -> None:
    """It is over, and said."""
    connection.execute("DELETE FROM held_back WHERE policy_id = ? AND why = ? AND subject = ?", held[:3])


def every(connection: sqlite3.Connection) -> Iterator[HeldBack]:
    """All there are, the oldest first."""
    for row in connection.execute("SELECT * FROM held_back ORDER BY since, policy_id, why, subject").fetchall():
        yield HeldBack(*row)
