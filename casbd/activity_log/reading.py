"""The whole activity log of a store: the segments, and the blocks that are not yet in one."""

from __future__ import annotations

import heapq
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from casbd.activity_log import grouping
from casbd.activity_log.counting import Alike, check, most_first
from casbd.activity_log.decoded import Decoded
from casbd.activity_log.kept_subjects import keep_subjects
from casbd.activity_log.opened import ALL, Opened, Source
from casbd.activity_log.parts import Parts, is_few
from casbd.activity_log.scored import scored
from casbd.activity_log.wanted import Wanted
from casbd.counting.subject_sql import Subjects
from casbd.errors import StoreError
from casbd.filters.sql import Sql, may
from casbd.filters.tree import AnyOf
from casbd.model.activity import FIELDS, Activity
from casbd.policies.policy import Policy
from casbd.store.database import Store
from casbd.store.log import blocks, segments
from casbd.store.log.blocks import Block, span
from casbd.store.log.columns import BLOCK
from casbd.store.log.segments import Segment

if TYPE_CHECKING:
    import pyarrow as pa


class ActivityLog:
    """Reads the log of an open store, while the daemon writes it.

    where: what SQL can say of the filter; it lets through all that meets the filter, and more, so the caller still looks.
    What is read is the log of one moment, whatever is compacted or removed meanwhile. The blocks that wait are taken into memory as they
    are stored, since a reader that stays in one transaction (a search piped into a pager) would let the write-ahead log grow.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._parts = Parts(store)
        self.looked_at = 0
        """How many activities `scan` has read, or SQL has passed over."""

    def scan(
        self,
        since: int | None = None,
        until: int | None = None,
        where: Sql = ALL,
        fields: Collection[str] = FIELDS,
        *,
        newest_block: int | None = None,
    ) -> Iterator[list[Activity]]:
        """The activities of a span of event time (milliseconds, both ends included), in the order in which they were stored.

        fields: what is asked of them, the rest may be unknown; without `raw` it takes a fraction of the time. newest_block: what was
        stored later is left out; None: nothing is.
        """
        with self._opened(since, until) as opened:
            yield from self._read(*_stored_until(opened, where, newest_block), fields)

    def _read(self, opened: Opened, where: Sql, fields: Collection[str] = FIELDS) -> Iterator[list[Activity]]:
        self.looked_at += self._parts.count(opened)
        yield from self._parts.read(opened, where, fields)

    def matching(self, policy: Policy, since: int | None = None, until: int | None = None) -> Iterator[Activity]:
        """What a policy might alert about, in the order in which it was stored: less than meets its filters, where it counts.

        Of subjects with too few activities for an alert nothing is given; who asks looks at each activity all the same. Fields
        that the policy does not read may be unknown.
        """
        where, subjects = may(policy.whole_filter(), None), Subjects.of(policy.windowed, policy.whole_filter())
        with self._opened(since, until) as opened:
            if subjects is not None and not is_few(opened.whole):
                where = keep_subjects(self._parts.queries, opened, subjects, where)
            for several in self._read(opened, where, policy.reads()):
                yield from several

    def meeting_any(
        self, policies: Sequence[Policy], since: int | None = None, until: int | None = None, newest_block: int | None = None
    ) -> Iterator[Activity]:
        """What may meet the filters of any of some policies, read once for all of them, in the order in which it was stored.

        newest_block: what was stored later is left out; None: nothing is. Fields that none of the policies reads may be unknown.
        """
        where = may(AnyOf(tuple(one.whole_filter() for one in policies)), None)
        reads = frozenset[str]().union(*(one.reads() for one in policies))
        with self._opened(since, until) as opened:
            opened, where = _stored_until(opened, where, newest_block)
            for several in self._parts.read(opened, where, reads):
                yield from several
            self.looked_at += self._parts.count(opened)  # not of what was only begun, and is read again

    def span(self) -> tuple[int, int]:
        """The times of the oldest and the newest activity (ms); of an empty log some span without any."""
        with self._opened() as opened:
            parts = opened.whole.parts
            return min((part.first for part in parts), default=1), max((part.last for part in parts), default=0)

    def newest_first(
        self, since: int | None = None, until: int | None = None, where: Sql = ALL, fields: Collection[str] = FIELDS, *, few: bool = True
    ) -> Iterator[Activity]:
        """The same, the newest first. Parts are opened when their latest time is reached, so that a few activities cost little.

        few: hardly all will be asked for.
        """
        with self._opened(since, until) as opened:
            read = partial(self._parts.newest_first, opened, where=where, fields=fields, few=few)
            yield from _newest_first((last, partial(read, source)) for last, source in _groups(opened.whole))

    def counts(self, wanted: Wanted, by: Sequence[str], since: int | None = None, until: int | None = None) -> dict[tuple[Any, ...], int]:
        """How many of the activities that are wanted there are of each kind, the most first, equal numbers by what they are of.

        by: fields, and `day` (`2026-01-31`) and `hour` (`2026-01-31 12`), both of UTC. Of a list each element is counted.
        ValueError where nothing can be counted by it.
        """
        check(by)
        with self._opened(since, until) as opened:
            return dict(most_first(grouping.counts(self._parts, opened, wanted, by)))

    def alike(self, wanted: Wanted, by: Sequence[str], since: int | None = None, until: int | None = None) -> Iterator[Alike]:
        """The activities that are wanted, those put together that have the same values of some fields, as far as that is cheap."""
        with self._opened(since, until) as opened:
            yield from grouping.alike(self._parts, opened, wanted, by)

    def arrow(
        self, wanted: Wanted, fields: Sequence[str], since: int | None = None, until: int | None = None, *, ordered: bool = True
    ) -> Iterator[pa.RecordBatch]:
        """The activities that are wanted as columns, under the fields' names, some thousands at a time.

        ordered: as they were stored; else in any order, which is faster.
        Types: text, integers (times as milliseconds), numbers, true or false; lists of text; objects as lists of structs.
        """
        with self._opened(since, until) as opened:
            yield from self._parts.arrow(opened, wanted, fields, ordered=ordered)

    def get(self, activity_id: str) -> Activity | None:
        """One activity by its id; the newest where several instances have it."""
        with self._opened() as opened:
            return self._parts.with_id(opened, activity_id)

    def priorities(self, since: int | None = None, until: int | None = None) -> Mapping[str, int]:
        """What alerts make of activities, by id (`scored.py`), of a span of event time and more."""
        return scored(self._store.connection, since, until)

    def block(self, block_id: int) -> list[Activity]:
        """The activities of a block, wherever they are by now."""
        activities = blocks.read_block(self._store.connection, block_id)
        if activities:
            return activities
        with _open(self._store, blocks_too=False) as opened:  # of now: at an earlier moment it may still have waited
            return self._parts.block(opened, block_id)

    def _opened(self, since: int | None = None, until: int | None = None) -> AbstractContextManager[Opened]:
        moment = _moments.get(self._store)
        return _open(self._store, since, until) if moment is None else nullcontext(moment.within(*span(since, until)))


def _stored_until(opened: Opened, where: Sql, newest_block: int | None) -> tuple[Opened, Sql]:
    if newest_block is None:
        return opened, where
    return opened.stored_until(newest_block), Sql(f"({where.text}) AND {BLOCK} <= {newest_block:d}", where.parameters)


_moments: weakref.WeakKeyDictionary[Store, Opened] = weakref.WeakKeyDictionary()


@contextmanager
def one_moment(store: Store, fields: Collection[str] = ()) -> Iterator[None]:
    """All that is asked of a store's log inside is asked of it as it is now, which is read once: pages for people have many questions.

    fields: what the questions are about. Of what waits in blocks all of these become columns when the first is asked for.
    """
    if store in _moments:
        yield
        return
    with _open(store) as opened:
        _moments[store] = opened
        try:
            with Decoded.of(store).together(fields):
                yield
        finally:
            del _moments[store]


def _open(store: Store, since: int | None = None, until: int | None = None, *, blocks_too: bool = True) -> Opened:
    """All parts at one moment: a block that becomes a part of a segment is in one of both. blocks_too: else segments alone."""
    connection = store.connection
    missing: list[Segment] = []
    while True:
        within = connection.in_transaction  # of one who commits: what that sees is of one moment anyway
        connection.execute("SELECT 1" if within else "BEGIN")
        try:
            listed = segments.listed(store, since, until)
            waiting = blocks.waiting(connection, since, until) if blocks_too else []
        finally:
            if not within:
                connection.execute("ROLLBACK")
        try:
            return Opened(listed, waiting, *span(since, until))
        except FileNotFoundError as error:  # compacted, or removed by retention, since the list was made
            if listed == missing:  # the list is right and the file is lost: to look again would never end
                raise StoreError(f"{error.filename} is gone; `casbd store verify` sets it aside") from None
            missing = listed


TOGETHER = 500_000
"""Activities whose times are looked at together, at most, unless a file has more."""


def _groups(whole: Source) -> Iterator[tuple[int, Source]]:
    """Parts by their latest time, which is told, the newest alone, older ones in larger groups: who asks for something rare asks all."""
    group: list[Segment | Block] = []
    most = held = 0
    for part in sorted(whole.parts, key=lambda one: -one.last):
        if group and held + part.activities > most:
            yield group[0].last, Source.of(group)
            most = min(2 * most + part.activities, TOGETHER)
            group, held = [], 0
        group.append(part)
        held += part.activities
    if group:
        yield group[0].last, Source.of(group)


def _newest_first(sources: Iterator[tuple[int, Callable[[], Iterator[Activity]]]]) -> Iterator[Activity]:
    waiting = sorted(((last, number, begin) for number, (last, begin) in enumerate(sources)), key=lambda source: source[:2])
    opened: list[tuple[int, int, Activity, Iterator[Activity]]] = []
    while waiting or opened:
        while waiting and (not opened or waiting[-1][0] >= -opened[0][0]):
            _, number, begin = waiting.pop()
            _push(opened, number, begin())
        if opened:
            _, number, activity, rest = heapq.heappop(opened)
            yield activity
            _push(opened, number, rest)


def _push(opened: list[tuple[int, int, Activity, Iterator[Activity]]], number: int, rest: Iterator[Activity]) -> None:
    activity = next(rest, None)
    if activity is not None:
        heapq.heappush(opened, (-activity.timestamp, number, activity, rest))
