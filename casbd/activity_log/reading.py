"""The whole activity log of a store: the segments, and the blocks that are not yet in one."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from casbd.activity_log.counting import check, kinds
from casbd.activity_log.kept_subjects import keep_subjects
from casbd.activity_log.opened_segments import ALL, Opened
from casbd.activity_log.segments import Segments
from casbd.activity_log.wanted import Wanted
from casbd.counting.subject_sql import Subjects
from casbd.errors import StoreError
from casbd.filters.compile import compile_filter
from casbd.filters.sql import Sql, may
from casbd.model.activity import FIELDS, Activity
from casbd.policies.policy import Policy
from casbd.store.database import Store
from casbd.store.log import blocks, segments
from casbd.store.log.blocks import span
from casbd.store.log.segment_files import columns
from casbd.store.log.segments import Segment

if TYPE_CHECKING:
    import pyarrow as pa


class _Parts:
    """What the log is at one moment. low, high: the span of event time that is asked for.

    Files are open until it is closed, so what is compacted meanwhile is read as it was.
    """

    def __init__(self, opened: Opened, blocks: list[tuple[int, int]], low: int, high: int) -> None:
        self.opened = opened
        self.blocks = blocks
        self.low, self.high = low, high

    def __enter__(self) -> _Parts:
        return self

    def __exit__(self, *_: object) -> None:
        self.opened.close()


class ActivityLog:
    """Reads the log of an open store, while the daemon writes it.

    where: what SQL can say of the filter; it lets through all that meets the filter, and more, so the caller still looks.
    Each block is read on its own, since a reader that stays in one transaction (a search piped into a pager) would let the
    write-ahead log grow; blocks that retention removes meanwhile are left out.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._segments = Segments(store.directory)
        self.looked_at = 0
        """How many activities `scan` has read, or SQL has passed over."""

    def scan(self, since: int | None = None, until: int | None = None, where: Sql = ALL) -> Iterator[list[Activity]]:
        """The activities of a span of event time (milliseconds, both ends included), in the order in which they were stored."""
        with self._parts(since, until) as parts:
            yield from self._of_segments(parts, where)
            yield from self._of_blocks(parts)

    def _of_segments(self, parts: _Parts, where: Sql, fields: Collection[str] = FIELDS) -> Iterator[list[Activity]]:
        whole = [one for one in parts.opened.segments if parts.low <= one.first and one.last <= parts.high]
        rest = [one for one in parts.opened.segments if one not in whole]
        self.looked_at += sum(one.activities for one in whole) + self._segments.count(parts.opened, rest, parts.low, parts.high)
        yield from self._segments.read(parts.opened, where, parts.low, parts.high, fields)

    def _of_blocks(self, parts: _Parts) -> Iterator[list[Activity]]:
        for block_id, _ in parts.blocks:
            activities = [activity for activity in self.block(block_id) if parts.low <= activity.timestamp <= parts.high]
            self.looked_at += len(activities)
            yield activities

    def matching(self, policy: Policy, since: int | None = None, until: int | None = None) -> Iterator[Activity]:
        """What a policy might alert about, in the order in which it was stored: less than meets its filters, where it counts.

        Of subjects with too few activities for an alert nothing is given; who asks looks at each activity all the same. Fields
        that the policy does not read may be unknown.
        """
        where, fields, subjects = may(policy.whole_filter(), None), policy.reads(), Subjects.of(policy.match, policy.whole_filter())
        with self._parts(since, until) as parts:
            if subjects is None or not parts.opened.segments:
                for several in itertools.chain(self._of_segments(parts, where, fields), self._of_blocks(parts)):
                    yield from several
                return
            meets = compile_filter(policy.whole_filter(), now=lambda: 0)  # `Subjects` are of no policy that asks for the time
            recent = [activity for several in self._of_blocks(parts) for activity in several if meets(activity)]
            where = keep_subjects(self._segments.queries, parts.opened, subjects, where, (parts.low, parts.high), recent)
            for several in self._of_segments(parts, where, fields):
                yield from several
            yield from recent

    def newest_first(self, since: int | None = None, until: int | None = None, where: Sql = ALL) -> Iterator[Activity]:
        """The same, the newest first. Parts are opened when their latest time is reached, so that a few activities cost little."""
        with self._parts(since, until) as parts:
            yield from _newest_first(self._sources(parts, where))

    def _sources(self, parts: _Parts, where: Sql) -> Iterator[tuple[int, Callable[[], Iterator[Activity]]]]:
        """Of each part its latest time, and how to begin reading it."""
        for several in _groups(parts.opened.segments):
            yield (
                max(one.last for one in several),
                partial(self._segments.newest_first, parts.opened, several, where, parts.low, parts.high),
            )
        for block_id, last in parts.blocks:
            yield last, partial(self._newest_of_block, block_id, parts.low, parts.high)

    def counts(self, wanted: Wanted, by: Sequence[str], since: int | None = None, until: int | None = None) -> dict[tuple[Any, ...], int]:
        """How many of the activities that are wanted there are of each kind, the most first.

        by: fields, and `day` (`2026-01-31`) and `hour` (`2026-01-31 12`), both of UTC. Of a list each element is counted.
        ValueError where nothing can be counted by it.
        """
        check(by)
        with self._parts(since, until) as parts:
            totals = Counter(self._segments.counts(parts.opened, wanted, by, parts.low, parts.high))
            for several in self._of_blocks(parts):
                for activity in filter(wanted.meets, several):
                    totals.update(kinds(activity, by))
        return dict(totals.most_common())

    def arrow(
        self, wanted: Wanted, fields: Sequence[str], since: int | None = None, until: int | None = None, *, ordered: bool = True
    ) -> Iterator[pa.RecordBatch]:
        """The activities that are wanted as columns, under the fields' names, some thousands at a time.

        ordered: as they were stored; else in any order, which is faster.
        Types: text, integers (times as milliseconds), numbers, true or false; lists of text; objects as lists of structs.
        """
        with self._parts(since, until) as parts:
            yield from self._segments.arrow(parts.opened, wanted, fields, parts.low, parts.high, ordered=ordered)
            for several in self._of_blocks(parts):
                if activities := [*filter(wanted.meets, several)]:
                    yield from columns(activities, fields).to_batches(max_chunksize=10_000)

    def get(self, activity_id: str) -> Activity | None:
        """One activity by its id; the newest where several instances have it."""
        # Blocks before segments: one that is compacted between the two looks would be in neither the other way round.
        for block in blocks.scan_containing(self._store.connection, activity_id.encode("utf-8", "surrogatepass")):
            for activity in block:
                if activity.activity_id == activity_id:
                    return activity
        with self._parts(None, None) as parts:
            return self._segments.with_id(parts.opened, activity_id)

    def _parts(self, since: int | None, until: int | None) -> _Parts:
        """All parts at one moment: a block that becomes a part of a segment is in one of both."""
        connection = self._store.connection
        missing: list[Segment] = []
        while True:
            connection.execute("BEGIN")
            try:
                listed = segments.listed(self._store, since, until)
                waiting = blocks.listed(connection, since, until)
            finally:
                connection.execute("ROLLBACK")
            try:
                return _Parts(Opened(listed), waiting, *span(since, until))
            except FileNotFoundError as error:  # compacted, or removed by retention, since the list was made
                if listed == missing:  # the list is right and the file is lost: to look again would never end
                    raise StoreError(f"{error.filename} is gone; `casbd store verify` sets it aside") from None
                missing = listed

    def block(self, block_id: int) -> list[Activity]:
        """The activities of a block, wherever they are by now."""
        activities = blocks.read_block(self._store.connection, block_id)
        if activities:
            return activities
        with self._parts(None, None) as parts:
            holders = [one for one in parts.opened.segments if one.first_block <= block_id <= one.last_block]
            return self._segments.block(parts.opened, block_id) if holders else []

    def _newest_of_block(self, block_id: int, low: int, high: int) -> Iterator[Activity]:
        activities = [activity for activity in self.block(block_id) if low <= activity.timestamp <= high]
        return iter(sorted(activities, key=lambda activity: -activity.timestamp))


TOGETHER = 500_000
"""Activities whose times are looked at together, at most, unless a file has more."""


def _groups(listed: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Segments by their latest time, the newest alone, older ones in larger groups: who asks for something rare asks all of them."""
    group: list[Segment] = []
    most, held = 0, 0
    for segment in sorted(listed, key=lambda one: -one.last):
        if group and held + segment.activities > most:
            yield group
            group, held = [], 0
            most = min(2 * most + segment.activities, TOGETHER)
        group.append(segment)
        held += segment.activities
    if group:
        yield group


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
