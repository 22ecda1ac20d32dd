"""The users that the log knows, a row each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, Literal

from msgspec import Struct

from casbd.activity_log.observed import Span
from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.tally import tables
from casbd.activity_log.wanted import Wanted
from casbd.store import alerts as stored_alerts
from casbd.store.database import Store

Order = Literal["alerts", "activities", "last_seen", "user"]
_SEPARATOR = "\x1f"
"""Between the groups of a user while they are a key to group by."""
_READ = ("timestamp", "user", "country", "is_external_user", "user_groups", "user_type", "is_admin_operation")


class KnownUser(Struct, kw_only=True):
    """One user: what the activities that were asked for tell, and how many alerts of the span are open.

    countries: how many. last_seen (milliseconds), groups and is_external: as the latest of the activities has them.
    is_admin: one of the activities is an administrative one or an administrator's.
    """

    user: str
    activities: int = 0
    open_alerts: int = 0
    countries: int = 0
    last_seen: int = 0
    is_external: bool | None = None
    is_admin: bool = False
    groups: list[str] = []


def known_users(store: Store, wanted: Wanted, span: Span, *, unseen_since: int | None = None) -> list[KnownUser]:
    """The users of a span with activities that are wanted; names that differ in their case alone are one.

    unseen_since: instead those of the whole log up to the span's end whose latest such activity is older than that (milliseconds).
    """
    log = ActivityLog(store)
    found: dict[str, KnownUser] = {}
    countries: dict[str, set[str]] = {}
    if unseen_since is not None:
        for row in _rows(log, wanted, None, span.since - 1):
            _add(found, row)
    for row in _rows(log, wanted, *span):
        user = _add(found, row)
        user.activities += row["count_all"]
        if row["country"] is not None:
            countries.setdefault(row["user"].casefold(), set()).add(row["country"])
    for name, values in countries.items():
        found[name].countries = len(values)
    for name, number in _open_alerts(store, span).items():
        if name in found:
            found[name].open_alerts = number
    return [user for user in found.values() if unseen_since is None or user.last_seen < unseen_since]


def ordered(users: list[KnownUser], by: Order) -> list[KnownUser]:
    """Names from a to z, numbers and times the largest first; alerts before activities before names where these are equal."""
    keys: dict[Order, Any] = {
        "alerts": lambda user: (-user.open_alerts, -user.activities, user.user.casefold()),
        "activities": lambda user: (-user.activities, user.user.casefold()),
        "last_seen": lambda user: (-user.last_seen, user.user.casefold()),
        "user": lambda user: user.user.casefold(),
    }
    return sorted(users, key=keys[by])


def nearest_user(store: Store, user: str) -> str | None:
    """A user of the whole log whose name holds this one, or is written nearly like it."""
    names = sorted(name for (name,) in ActivityLog(store).counts(Wanted([], lambda: 0), ["user"]) if name is not None)
    holding = [name for name in names if user and user.casefold() in name.casefold()]
    return min(holding, key=len) if holding else next(iter(get_close_matches(user.casefold(), names, 1)), None)


def _rows(log: ActivityLog, wanted: Wanted, since: int | None, until: int) -> Iterator[dict[str, Any]]:
    """Activities put together where all that is looked at is the same, with their number and latest time."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for table in tables(log.arrow(wanted, _READ, since, until, ordered=False)):
        admin = pc.or_kleene(pc.equal(table["user_type"], "Admin"), table["is_admin_operation"])
        keys = {
            "user": table["user"],
            "country": table["country"],
            "external": table["is_external_user"],
            "groups": pc.binary_join(table["user_groups"], _SEPARATOR),
            "admin": pc.fill_null(admin, False),
        }
        grouped = pa.table(keys | {"timestamp": table["timestamp"]}).group_by([*keys])
        rows: list[dict[str, Any]] = grouped.aggregate([([], "count_all"), ("timestamp", "max")]).to_pylist()
        yield from (row for row in rows if row["user"] is not None)


def _add(found: dict[str, KnownUser], row: dict[str, Any]) -> KnownUser:
    """The user of a row, who now has what is the latest known."""
    user = found.setdefault(row["user"].casefold(), KnownUser(user=row["user"]))
    user.is_admin = user.is_admin or row["admin"]
    if row["timestamp_max"] > user.last_seen:
        user.user, user.last_seen, user.is_external = row["user"], row["timestamp_max"], row["external"]
        user.groups = row["groups"].split(_SEPARATOR) if row["groups"] else []
    return user


def _open_alerts(store: Store, span: Span) -> Counter[str]:
    """How many open alerts of a span each user (casefolded) has; those that are a part of an earlier one are none."""
    return Counter(
        alert.user.casefold()
        for alert in stored_alerts.find(store.connection, status="open")
        if alert.user and alert.merged_into is None and span.meets(alert.first_activity, alert.last_activity)
    )
