"""The activity log as today's ranges and lists of addresses have it; stored activities keep what they were stored with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from casbd.activity_log.counting import Alike, check, kinds, most_first
from casbd.activity_log.opened import ALL
from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.wanted import Wanted
from casbd.filters.sql import Sql
from casbd.filters.tree import conditions
from casbd.model.activity import FIELDS, Activity
from casbd.policies.policy import Policy
from casbd.store.database import Store
from casbd.store.log import columns

if TYPE_CHECKING:
    import pyarrow as pa

OF_RANGES = frozenset({"ip_category", "ip_tags", "isp", "country", "city", "latitude", "longitude"})
"""The fields that a range of addresses may fill in."""


class Retagged(ActivityLog):
    """enrich: fills in what today's ranges say of activities' addresses."""

    def __init__(self, store: Store, enrich: Callable[[Iterable[Activity]], None]) -> None:
        super().__init__(store)
        self._enrich = enrich

    def scan(
        self,
        since: int | None = None,
        until: int | None = None,
        where: Sql = ALL,
        fields: Collection[str] = FIELDS,  # noqa: ARG002
        *,
        newest_block: int | None = None,
    ) -> Iterator[list[Activity]]:
        """As the log's, with today's categories and tags; all fields, as what ranges say may depend on any."""
        for several in super().scan(since, until, where, newest_block=newest_block):
            self._anew(several)
            yield several

    def newest_first(
        self,
        since: int | None = None,
        until: int | None = None,
        where: Sql = ALL,
        fields: Collection[str] = FIELDS,  # noqa: ARG002
        *,
        few: bool = True,
    ) -> Iterator[Activity]:
        """As the log's, with today's categories and tags; all fields."""
        for activity in super().newest_first(since, until, where, few=few):
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

    def counts(self, wanted: Wanted, by: Sequence[str], since: int | None = None, until: int | None = None) -> dict[tuple[Any, ...], int]:
        """As the log's, by today's categories and tags."""
        if not _asks_for_ranges(wanted, by):
            return super().counts(wanted, by, since, until)
        check(by)
        totals: Counter[tuple[Any, ...]] = Counter()
        for several in self._wanted(wanted, since, until):
            for activity in several:
                totals.update(kinds(activity, by))
        return dict(most_first(totals))

    def alike(self, wanted: Wanted, by: Sequence[str], since: int | None = None, until: int | None = None) -> Iterator[Alike]:
        """As the log's, with today's categories and tags."""
        if not _asks_for_ranges(wanted, by):
            yield from super().alike(wanted, by, since, until)
            return
        for several in self._wanted(wanted, since, until):
            for activity in several:
                yield Alike(tuple(getattr(activity, name) for name in by), 1, activity.timestamp)

    def arrow(
        self, wanted: Wanted, fields: Sequence[str], since: int | None = None, until: int | None = None, *, ordered: bool = True
    ) -> Iterator[pa.RecordBatch]:
        """As the log's, with today's categories and tags."""
        if not _asks_for_ranges(wanted, fields):
            yield from super().arrow(wanted, fields, since, until, ordered=ordered)
            return
        for several in self._wanted(wanted, since, until):
            if several:
                yield columns.batch(several, fields)

    def _wanted(self, wanted: Wanted, since: int | None, until: int | None) -> Iterator[list[Activity]]:
        for several in self.scan(since, until, ALL if _asks_for_ranges(wanted) else wanted.where):
            yield [*filter(wanted.meets, several)]

    def _everything(self, since: int | None, until: int | None, fields: Collection[str]) -> Iterator[list[Activity]]:
        with self._opened(since, until) as opened:
            yield from self._parts.read(opened, ALL, fields)

    def _anew(self, several: list[Activity]) -> None:
        for activity in several:
            if activity.ip_address is not None:
                activity.ip_category, activity.ip_tags = None, ()
        self._enrich(several)


def _asks_for_ranges(wanted: Wanted, fields: Iterable[str] = ()) -> bool:
    """Whether the filters or any of some fields look at what a range may fill in."""
    return not OF_RANGES.isdisjoint((*fields, *(condition.field for condition in conditions(wanted.node))))


def of_today(wanted: Wanted) -> Wanted:
    """The same activities, where what is stored of ranges decides nothing."""
    if _asks_for_ranges(wanted):
        wanted.where = wanted.surely = ALL
    return wanted
