"""The alerts that were raised, or would have been."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import msgspec

from casbd.model.alert import Alert

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Alert).decode


def save(connection: sqlite3.Connection, alert: Alert) -> None:
    """Add an alert, or put it in the place of the one with its id."""
    connection.execute(
        "INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            alert.alert_id,
            alert.policy_id,
            alert.status,
            alert.severity,
            alert.category,
            alert.app,
            alert.user,
            alert.first_activity,
            alert.created,
            alert.suppressed,
            _encode(alert),
        ),
    )


def get(connection: sqlite3.Connection, alert_id: str) -> Alert | None:
    """One alert by its id."""
    row = connection.execute("SELECT body FROM alerts WHERE alert_id = ?", (alert_id,)).fetchone()
    return _decode(row[0]) if row else None


def find(connection: sqlite3.Connection, **equal: str | None) -> Iterator[Alert]:
    """The alerts whose columns have these values (without regard to case; None: any), oldest first."""
    wanted = {column: value for column, value in equal.items() if value is not None}
    if not wanted.keys() <= {"policy_id", "status", "severity", "category", "app", "user"}:
        raise ValueError(f"no such column: {sorted(wanted)}")
    where = " AND ".join(f"{column} = ? COLLATE NOCASE" for column in wanted) or "1"
    query = f"SELECT body FROM alerts WHERE {where} ORDER BY first_activity, alert_id"  # noqa: S608  the columns are checked
    for (body,) in connection.execute(query, tuple(wanted.values())):
        yield _decode(body)


def raised_since(connection: sqlite3.Connection, policy_id: str, since: int, at_most: int) -> int:
    """How many alerts of a policy were created since then (ms) and sent; counts up to `at_most` and no further."""
    query = "SELECT count(*) FROM (SELECT 1 FROM alerts WHERE policy_id = ? AND suppressed = 0 AND created >= ? LIMIT ?)"
    (number,) = connection.execute(query, (policy_id, since, at_most)).fetchone()
    return int(number)


def prune(connection: sqlite3.Connection, before: int, at_most: int = -1) -> int:
    """Remove alerts whose activities and whose creation are older, at most so many (-1: all); how many."""
    query = "DELETE FROM alerts WHERE alert_id IN (SELECT alert_id FROM alerts WHERE first_activity < ?1 AND created < ?1 LIMIT ?2)"
    return connection.execute(query, (before, at_most)).rowcount
