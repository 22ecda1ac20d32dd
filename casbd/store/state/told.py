"""Messages to people: what was put together as one, when, and whether it arrived.

What goes as one message is written down before it is sent, so that after a crash the same message goes again, and no other one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from casbd.model.alert import Alert, Severity
from casbd.store.state import outbox

_SOME = 200
"""Alerts that are in memory at a time; each may name a thousand activities."""


class Told(NamedTuple):
    """A message. at: when it was put together (ms). severity: the highest in it. last: the outbox's last row in it; 0 once it is over."""

    at: int
    severity: Severity
    last: int = 0


def since(connection: sqlite3.Connection, destination: str, moment: int) -> list[Told]:
    """The messages to a recipient from then (ms) on, the oldest first."""
    query = "SELECT at, severity, last FROM told WHERE destination = ? AND at >= ? ORDER BY at"
    return [Told(*row) for row in connection.execute(query, (destination, moment))]


def begun(connection: sqlite3.Connection, destination: str) -> Told | None:
    """The message that was put together and is not over; None where there is none."""
    row = connection.execute("SELECT at, severity, last FROM told WHERE destination = ? AND last > 0", (destination,)).fetchone()
    return Told(*row) if row else None


def begin(connection: sqlite3.Connection, destination: str, message: Told, forget: int) -> None:
    """Write down what goes as one message. forget: what was told before then (ms) is of no interest any more."""
    connection.execute("DELETE FROM told WHERE destination = ? AND at < ? AND last = 0", (destination, forget))
    connection.execute("INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?)", (destination, *message))


def end(connection: sqlite3.Connection, destination: str, message: Told, now: int, refusal: str = "") -> None:
    """The message is over: all of its alerts leave the outbox. refusal: why nobody will ever take it; empty where it arrived."""
    connection.execute("UPDATE OR REPLACE told SET at = ?, last = 0 WHERE destination = ? AND last > 0", (now, destination))
    rows = _rows(connection, destination, message.last)  # never all of them in memory
    if refusal:
        for row in rows:
            outbox.refuse(connection, destination, row, row.body, refusal, now)
    else:
        outbox.handed_over(connection, destination, 0, now)
        outbox.settle(connection, destination, [outbox.Part(row.seq, 1, 0, whole=True) for row in rows])


def prune(connection: sqlite3.Connection, before: int) -> None:
    """Forget messages that were over before then (ms): of recipients that are gone nobody else does."""
    connection.execute("DELETE FROM told WHERE at < ? AND last = 0", (before,))


def alerts(connection: sqlite3.Connection, destination: str, message: Told) -> Iterator[Alert]:
    """The alerts of a message, in order."""
    for row in _rows(connection, destination, message.last):
        yield row.alert()


def _rows(connection: sqlite3.Connection, destination: str, last: int) -> Iterator[outbox.Row]:
    after = 0
    while rows := [row for row in outbox.head(connection, destination, _SOME, after) if row.seq <= last]:
        yield from rows
        after = rows[-1].seq


class Refusals(NamedTuple):
    """What a recipient did not take since the last message that it took. since: milliseconds."""

    destination: str
    since: int
    number: int
    reason: str


def refusals(connection: sqlite3.Connection) -> list[Refusals]:
    """By recipient of messages that refuses them."""
    query = (
        "SELECT destination, min(stored), count(*), reason FROM refused JOIN destinations ON name = destination"
        " WHERE name GLOB 'notify:*' AND destinations.refused > 0 AND stored > coalesce(last_delivery, 0) GROUP BY destination"
    )
    return [Refusals(*row) for row in connection.execute(query)]


def recipient_destination(name: str) -> str:
    """The name of a recipient's queue."""
    return f"notify:{name}"
