"""What reports count: alerts of years, without what each of them says; commands and rejects by number alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import msgspec

from casbd.model.alert import PolicyType, Resolution, Severity


class AlertSummary(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Some fields of an alert (`casbd/model/alert.py`). A hundred thousand of them are in memory at once."""

    alert_id: str
    policy_id: str
    policy_name: str
    policy_type: PolicyType
    severity: Severity
    category: str | None = None
    user: str | None = None
    app: str | None = None
    app_instance: str | None = None
    ip_address: str | None = None
    country: str | None = None
    first_activity: int = 0
    status: str = "open"
    resolution: Resolution | None = None
    created: int = 0
    closed: int | None = None
    merged_into: str | None = None
    incident_id: str | None = None


_decode = msgspec.msgpack.Decoder(AlertSummary).decode


def alerts(connection: sqlite3.Connection, since: int = 0, until: int = 2**62) -> Iterator[AlertSummary]:
    """The alerts whose first activity was in a span (ms, both ends included), oldest first; not those that are part of another one."""
    query = "SELECT body FROM alerts WHERE first_activity BETWEEN ? AND ? ORDER BY first_activity, alert_id"
    for (body,) in connection.execute(query, (since, until)):
        alert = _decode(body)
        if alert.merged_into is None:
            yield alert


def spans(connection: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """By policy that has alerts, the first and the last activity (ms) of them."""
    query = "SELECT policy_id, min(first_activity), max(last_activity) FROM alerts GROUP BY policy_id"
    return {policy: (first, last) for policy, first, last in connection.execute(query)}


def commands(connection: sqlite3.Connection, since: int, until: int) -> list[tuple[str, str, int]]:
    """Action, status and number of the governance commands that were created in a span (ms), the most first."""
    query = "SELECT action, status, count(*) FROM governance WHERE created BETWEEN ? AND ? GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
    return connection.execute(query, (since, until)).fetchall()


def rejects(connection: sqlite3.Connection, since: int, until: int, most: int) -> list[tuple[str, str, int]]:
    """Input, reason and number of the records that could not be read in a span (ms) and are still kept, the most first."""
    query = "SELECT input, reason, count(*) FROM rejects WHERE stored BETWEEN ? AND ? GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT ?"
    return connection.execute(query, (since, until, most)).fetchall()


def refused(connection: sqlite3.Connection, since: int) -> list[tuple[str, int, str]]:
    """Destination, number and latest reason of the messages that were refused since then (ms) and are still kept."""
    query = "SELECT destination, count(*), reason, max(seq) FROM refused WHERE stored >= ? GROUP BY 1 ORDER BY 1"
    return [(destination, number, reason) for destination, number, reason, _ in connection.execute(query, (since,))]
