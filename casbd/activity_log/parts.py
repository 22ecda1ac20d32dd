"""Reading the activity log's parts: DuckDB over Parquet files and over the columns of the blocks that wait.

All text of the queries is made of columns' names, of templates and of numbers of open files; values are parameters.
"""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from casbd.activity_log.decoded import Decoded
from casbd.activity_log.duckdb_queries import AT_ONCE, Queries
from casbd.activity_log.opened import ALL, Opened, Source
from casbd.activity_log.selections import Selection, activity_of, selection_of
from casbd.activity_log.wanted import Wanted
from casbd.filters.sql import Sql
from casbd.model.activity import FIELDS, Activity
from casbd.store.database import Store
from casbd.store.log import columns
from casbd.store.log.columns import BLOCK, PLACE, RAW

if TYPE_CHECKING:
    import pyarrow as pa

FEW = 4_000
"""Activities in blocks, which `is_few` is about."""
WINDOW = 40_000
"""Activities that are put into the order of their storing at once; with fewer the row groups of a file would be read several times."""
AT_A_TIME = 64 << 20
"""Bytes of activities that are put into the order of their times at once: of records of 20 MB few."""


class Parts:
    """Reads the parts that are open, within the span of event time that they were opened for.

    store: whose they are; of its directory DuckDB reads the files, and nothing else.
    """

    def __init__(self, store: Store) -> None:
        self.queries = Queries(store.directory, Decoded.of(store))

    def read(self, opened: Opened, where: Sql, fields: Collection[str] = FIELDS) -> Iterator[list[Activity]]:
        """What may meet a condition, in the order in which it was stored. fields: what is read of it, the rest may be unknown."""
        files, blocks = Source(opened.whole.segments, ()), Source((), opened.whole.blocks)
        as_objects = where is ALL or is_few(blocks)  # of whole blocks these take half the time
        for selection in self._windows(opened, [files] if as_objects else [files, blocks], where, raw=RAW in fields):
            yield from map(columns.activities, self._batches(opened, activity_of(fields), selection))
        if as_objects:
            yield from objects(opened, blocks)

    def arrow(self, opened: Opened, wanted: Wanted, fields: Sequence[str], *, ordered: bool) -> Iterator[pa.RecordBatch]:
        """Some columns of what is wanted. ordered: as it was stored, which takes longer."""
        import pyarrow as pa

        types = columns.schema(fields)
        if is_few(opened.whole):
            for several in objects(opened, opened.whole):
                yield columns.batch([*filter(wanted.meets, several)], fields)
            return
        names, surely = ", ".join(f'"{name}"' for name in fields), wanted.surely
        for selection in self._selections(opened, wanted.where, ordered=ordered, raw=RAW in fields):
            decided: Iterator[bool] | None = None
            asked = f"{names}, ({surely.text}) AS sure"
            for batch in self._batches(opened, asked, selection, surely.parameters):
                sure = batch.column(len(fields))
                if sure.false_count:
                    decided = decided or self._decided(opened, wanted, selection)
                    batch = batch.filter(pa.array([one or next(decided) for one in sure.to_pylist()]))
                arrays = [column.cast(kind.type) for column, kind in zip(batch.columns, types, strict=False)]
                yield pa.RecordBatch.from_arrays(arrays, schema=types)

    def _decided(self, opened: Opened, wanted: Wanted, selection: Selection) -> Iterator[bool]:
        """Of each row that SQL is not sure of, whether it is wanted. In another order than the rows', wrong ones would be let through:
        both queries give the files' order, which DuckDB keeps (`preserve_insertion_order`, its default), or sort by it."""
        surely = wanted.surely
        doubtful = selection._replace(
            text=f"{selection.text} AND NOT ({surely.text})", parameters=[*selection.parameters, *surely.parameters]
        )
        yield from map(wanted.meets, self.activities(opened, doubtful, wanted.reads))

    def newest_first(
        self, opened: Opened, source: Source, where: Sql, fields: Collection[str] = FIELDS, *, few: bool = True
    ) -> Iterator[Activity]:
        """The same, the newest first: the times, and then some at a time. few: hardly anybody will want all."""
        if is_few(source):
            several = itertools.chain.from_iterable(objects(opened, source))
            yield from sorted(several, key=lambda activity: -activity.timestamp)
            return
        files, blocks = Source(source.segments, ()), Source((), source.blocks)
        both = (self._newest_of_files(opened, files, where, fields, few=few), self._newest_of_blocks(opened, blocks, where, fields))
        yield from heapq.merge(*both, key=lambda activity: -activity.timestamp)

    def _newest_of_blocks(self, opened: Opened, source: Source, where: Sql, fields: Collection[str]) -> Iterator[Activity]:
        """Where each one is, and then those alone: columns of all fields of all others in the blocks would cost several times as much."""
        if not source.blocks:
            return
        rows = self._rows(opened, f"timestamp, {BLOCK}, {PLACE}", selection_of(opened, source, where))
        rows.sort(key=lambda row: -row[0])
        blocks = {block.block_id: block for block in source.blocks}
        for start, end in _spans_of(len(rows)):
            places: dict[int, list[int]] = defaultdict(list)
            for _, block_id, place in rows[start:end]:
                places[block_id].append(place)
            found = {
                (block_id, place): one
                for block_id, several in places.items()
                for place, one in zip(several, blocks[block_id].some(several, with_records=RAW in fields), strict=True)
            }
            yield from (found[block_id, place] for _, block_id, place in rows[start:end])

    def _newest_of_files(self, opened: Opened, source: Source, where: Sql, fields: Collection[str], *, few: bool) -> Iterator[Activity]:
        if not source.segments:
            return
        rows = self._rows(opened, "timestamp, count(*)", selection_of(opened, source, where), " GROUP BY timestamp")
        rows.sort(reverse=True)
        most = max(1, AT_A_TIME // self._size_of_one(opened, source)) if rows else 0
        size, newest, some = min(AT_ONCE // 16 if few else 8 * AT_ONCE, most), opened.high, 0
        for number, (moment, times) in enumerate(rows, 1):
            some += times
            if some >= size or number == len(rows):
                now = source.only(lambda one, low=moment, high=newest: low <= one.last and one.first <= high)  # type: ignore[misc]
                selection = selection_of(opened, now, where, Sql("timestamp BETWEEN ? AND ?", [moment, newest]))
                yield from sorted(self.activities(opened, selection, fields), key=lambda activity: -activity.timestamp)
                size, newest, some = min(8 * AT_ONCE, most), moment - 1, 0

    def _size_of_one(self, opened: Opened, source: Source) -> int:
        """Bytes of an activity, on the average."""
        size = sum(block.size() for block in source.blocks)
        if files := [opened.path(segment) for segment in source.segments]:
            text = "SELECT coalesce(sum(total_uncompressed_size), 0) FROM parquet_metadata(?)"
            size += int(self.queries.rows(text, [files], opened)[0][0])
        return size // max(1, source.activities) + 1

    def count(self, opened: Opened) -> int:
        """How many activities of the span there are."""
        inside, rest = opened.whole.only(opened.holds), opened.whole.only(lambda one: not opened.holds(one))
        if is_few(rest):
            return inside.activities + sum(map(len, objects(opened, rest)))
        return inside.activities + int(self._rows(opened, "count(*)", selection_of(opened, rest, ALL))[0][0])

    def block(self, opened: Opened, block_id: int) -> list[Activity]:
        """The activities that came from one block, which is in a file by now."""
        holders = [one for one in opened.whole.segments if one.first_block <= block_id <= one.last_block]
        selection = selection_of(opened, Source(holders, ()), Sql(f"{BLOCK} = ?", [block_id]))._replace(order=f" ORDER BY {PLACE}")
        return [*self.activities(opened, selection)] if holders else []

    def with_id(self, opened: Opened, activity_id: str) -> Activity | None:
        """The newest activity with an id."""
        if any("\ud800" <= letter <= "\udfff" for letter in activity_id):
            return None  # half of a pair, which no record's id has
        if is_few(opened.whole):
            several = itertools.chain.from_iterable(objects(opened, opened.whole))
            return next((one for one in reversed([*several]) if one.activity_id == activity_id), None)
        found = Sql("activity_id = ?", [activity_id])
        newest = f" ORDER BY {BLOCK} DESC, {PLACE} DESC LIMIT 1"
        for block_id, place in self._rows(opened, f"{BLOCK}, {PLACE}", selection_of(opened, opened.whole, found), newest):
            of_block = Source(opened.whole.segments, [one for one in opened.whole.blocks if one.block_id == block_id])
            here = Sql(f"activity_id = ? AND {BLOCK} = ? AND {PLACE} = ?", [activity_id, block_id, place])
            return next(self.activities(opened, selection_of(opened, of_block, here)), None)
        return None

    def places(self, opened: Opened, regex: str) -> set[tuple[int, int]]:
        """Block and place of each activity that has a text which a regular expression (RE2, whatever the case) finds in any column."""
        texts = [f'"{field.name}"' for field in FIELDS.values() if field.kind in ("text", "choice")]
        texts += [f"{name}::VARCHAR" for name in ("objects", *(field.name for field in FIELDS.values() if field.kind == "list"))]
        where = " OR ".join(f"coalesce(regexp_matches({text}, ?, 'i'), FALSE)" for text in texts)
        rows = self._rows(opened, f"{BLOCK}, {PLACE}", selection_of(opened, opened.whole, Sql(f"({where})", [regex] * len(texts))))
        return {(block_id, place) for block_id, place in rows}

    def _rows(self, opened: Opened, asked: str, selection: Selection, rest: str = "") -> list[tuple[Any, ...]]:
        return self.queries.rows(f"SELECT {asked} {selection.text}{rest}", selection.parameters, opened, selection.source.blocks)

    def _batches(self, opened: Opened, asked: str, selection: Selection, parameters: Sequence[Any] = ()) -> Iterator[pa.RecordBatch]:
        text = f"SELECT {asked} {selection.text}{selection.order}"
        return self.queries.batches(text, [*parameters, *selection.parameters], opened, selection.source.blocks)

    def activities(self, opened: Opened, selection: Selection, fields: Collection[str] = FIELDS) -> Iterator[Activity]:
        """What is selected, in any order. fields: what is read of it, the rest may be unknown."""
        for batch in self._batches(opened, activity_of(fields), selection):
            yield from columns.activities(batch)

    def _selections(self, opened: Opened, where: Sql, *, ordered: bool, raw: bool = False) -> Iterator[Selection]:
        """What may meet a condition, in the order of storing or in any."""
        if ordered:
            yield from self._windows(opened, [Source(opened.whole.segments, ()), Source((), opened.whole.blocks)], where, raw=raw)
        elif any(opened.whole):
            yield selection_of(opened, opened.whole, where)

    def _windows(self, opened: Opened, sources: Sequence[Source], where: Sql, *, raw: bool) -> Iterator[Selection]:
        """Selections that together give what meets a condition, each of a part that can be sorted in memory.

        raw: with the records, which may be large.
        """
        for source in sources:
            if not any(source):
                continue
            rows = [(block.block_id, block.activities) for block in source.blocks] or self._rows(
                opened, f"{BLOCK}, count(*)", selection_of(opened, source, where), " GROUP BY 1 ORDER BY 1"
            )
            most = min(WINDOW, max(1, 4 * AT_A_TIME // self._size_of_one(opened, source))) if raw else WINDOW
            for first, last in _spans(rows, most):
                files = [one for one in source.segments if one.first_block <= last and first <= one.last_block]
                among = Source(files, [one for one in source.blocks if first <= one.block_id <= last])
                order = f" ORDER BY {BLOCK}, {PLACE}" if among.segments or len(among.blocks) > 1 else ""  # a block is in order
                yield selection_of(opened, among, where, Sql(f"{BLOCK} BETWEEN ? AND ?", [first, last]))._replace(order=order)


def is_few(source: Source) -> bool:
    """Whether parts are sooner read as objects than DuckDB is loaded."""
    return not source.segments and source.activities <= FEW


def objects(opened: Opened, source: Source) -> Iterator[list[Activity]]:
    """All activities of blocks, as they were stored."""
    for block in source.blocks:
        yield [activity for activity in block.whole() if opened.low <= activity.timestamp <= opened.high]


def _spans_of(number: int) -> Iterator[tuple[int, int]]:
    """So many rows as spans, the first of few."""
    start, size = 0, AT_ONCE // 16
    while start < number:
        yield start, start + size
        start, size = start + size, AT_ONCE


def _spans(rows: Sequence[tuple[int, int]], most: int) -> Iterator[tuple[int, int]]:
    """Spans of blocks that hold about so many rows each."""
    first, some = None, 0
    for number, (block_id, times) in enumerate(rows, 1):
        first = block_id if first is None else first
        some += times
        if some >= most or number == len(rows):
            yield first, block_id
            first, some = None, 0
