"""The alerts that were raised, or would have been."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import msgspec

from casbd.model.alert import Alert
from casbd.model.identity import canonical
from casbd.store.state.spelt import may_be

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Alert).decode
_COLUMNS = ("policy_id", "status", "severity", "category", "app", "user")


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


def beginning_with(connection: sqlite3.Connection, start: str) -> list[Alert]:
    """The alerts whose ids begin so. An id has digits and the letters a to f, so `g` comes behind all that go on."""
    rows = connection.execute("SELECT body FROM alerts WHERE alert_id BETWEEN ?1 AND ?1 || 'g' ORDER BY alert_id", (start,))
    return [_decode(body) for (body,) in rows] if start else []


def find(connection: sqlite3.Connection, **equal: str | None) -> Iterator[Alert]:
    """The alerts whose fields have these values (without regard to case; a user however the name is written; None: any), oldest first.

    SQL says which may be meant, and Python decides: SQLite knows the case of ASCII alone. An address is looked for in the body, where
    it stands as it is. Reads the whole table.
    """
    wanted = {field: value for field, value in equal.items() if value is not None}
    if not wanted.keys() <= {*_COLUMNS, "ip_address"}:
        raise ValueError(f"no such column: {sorted(wanted)}")
    where, parameters = ["1"], list[str | bytes]()
    for field, value in wanted.items():
        if field == "ip_address":
            where.append("instr(body, ?)")
            parameters.append(value.encode("utf-8", "surrogatepass"))
        elif field == "user":
            condition, values = may_be(field, value)
            where.append(condition)
            parameters += values
        elif value.isascii():
            where.append(f"({field} = ? COLLATE NOCASE OR length({field}) <> length(CAST({field} AS BLOB)))")
            parameters.append(value)
    query = f"SELECT body FROM alerts WHERE {' AND '.join(where)} ORDER BY first_activity, alert_id"  # noqa: S608  the columns are checked
    folded = {field: _folded(field, value) for field, value in wanted.items()}
    for (body,) in connection.execute(query, parameters):
        alert = _decode(body)
        if all(_folded(field, getattr(alert, field) or "") == value for field, value in folded.items()):
            yield alert


def _folded(field: str, value: str) -> str:
    return canonical(value) if field == "user" else value.casefold()


def any_of_policy(connection: sqlite3.Connection, policy_id: str) -> bool:
    """Whether there is any alert of a policy (without regard to case)."""
    return next(find(connection, policy_id=policy_id), None) is not None


def with_activity(connection: sqlite3.Connection, activity_id: str, timestamp: int) -> list[Alert]:
    """The alerts that an activity is one of the first 1,000 activities of, oldest first. timestamp: when it was."""
    query = "SELECT body FROM alerts WHERE first_activity <= ? AND instr(body, ?) ORDER BY first_activity, alert_id"
    alerts = (_decode(body) for (body,) in connection.execute(query, (timestamp, activity_id.encode("utf-8", "surrogatepass"))))
    return [alert for alert in alerts if activity_id in alert.activity_ids and timestamp <= alert.last_activity]


def raised_since(connection: sqlite3.Connection, policy_id: str, since: int, at_most: int) -> int:
    """How many alerts of a policy were created since then (ms) and sent; counts up to `at_most` and no further."""
    query = "SELECT count(*) FROM (SELECT 1 FROM alerts WHERE policy_id = ? AND suppressed = 0 AND created >= ? LIMIT ?)"
    (number,) = connection.execute(query, (policy_id, since, at_most)).fetchone()
    return int(number)


def prune(connection: sqlite3.Connection, before: int, at_most: int = -1) -> int:
    """Remove alerts whose activities and whose creation are older, at most so many (-1: all); how many."""
    query = "DELETE FROM alerts WHERE alert_id IN (SELECT alert_id FROM alerts WHERE first_activity < ?1 AND created < ?1 LIMIT ?2)"
    return connection.execute(query, (before, at_most)).rowcount
