"""The users that the log knows, a row each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from casbd.activity_log.observed import Span
from casbd.activity_log.priorities import Priorities
from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.wanted import Wanted
from casbd.model.identity import Who, whose
from casbd.store.database import Store
from casbd.store.state import raised_alerts

Order = Literal["alerts", "priority", "activities", "last_seen", "user"]


class _Row(NamedTuple):
    """So many activities with the same values of these fields, and the time of the latest."""

    user: str
    app: str | None
    app_instance: str | None
    country: str | None
    is_external_user: bool | None
    user_groups: Sequence[str]
    user_type: str | None
    is_admin_operation: bool | None
    number: int
    last: int


_READ = _Row._fields[:-2]


class KnownUser(Struct, kw_only=True):
    """One person: what the activities that were asked for show, and how many alerts of the span are open.

    app, app_instance: where a name that is no address is this person's; None for an address, which is one person everywhere.
    countries: how many. last_seen (milliseconds), groups and is_external: as the latest of the activities has them.
    is_admin: one of the activities is an administrative one or an administrator's. priority, priority_percentile: see `priorities.py`.
    """

    user: str
    activities: int = 0
    open_alerts: int = 0
    countries: int = 0
    last_seen: int = 0
    is_external: bool | None = None
    is_admin: bool = False
    groups: list[str] = []
    app: str | None = None
    app_instance: str | None = None
    priority: int = 0
    priority_percentile: float = 0.0


def known_users(
    store: Store, wanted: Wanted, span: Span, *, unseen_since: int | None = None, log: ActivityLog | None = None
) -> list[KnownUser]:
    """The users of a span with activities that are wanted; who is one and the same, `model/identity.py` says.

    unseen_since: instead those of the whole log up to the span's end whose latest such activity is older than that (milliseconds).
    log: the store's, if it is not to be read as it was stored.
    """
    log = log or ActivityLog(store)
    users: dict[Who, KnownUser] = {}
    countries: dict[Who, set[str | None]] = defaultdict(set)
    if unseen_since is not None:
        for row in _rows(log, wanted, None, span.since - 1):
            _add(users, row)
    for row in _rows(log, wanted, *span):
        _add(users, row)
        who = _whose(row)
        users[who].activities += row.number
        countries[who].add(row.country)
    for who, values in countries.items():
        users[who].countries = len(values - {None})
    for who, number in _open_alerts(store, span).items():
        if who in users:
            users[who].open_alerts = number
    everybody = wanted.is_everything and unseen_since is None
    priorities = Priorities(store, span, len(users) if everybody else None)
    for who, user in users.items():
        user.priority, user.priority_percentile = priorities.of(who)
    return [user for user in users.values() if unseen_since is None or user.last_seen < unseen_since]


def ordered(users: list[KnownUser], by: Order) -> list[KnownUser]:
    """Names from a to z, numbers and times the largest first; alerts before activities before names where these are equal."""
    keys: dict[Order, Any] = {
        "alerts": lambda user: (-user.open_alerts, -user.activities),
        "priority": lambda user: (-user.priority, -user.open_alerts, -user.activities),
        "activities": lambda user: -user.activities,
        "last_seen": lambda user: -user.last_seen,
        "user": lambda _: 0,
    }
    by_name = sorted(users, key=lambda user: (user.user.casefold(), user.app or "", user.app_instance or ""))
    return sorted(by_name, key=keys[by])


def nearest_user(store: Store, user: str) -> str | None:
    """A user of the whole log whose name holds this one, or is written nearly like it."""
    names = sorted(name for (name,) in ActivityLog(store).counts(Wanted([], lambda: 0), ["user"]) if name is not None)
    holding = [name for name in names if user and user.casefold() in name.casefold()]
    return min(holding, key=len) if holding else next(iter(get_close_matches(user.casefold(), names, 1)), None)


def _rows(log: ActivityLog, wanted: Wanted, since: int | None, until: int) -> Iterator[_Row]:
    """Activities of users that are known, put together where all that is looked at is the same."""
    for values, number, last in log.alike(wanted, _READ, since, until):
        row = _Row._make((*values, number, last))
        if row.user is not None:
            yield row


_remembered = lru_cache(100_000)(whose)
"""A person is in many rows."""


def _whose(row: _Row) -> Who:
    return _remembered(row.user, row.app, row.app_instance)


def _add(users: dict[Who, KnownUser], row: _Row) -> None:
    """The user of a row now has what is the latest known."""
    who = _whose(row)
    user = users.get(who)
    if user is None:
        user = users[who] = KnownUser(user=row.user)
        if not isinstance(who, str):
            user.app, user.app_instance = row.app, row.app_instance
    user.is_admin = user.is_admin or row.user_type == "Admin" or row.is_admin_operation is True
    if row.last > user.last_seen:
        user.user, user.last_seen, user.is_external, user.groups = row.user, row.last, row.is_external_user, [*row.user_groups]


def _open_alerts(store: Store, span: Span) -> Counter[Who]:
    """How many open alerts of a span each person has; those that are a part of an earlier one are none."""
    return Counter(
        whose(alert.user, alert.app, alert.app_instance)
        for alert in raised_alerts.find(store.connection, status="open")
        if alert.user and alert.merged_into is None and span.meets(alert.first_activity, alert.last_activity)
    )
