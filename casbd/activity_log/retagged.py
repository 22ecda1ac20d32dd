"""The activity log as today's ranges and lists of addresses have it; stored activities keep what they were stored with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.segments import ALL
from casbd.activity_log.wanted import Wanted
from casbd.model.activity import Activity
from casbd.policies.policy import Policy
from casbd.policies.sql import Sql
from casbd.policies.tree import conditions
from casbd.store.database import Store

OF_RANGES = frozenset({"ip_category", "ip_tags", "isp", "country", "city", "latitude", "longitude"})
"""The fields that a range of addresses may tell."""


class Retagged(ActivityLog):
    """enrich: fills in what today's ranges say of activities' addresses."""

    def __init__(self, store: Store, enrich: Callable[[Iterable[Activity]], None]) -> None:
        super().__init__(store)
        self._enrich = enrich

    def scan(self, since: int | None = None, until: int | None = None, where: Sql = ALL) -> Iterator[list[Activity]]:
        """As the log's, with today's categories and tags."""
        for several in super().scan(since, until, where):
            self._anew(several)
            yield several

    def newest_first(self, since: int | None = None, until: int | None = None, where: Sql = ALL) -> Iterator[Activity]:
        """As the log's, with today's categories and tags."""
        for activity in super().newest_first(since, until, where):
            self._anew([activity])
            yield activity

    def matching(self, policy: Policy, since: int | None = None, until: int | None = None) -> Iterator[Activity]:
        """As the log's, with today's categories and tags; of a policy that asks for them all activities are given."""
        if policy.looks_at() & OF_RANGES:
            several = self._everything(since, until, policy.reads())
        else:
            several = ([activity] for activity in super().matching(policy, since, until))
        for some in several:
            self._anew(some)
            yield from some

    def _everything(self, since: int | None, until: int | None, fields: Collection[str]) -> Iterator[list[Activity]]:
        with self._parts(since, until) as parts:
            yield from self._of_segments(parts, ALL, fields)
            yield from self._of_blocks(parts)

    def _anew(self, several: list[Activity]) -> None:
        for activity in several:
            if activity.ip_address is not None:
                activity.ip_category, activity.ip_tags = None, ()
        self._enrich(several)


def of_today(wanted: Wanted) -> Wanted:
    """The same activities, where what is stored of ranges decides nothing."""
    if any(condition.field in OF_RANGES for condition in conditions(wanted.node)):
        wanted.where = wanted.surely = ALL
    return wanted
