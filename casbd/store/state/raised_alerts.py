"""The alerts that were raised, or would have been."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from casbd.model.alert import Alert, Severity
from casbd.store.state.alert_filters import AlertFilters

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Alert).decode
_COLUMNS = (
    *("alert_id", "policy_id", "status", "severity", "category", "app", "user", "ip_address", "first_activity", "last_activity"),
    *("activity_count", "risk_score", "created", "suppressed", "read", "assigned_to", "incident_id", "merged_into", "resolution"),
    "closed",
)
_SAVE = (
    f"INSERT INTO alerts ({', '.join(_COLUMNS)}, body) VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"  # noqa: S608  our own words
    f" ON CONFLICT (alert_id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in (*_COLUMNS[1:], 'body'))}"
)


class Told(NamedTuple):
    """What the outputs heard last of an alert: how many activities and which severity it had, and when that was (ms). to: who has heard."""

    activity_count: int
    severity: Severity
    at: int
    to: frozenset[str]


def save(connection: sqlite3.Connection, alert: Alert) -> None:
    """Add an alert, or put it in the place of the one with its id. What was told of it stays."""
    connection.execute(_SAVE, (*(getattr(alert, name) for name in _COLUMNS), _encode(alert)))


def get(connection: sqlite3.Connection, alert_id: str) -> Alert | None:
    """One alert by its id."""
    row = connection.execute("SELECT body FROM alerts WHERE alert_id = ?", (alert_id,)).fetchone()
    return _decode(row[0]) if row else None


def some(connection: sqlite3.Connection, alert_ids: Iterable[str]) -> Iterator[Alert]:
    """The alerts with these ids, in their order; those that are gone are left out."""
    for alert_id in alert_ids:
        if (alert := get(connection, alert_id)) is not None:
            yield alert


def beginning_with(connection: sqlite3.Connection, start: str) -> list[Alert]:
    """The alerts whose ids begin so. An id has digits and the letters a to f, so `g` comes behind all that go on."""
    rows = connection.execute("SELECT body FROM alerts WHERE alert_id BETWEEN ?1 AND ?1 || 'g' ORDER BY alert_id", (start,))
    return [_decode(body) for (body,) in rows] if start else []


def find(connection: sqlite3.Connection, **equal: Any) -> Iterator[Alert]:
    """The alerts that meet these `AlertFilters`, oldest first. TypeError for what is none of them."""
    where, parameters = AlertFilters(**equal).sql()
    query = f"SELECT body FROM alerts WHERE {where} ORDER BY first_activity, alert_id"  # noqa: S608  our own words
    for (body,) in connection.execute(query, parameters):
        yield _decode(body)


def ending_since(connection: sqlite3.Connection, policy_id: str, since: int) -> list[Alert]:
    """The alerts of a policy (its very id) whose last activity is not before then (ms), without those that became a part of others."""
    query = "SELECT body FROM alerts WHERE policy_id = ? AND merged_into IS NULL AND last_activity >= ? ORDER BY first_activity, alert_id"
    return [_decode(body) for (body,) in connection.execute(query, (policy_id, since))]


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


def told(connection: sqlite3.Connection, alert_id: str) -> Told | None:
    """What the outputs heard last of an alert; None where it is held back from all of them."""
    query = "SELECT told_count, told_severity, told_at, told_to FROM alerts WHERE alert_id = ? AND told_at IS NOT NULL"
    row = connection.execute(query, (alert_id,)).fetchone()
    if row is None:
        return None
    count, severity, at, to = row
    return Told(count, severity, at, frozenset(msgspec.json.decode(to, type=list[str])))


def note_told(connection: sqlite3.Connection, alert: Alert, now: int, to: Collection[str]) -> None:
    """The outputs hear of an alert as it is, in the same transaction. to: those that have heard of it, now or before."""
    connection.execute(
        "UPDATE alerts SET told_count = ?, told_severity = ?, told_at = ?, told_to = ? WHERE alert_id = ?",
        (alert.activity_count, alert.severity, now, msgspec.json.encode(sorted(to)).decode(), alert.alert_id),
    )


def note_heard(connection: sqlite3.Connection, alert_id: str, output: str) -> None:
    """One more output has heard of an alert that others were told of, if it is still there."""
    row = connection.execute("SELECT told_to FROM alerts WHERE alert_id = ?", (alert_id,)).fetchone()
    if row is None:
        return
    (told,) = row
    to = sorted({*msgspec.json.decode(told, type=list[str]), output})
    connection.execute("UPDATE alerts SET told_to = ? WHERE alert_id = ?", (msgspec.json.encode(to).decode(), alert_id))


def told_between(
    connection: sqlite3.Connection, since: int, until: int, after: tuple[int, str] = (-1, ""), at_most: int = -1
) -> list[tuple[Alert, frozenset[str]]]:
    """Alerts of which something may have been told between these (ms), and who has heard of them; as they were raised.

    Without those that are held back, or a part of another one. after: behind the one that was created then and has that id.
    at_most: so many, -1: all.
    """
    rows = connection.execute(
        "SELECT body, told_to FROM alerts WHERE told_at >= ? AND created <= ? AND (created, alert_id) > (?, ?) AND merged_into IS NULL"
        " ORDER BY created, alert_id LIMIT ?",
        (since, until, *after, at_most),
    )
    return [(_decode(body), frozenset(msgspec.json.decode(told, type=list[str]))) for body, told in rows]


def grown_untold(connection: sqlite3.Connection, since: int, now: int, at_most: int) -> list[Alert]:
    """Alerts that have grown since the outputs heard of them, which was not after `since` (ms); the longest waiting first.

    Those too that were told later than now: a clock was set back.
    """
    query = (
        "SELECT body FROM alerts WHERE activity_count > told_count AND merged_into IS NULL"
        " AND (told_at <= ? OR told_at > ?) ORDER BY told_at, alert_id LIMIT ?"
    )
    return [_decode(body) for (body,) in connection.execute(query, (since, now, at_most)).fetchall()]


def move(connection: sqlite3.Connection, old: str, new: str) -> None:
    """The alerts of an incident are of another one."""
    for (body,) in connection.execute("SELECT body FROM alerts WHERE incident_id = ?", (old,)).fetchall():
        save(connection, replace(_decode(body), incident_id=new))


def prune(connection: sqlite3.Connection, before: int, at_most: int = -1) -> int:
    """Remove alerts whose activities and whose creation are older, at most so many (-1: all); how many."""
    query = "DELETE FROM alerts WHERE alert_id IN (SELECT alert_id FROM alerts WHERE first_activity < ?1 AND created < ?1 LIMIT ?2)"
    return connection.execute(query, (before, at_most)).rowcount
