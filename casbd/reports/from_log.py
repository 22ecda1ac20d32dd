"""What the activity log says of a month: counted by DuckDB, whatever there is of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from casbd.activity_log import ActivityLog, Wanted
from casbd.model.identity import Who, whose
from casbd.reports.month import Month
from casbd.store.database import Store

_ALL = Wanted([], lambda: 0)
"""Every activity; no filter asks for the time."""


class LoggedMonth(NamedTuple):
    """Activities by day (`2026-10-31`), by country (None: unknown), and by person."""

    days: Mapping[str, int]
    countries: Mapping[str | None, int]
    people: Mapping[Who, int]

    @property
    def activities(self) -> int:
        """All of them."""
        return sum(self.days.values())


def logged(store: Store, month: Month) -> LoggedMonth:
    """The activities of a month; a day without any is not there."""
    people: dict[Who, int] = {}
    for (user, app, instance), number in _counts(store, month, "user", "app", "app_instance"):
        if user is not None:
            who = whose(user, app, instance)
            people[who] = people.get(who, 0) + number
    days = {day: number for (day,), number in sorted(_counts(store, month, "day"))}
    return LoggedMonth(days, {country: number for (country,), number in _counts(store, month, "country")}, people)


def _counts(store: Store, month: Month, *by: str) -> list[tuple[tuple[Any, ...], int]]:
    return [*ActivityLog(store).counts(_ALL, by, month.since, month.until).items()]


class Met(NamedTuple):
    """How many activities met a policy, and the first and last day (`2026-10-31`) of them."""

    number: int
    first: str
    last: str


def matches(store: Store, since: int | None = None, until: int | None = None) -> dict[str, Met]:
    """By policy that met any activity of a span (ms). Those that compare with what is usual are not among them."""
    found: dict[str, Met] = {}
    for (policy, day), number in ActivityLog(store).counts(_ALL, ["matched_policies", "day"], since, until).items():
        if policy is not None:
            before = found.get(policy, Met(0, day, day))
            found[policy] = Met(before.number + number, min(before.first, day), max(before.last, day))
    return found
