"""The queue of alerts: those that are asked for, in an order.

Filters and orders are of the columns, which an index holds: of a million alerts only those that are shown are read whole.
"""

# ruff: noqa: S608  conditions and columns are our own words

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from casbd.model.alert import SEVERITIES, Alert
from casbd.store.state import raised_alerts
from casbd.store.state.alert_filters import AlertFilters

NEWEST_FIRST = "-first_activity"
_RANKS = " ".join(f"WHEN '{severity}' THEN {rank}" for rank, severity in enumerate(SEVERITIES))
_ORDERS = {
    **{name: name for name in ("first_activity", "last_activity", "created", "activity_count", "risk_score")},
    **{name: f"{name} COLLATE NOCASE" for name in ("policy_id", "category", "app", "user", "ip_address", "assigned_to", "status")},
    "severity": f"CASE severity {_RANKS} END",
}
SORTS = (*_ORDERS,)
"""What the queue can be sorted by; with `-` before it, the largest first."""


def ids(connection: sqlite3.Connection, filters: AlertFilters, sort: str = NEWEST_FIRST, limit: int = 0) -> list[str]:
    """The ids of those that are asked for. sort: what is equal is sorted by time, the newest first, and what is unknown comes last.

    limit: at most so many; 0 is all. KeyError for an order that is none of `SORTS`.
    """
    where, parameters = filters.sql()
    by, direction = _ORDERS[sort.removeprefix("-")], "DESC" if sort.startswith("-") else "ASC"
    order = f"{by} {direction} NULLS LAST, first_activity DESC, alert_id"
    rows = connection.execute(f"SELECT alert_id FROM alerts WHERE {where} ORDER BY {order} LIMIT ?", (*parameters, limit or -1))
    return [alert_id for (alert_id,) in rows]


def listed(connection: sqlite3.Connection, filters: AlertFilters, sort: str = NEWEST_FIRST, limit: int = 0) -> Iterator[Alert]:
    """The alerts with these ids."""
    return raised_alerts.some(connection, ids(connection, filters, sort, limit))


def count(connection: sqlite3.Connection, filters: AlertFilters) -> int:
    """How many are asked for."""
    where, parameters = filters.sql()
    (number,) = connection.execute(f"SELECT count(*) FROM alerts WHERE {where}", parameters).fetchone()
    return int(number)


def outcomes(connection: sqlite3.Connection, filters: AlertFilters, besides: str) -> dict[str, int]:
    """How many of them are `open`, and how many were closed as what. besides: the alert that is not counted."""
    where, parameters = filters.sql()
    state = "CASE status WHEN 'open' THEN status ELSE coalesce(resolution, status) END"
    query = f"SELECT {state}, count(*) FROM alerts WHERE {where} AND merged_into IS NULL AND alert_id <> ? GROUP BY 1 ORDER BY 1"
    return dict(connection.execute(query, (*parameters, besides)))
