"""What outputs refused for good: kept until retention removes it, to be looked at, sent again or dropped."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from typing import NamedTuple

from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.store.state.outbox import Kind, Row


class Refused(NamedTuple):
    """One message. kind: `activities` is an activity of which an older casbd kept the record alone. reason: the receiver's.
    at: when (ms)."""

    number: int
    kind: Kind
    body: bytes
    reason: str
    at: int

    @property
    def can_be_sent(self) -> bool:
        """Whether there is all of it."""
        return self.kind != "activities"

    def item(self) -> Alert | Activity | GovernanceCommand:
        """What the message was made of, where it can be sent."""
        return Row(self.number, self.kind, None, 0, self.body).item()


def listed(connection: sqlite3.Connection, destination: str, numbers: Collection[int] = ()) -> list[Refused]:
    """What a destination refused, in order. numbers: those alone."""
    rows = connection.execute("SELECT seq, kind, body, reason, stored FROM refused WHERE destination = ? ORDER BY seq", (destination,))
    return [one for one in map(Refused._make, rows) if not numbers or one.number in numbers]


def send_again(connection: sqlite3.Connection, destination: str, some: Collection[Refused], now: int) -> None:
    """Queue them behind all that waits, in order, inside a transaction; they are refused no more. now: ms."""
    connection.executemany(
        "INSERT INTO outbox (destination, kind, size, body, stored) VALUES (?, ?, ?, ?, ?)",
        [(destination, one.kind, len(one.body), one.body, now) for one in some],
    )
    drop(connection, some)


def drop(connection: sqlite3.Connection, some: Collection[Refused]) -> None:
    """Keep them no longer."""
    connection.executemany("DELETE FROM refused WHERE seq = ?", [(one.number,) for one in some])
