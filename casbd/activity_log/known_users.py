"""The users that the log knows, a row each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from casbd.activity_log.observed import Span
from casbd.activity_log.priorities import Priorities
from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.tally import tables
from casbd.activity_log.wanted import Wanted
from casbd.model.identity import Who, whose
from casbd.store.database import Store
from casbd.store.state import raised_alerts

if TYPE_CHECKING:
    import pyarrow as pa

Order = Literal["alerts", "priority", "activities", "last_seen", "user"]
_SEPARATOR = "\x1f"
"""Between the groups of a user while they are a key to group by."""
_READ = ("timestamp", "user", "app", "app_instance", "country", "is_external_user", "user_groups", "user_type", "is_admin_operation")


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
    countries: dict[Who, set[str]] = {}
    if unseen_since is not None:
        for row in _rows(log, wanted, None, span.since - 1):
            _add(users, row)
    for row in _rows(log, wanted, *span):
        user = _add(users, row)
        user.activities += row["count_all"]
        countries.setdefault(_whose(row), set()).update(row["country_distinct"])
    for who, values in countries.items():
        users[who].countries = len(values)
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


def _rows(log: ActivityLog, wanted: Wanted, since: int | None, until: int) -> Iterator[dict[str, Any]]:
    """Activities put together where all but their countries is the same: how many, the latest time, and the countries that are known."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for table in tables(log.arrow(wanted, _READ, since, until, ordered=False)):
        everywhere = _are_addresses(table["user"])
        admin = pc.or_kleene(pc.equal(table["user_type"], "Admin"), table["is_admin_operation"])
        keys = {
            "user": table["user"],
            "app": pc.if_else(everywhere, None, table["app"]),
            "app_instance": pc.if_else(everywhere, None, table["app_instance"]),
            "external": table["is_external_user"],
            "groups": pc.binary_join(table["user_groups"], _SEPARATOR),
            "admin": pc.fill_null(admin, False),
        }
        grouped = pa.table(keys | {name: table[name] for name in ("timestamp", "country")}).group_by([*keys])
        rows: list[dict[str, Any]] = grouped.aggregate([([], "count_all"), ("timestamp", "max"), ("country", "distinct")]).to_pylist()
        yield from (row for row in rows if row["user"] is not None)


def _are_addresses(users: pa.ChunkedArray) -> pa.Array:
    """Whose app does not matter; asked of each name once, as there would be several times the groups otherwise."""
    import pyarrow as pa

    named = users.combine_chunks().dictionary_encode()
    return pa.array([*map(_is_anywhere, named.dictionary.to_pylist())], pa.bool_()).take(named.indices)


_remembered = lru_cache(100_000)(whose)
"""A person is in many rows."""


@lru_cache(100_000)
def _is_anywhere(name: str) -> bool:
    return isinstance(whose(name, None, None), str)


def _whose(row: dict[str, Any]) -> Who:
    return _remembered(row["user"], row["app"], row["app_instance"])


def _add(users: dict[Who, KnownUser], row: dict[str, Any]) -> KnownUser:
    """The user of a row, who now has what is the latest known."""
    who = _whose(row)
    user = users.get(who)
    if user is None:
        place = {} if isinstance(who, str) else {"app": row["app"], "app_instance": row["app_instance"]}
        user = users[who] = KnownUser(user=row["user"], **place)
    user.is_admin = user.is_admin or row["admin"]
    if row["timestamp_max"] > user.last_seen:
        user.user, user.last_seen, user.is_external = row["user"], row["timestamp_max"], row["external"]
        user.groups = row["groups"].split(_SEPARATOR) if row["groups"] else []
    return user


def _open_alerts(store: Store, span: Span) -> Counter[Who]:
    """How many open alerts of a span each person has; those that are a part of an earlier one are none."""
    return Counter(
        whose(alert.user, alert.app, alert.app_instance)
        for alert in raised_alerts.find(store.connection, status="open")
        if alert.user and alert.merged_into is None and span.meets(alert.first_activity, alert.last_activity)
    )
