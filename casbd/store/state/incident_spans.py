"""When users and addresses had alerts: by these spans of event time it is found which incident an alert belongs to.

The spans of one subject never touch: what touches is one incident, and one span.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from casbd.store.state import raised_alerts


class Span(NamedTuple):
    """From when to when (ms, both included) alerts of a subject, a user or an address, are of an incident."""

    subject: str
    first: int
    last: int
    incident_id: str


def touching(connection: sqlite3.Connection, subject: str, first: int, last: int) -> Iterator[Span]:
    """The spans of a subject that share a moment with this one."""
    rows = connection.execute("SELECT * FROM incident_spans WHERE subject = ? AND last >= ? ORDER BY last", (subject, first))
    for row in rows:
        if row[1] > last:
            break
        yield Span(*row)


def replace(connection: sqlite3.Connection, spans: Sequence[Span], new: Span) -> None:
    """Put one span in the place of those that it holds."""
    if [*spans] == [new]:
        return
    connection.executemany("DELETE FROM incident_spans WHERE subject = ? AND last = ?", [(span.subject, span.last) for span in spans])
    connection.execute("INSERT INTO incident_spans VALUES (?, ?, ?, ?)", new)


def began(connection: sqlite3.Connection, incident_id: str) -> int:
    """When the earliest span of an incident begins."""
    (first,) = connection.execute("SELECT min(first) FROM incident_spans WHERE incident_id = ?", (incident_id,)).fetchone()
    return int(first)


def size(connection: sqlite3.Connection, incident_id: str, at_most: int) -> int:
    """How many alerts an incident has; counts up to `at_most` and no further."""
    query = "SELECT count(*) FROM (SELECT 1 FROM alerts WHERE incident_id = ? LIMIT ?)"
    (number,) = connection.execute(query, (incident_id, at_most)).fetchone()
    return int(number)


def rename(connection: sqlite3.Connection, old: str, new: str) -> None:
    """All spans and alerts of an incident are of another one."""
    connection.execute("UPDATE incident_spans SET incident_id = ? WHERE incident_id = ?", (new, old))
    raised_alerts.move(connection, old, new)


def prune(connection: sqlite3.Connection, before: int, at_most: int = -1) -> int:
    """Remove spans that are older and of which no alert is left, at most so many (-1: all); how many."""
    query = (
        "DELETE FROM incident_spans WHERE (subject, last) IN (SELECT subject, last FROM incident_spans AS old WHERE last < ?1"
        " AND NOT EXISTS (SELECT 1 FROM alerts WHERE alerts.incident_id = old.incident_id) LIMIT ?2)"
    )
    return connection.execute(query, (before, at_most)).rowcount
