"""The whole activity log of a store: the segments, and the blocks that are not yet in one."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from casbd.activity_log.segments import ALL, Segments
from casbd.activity_log.wanted import Wanted
from casbd.model.activity import Activity
from casbd.policies import compile_filter
from casbd.policies.policy import Policy
from casbd.policies.sql import Sql, may
from casbd.policies.subject_sql import Subjects
from casbd.store import activities as blocks
from casbd.store import segments
from casbd.store.activities import span
from casbd.store.database import Store
from casbd.store.segments import Segment
from casbd.wire.timestamps import iso

if TYPE_CHECKING:
    import pyarrow as pa


class _Parts(NamedTuple):
    """low, high: the span of event time that is asked for."""

    segments: list[Segment]
    blocks: list[tuple[int, int]]
    low: int
    high: int


class ActivityLog:
    """Reads the log of an open store, while the daemon writes it.

    where: what SQL can say of the filter; it lets through all that meets the filter, and more, so the caller still looks.
    What is removed meanwhile is left out. Each part is read on its own, since a reader that stays in one transaction (a search
    piped into a pager) would let the write-ahead log grow.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._segments = Segments()
        self.looked_at = 0
        """How many activities `scan` has read, or SQL has passed over."""

    def scan(self, since: int | None = None, until: int | None = None, where: Sql = ALL, *, raw: bool = True) -> Iterator[list[Activity]]:
        """The activities of a span of event time (milliseconds, both ends included), in the order in which they were stored.

        raw: whether their records are wanted, which are most of the log; else `raw` may be empty.
        """
        parts = self._parts(since, until)
        yield from self._of_segments(parts, where, raw=raw)
        yield from self._of_blocks(parts)

    def _of_segments(self, parts: _Parts, where: Sql, *, raw: bool) -> Iterator[list[Activity]]:
        for segment in parts.segments:
            whole = parts.low <= segment.first and segment.last <= parts.high
            self.looked_at += segment.activities if whole else self._segments.count(segment, parts.low, parts.high)
            yield from self._segments.read(segment, where, parts.low, parts.high, raw=raw)

    def _of_blocks(self, parts: _Parts) -> Iterator[list[Activity]]:
        for block_id, _ in parts.blocks:
            found = [activity for activity in self._block(block_id) if parts.low <= activity.timestamp <= parts.high]
            self.looked_at += len(found)
            yield found

    def matching(self, policy: Policy, since: int | None = None, until: int | None = None) -> Iterator[Activity]:
        """What a policy might alert about, in the order in which it was stored: less than meets its filters, where it counts.

        Of subjects with too few activities for an alert nothing is given; who asks looks at each activity all the same.
        """
        where, raw = may(policy.asked(), None), policy.reads_raw()
        subjects, parts = Subjects.of(policy), self._parts(since, until)
        if subjects is None or not parts.segments:
            for several in self.scan(since, until, where, raw=raw):
                yield from several
            return
        meets = compile_filter(policy.asked(), now=lambda: 0)  # `Subjects` are of no policy that asks for the time
        recent = [activity for several in self._of_blocks(parts) for activity in several if meets(activity)]
        where = self._segments.keep_subjects(parts.segments, subjects, where, (parts.low, parts.high), recent)
        for several in self._of_segments(parts, where, raw=raw):
            yield from several
        yield from recent

    def newest_first(self, since: int | None = None, until: int | None = None, where: Sql = ALL) -> Iterator[Activity]:
        """The same, the newest first. Parts are opened when their latest time is reached, so that a few activities cost little."""
        parts = self._parts(since, until)
        low, high = parts.low, parts.high
        sources: list[tuple[int, int, Callable[[], Iterator[Activity]]]] = []
        for segment in parts.segments:
            sources.append((segment.last, len(sources), self._open_segment(segment, where, low, high)))
        for block_id, last in parts.blocks:
            sources.append((last, len(sources), self._open_block(block_id, low, high)))
        sources.sort(key=lambda source: source[:2])
        opened: list[tuple[int, int, Activity, Iterator[Activity]]] = []
        while sources or opened:
            while sources and (not opened or sources[-1][0] >= -opened[0][0]):
                _, number, begin = sources.pop()
                _push(opened, number, begin())
            if opened:
                _, number, activity, rest = heapq.heappop(opened)
                yield activity
                _push(opened, number, rest)

    def counts(self, wanted: Wanted, by: Sequence[str], since: int | None = None, until: int | None = None) -> dict[tuple[Any, ...], int]:
        """How many of the activities that are wanted there are of each kind, the most first.

        by: fields, and `day` (`2026-01-31`) and `hour` (`2026-01-31 12`), both of UTC. Of a list each element is counted.
        """
        found: Counter[tuple[Any, ...]] = Counter()
        for several in self.scan(since, until, wanted.where):
            for activity in several:
                if wanted.meets(activity):
                    found.update(itertools.product(*(_kinds(activity, name) for name in by)))
        return dict(found.most_common())

    def arrow(self, wanted: Wanted, fields: Sequence[str], since: int | None = None, until: int | None = None) -> Iterator[pa.RecordBatch]:
        """The activities that are wanted as columns, under the fields' names, some thousands at a time, as they were stored.

        Types: text, integers (times as milliseconds), numbers, true or false; lists of text; objects as lists of structs.
        """
        for several in self.scan(since, until, wanted.where):
            if found := [activity for activity in several if wanted.meets(activity)]:
                yield from segments.columns(found, fields).to_batches(max_chunksize=10_000)

    def get(self, activity_id: str) -> Activity | None:
        """One activity by its id; the newest where several instances have it."""
        for block in blocks.scan_containing(self._store.connection, activity_id.encode("utf-8", "surrogatepass")):
            for activity in block:
                if activity.activity_id == activity_id:
                    return activity
        found = (self._segments.with_id(segment, activity_id) for segment in reversed(segments.listed(self._store)))
        return next((activity for activity in found if activity is not None), None)

    def _parts(self, since: int | None, until: int | None) -> _Parts:
        """All parts at one moment: a block that becomes a part of a segment is in one of both."""
        connection = self._store.connection
        connection.execute("BEGIN")
        try:
            return _Parts(segments.listed(self._store, since, until), blocks.listed(connection, since, until), *span(since, until))
        finally:
            connection.execute("ROLLBACK")

    def _block(self, block_id: int) -> list[Activity]:
        """The activities of a block, wherever they are by now."""
        found = blocks.read_block(self._store.connection, block_id)
        if found:
            return found
        segment = segments.of_block(self._store, block_id)
        return self._segments.block(segment, block_id) if segment else []

    def _open_segment(self, segment: Segment, where: Sql, low: int, high: int) -> Callable[[], Iterator[Activity]]:
        return lambda: self._segments.newest_first(segment, where, low, high)

    def _open_block(self, block_id: int, low: int, high: int) -> Callable[[], Iterator[Activity]]:
        def begin() -> Iterator[Activity]:
            found = [activity for activity in self._block(block_id) if low <= activity.timestamp <= high]
            return iter(sorted(found, key=lambda activity: -activity.timestamp))

        return begin


def _push(opened: list[tuple[int, int, Activity, Iterator[Activity]]], number: int, rest: Iterator[Activity]) -> None:
    activity = next(rest, None)
    if activity is not None:
        heapq.heappush(opened, (-activity.timestamp, number, activity, rest))


def _kinds(activity: Activity, name: str) -> tuple[Any, ...]:
    """What an activity counts as."""
    if name in ("day", "hour"):
        moment = iso(activity.timestamp)
        return (moment[:10] if name == "day" else f"{moment[:10]} {moment[11:13]}",)
    value = getattr(activity, name)
    return value if isinstance(value, tuple) else (value,)
