"""Incidents, each put together from its alerts: what a person or retention does to these needs no second place to be kept."""

# ruff: noqa: S608  our own words

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, Literal, get_args

import msgspec

from casbd.model.alert import SEVERITIES, Alert, Severity
from casbd.model.incident import Incident
from casbd.store.state.alert_filters import AlertFilters

Sort = Literal["last_activity", "first_activity", "severity", "risk_score", "alerts"]
SORTS: tuple[Sort, ...] = get_args(Sort)

MOST_LISTED = 100
NAMED = 3
"""Policies in a title."""

_decode = msgspec.msgpack.Decoder(Alert).decode
_RANKS = " ".join(f"WHEN '{name}' THEN {rank}" for rank, name in enumerate(SEVERITIES))
_RANK = f"CASE severity {_RANKS} END"
_MEMBERS = "incident_id IS NOT NULL AND merged_into IS NULL"
_SUMS = f"""
SELECT incident_id, min(first_activity) AS first_activity, max(last_activity) AS last_activity, count(*) AS alerts,
    sum(status = 'open') AS open_alerts, max(risk_score) AS risk_score,
    min({len(SEVERITIES) - 1}, max({_RANK}) + (count(DISTINCT policy_id) >= 3 AND count(DISTINCT category) >= 2)) AS severity
FROM alerts WHERE {_MEMBERS}
"""


class IncidentFilters(msgspec.Struct, frozen=True, kw_only=True):
    """All of these must hold; None: any. user, ip_address: of any of its alerts. since: its last activity is not before then (ms);
    until: nor its first one after then."""

    status: Literal["open", "closed"] | None = None
    severity: Severity | None = None
    user: str | None = None
    ip_address: str | None = None
    since: int | None = None
    until: int | None = None

    def sql(self) -> tuple[str, list[str | int]]:
        """The incidents that meet them, as sums, and the parameters of that."""
        sums, parameters = _SUMS, list[str | int]()
        if self.user is not None or self.ip_address is not None:
            about, parameters = AlertFilters(user=self.user, ip_address=self.ip_address).sql()
            sums += f" AND incident_id IN (SELECT incident_id FROM alerts WHERE {about})"
        having = {
            "(open_alerts > 0) = ?": None if self.status is None else self.status == "open",
            "severity = ?": None if self.severity is None else SEVERITIES.index(self.severity),
            "last_activity >= ?": self.since,
            "first_activity <= ?": self.until,
        }
        asked = {condition: value for condition, value in having.items() if value is not None}
        return f"FROM ({sums} GROUP BY incident_id) WHERE {' AND '.join(asked) or '1'}", [*parameters, *asked.values()]


def find(connection: sqlite3.Connection, filters: IncidentFilters, sort: Sort = "last_activity", limit: int = 0) -> Iterator[Incident]:
    """The incidents that meet the filters, those with most of what is sorted by first; at most so many, 0: all."""
    found, parameters = filters.sql()
    query = f"SELECT * {found} ORDER BY {sort} DESC, last_activity DESC, incident_id LIMIT ?"
    for row in _rows(connection, query, [*parameters, limit or -1]):
        yield _incident(connection, row)


def number(connection: sqlite3.Connection, filters: IncidentFilters) -> int:
    """How many meet the filters."""
    found, parameters = filters.sql()
    return int(connection.execute(f"SELECT count(*) {found}", parameters).fetchone()[0])


def beginning_with(connection: sqlite3.Connection, start: str) -> list[Incident]:
    """The incidents whose ids begin so."""
    query = f"{_SUMS} AND incident_id BETWEEN ?1 AND ?1 || 'g' GROUP BY incident_id"
    return [_incident(connection, row) for row in _rows(connection, query, [start])] if start else []


def alerts_of(connection: sqlite3.Connection, incident_id: str) -> Iterator[Alert]:
    """An incident's alerts in the order in which they began, without those that became a part of others."""
    query = f"SELECT body FROM alerts WHERE {_MEMBERS} AND incident_id = ? ORDER BY first_activity, alert_id"
    for (body,) in connection.execute(query, (incident_id,)):
        yield _decode(body)


def _rows(connection: sqlite3.Connection, query: str, parameters: list[Any]) -> list[dict[str, Any]]:
    cursor = connection.execute(query, parameters)
    return [dict(zip([name for name, *_ in cursor.description], row, strict=True)) for row in cursor.fetchall()]


def _incident(connection: sqlite3.Connection, sums: dict[str, Any]) -> Incident:
    incident_id = sums["incident_id"]
    policies = _values(connection, incident_id, "policy_id")
    return Incident(
        **sums | {"severity": SEVERITIES[sums["severity"]]},
        title=_title(connection, incident_id, len(policies)),
        status="open" if sums["open_alerts"] else "closed",
        users=_values(connection, incident_id, "user"),
        ip_addresses=_values(connection, incident_id, "ip_address"),
        apps=_values(connection, incident_id, "app"),
        policies=policies,
        categories=_values(connection, incident_id, "category"),
    )


def _values(connection: sqlite3.Connection, incident_id: str, column: str) -> tuple[str, ...]:
    """What an incident's alerts have in a column, the most frequent first."""
    query = (
        f"SELECT {column} FROM alerts WHERE {_MEMBERS} AND incident_id = ? AND {column} IS NOT NULL"
        f" GROUP BY {column} ORDER BY count(*) DESC, {column} LIMIT {MOST_LISTED}"
    )
    return tuple(value for (value,) in connection.execute(query, (incident_id,)))


def _title(connection: sqlite3.Connection, incident_id: str, policies: int) -> str:
    """`Password spray, Consent to an application and 2 more`: the most severe first, then in the order in which they began."""
    query = (
        f"SELECT body, max({_RANK}) AS worst FROM alerts WHERE {_MEMBERS} AND incident_id = ?"
        f" GROUP BY policy_id ORDER BY worst DESC, min(first_activity), policy_id LIMIT {NAMED}"
    )
    names = [_decode(body).policy_name for body, _ in connection.execute(query, (incident_id,))]
    more = policies - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
