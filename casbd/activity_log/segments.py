"""Reading the activity log's older part: DuckDB over its Parquet files.

All text of the queries is made of columns' names and of templates; values are parameters.
"""

# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casbd.activity_log.counting import kinds
from casbd.activity_log.opened_segments import ALL, Opened, table, within_span
from casbd.activity_log.segment_queries import AT_ONCE, Queries
from casbd.activity_log.segment_rows import COLUMNS, made, unknown
from casbd.activity_log.wanted import Wanted
from casbd.filters.sql import Sql
from casbd.model.activity import FIELDS, Activity
from casbd.store.log.segment_files import BLOCK, PLACE, schema
from casbd.store.log.segments import Segment

if TYPE_CHECKING:
    import pyarrow as pa

WINDOW = 20_000
"""Activities that are put into the order of their storing at once."""
AT_A_TIME = 64 << 20
"""Bytes of activities that are put into the order of their times at once: of records of 20 MB few."""
_SPANS = {"day": "strftime(epoch_ms(timestamp), '%Y-%m-%d')", "hour": "strftime(epoch_ms(timestamp), '%Y-%m-%d %H')"}


class Segments:
    """Reads open segments. low, high: a span of event time (milliseconds), both ends included.

    state_dir: where their files are, and all that DuckDB may read.
    """

    def __init__(self, state_dir: Path) -> None:
        self.queries = Queries(state_dir)

    def read(self, opened: Opened, where: Sql, low: int, high: int, fields: Collection[str] = FIELDS) -> Iterator[list[Activity]]:
        """What may meet a condition, in the order in which it was stored. fields: what is read of it, the rest is unknown."""
        columns = ", ".join(f'"{name}"' if name in fields else unknown(name) for name in FIELDS)
        for text, parameters, order in self._windows(opened, where, low, high, raw="raw" in fields):
            yield from map(made, self.queries.batches(f"SELECT {columns} {text}{order}", parameters, opened))

    def arrow(
        self, opened: Opened, wanted: Wanted, fields: Sequence[str], low: int, high: int, *, ordered: bool
    ) -> Iterator[pa.RecordBatch]:
        """Some columns of what meets a condition. ordered: as it was stored, which takes longer."""
        import pyarrow as pa

        names = ", ".join(f'"{name}"' for name in fields)
        types = pa.schema([schema().field(name) for name in fields])
        surely = wanted.surely
        parts = (
            self._windows(opened, wanted.where, low, high, raw="raw" in fields)
            if ordered
            else _all_at_once(opened, wanted.where, low, high)
        )
        for text, parameters, order in parts:
            decided: Iterator[bool] | None = None
            query = f"SELECT {names}, ({surely.text}) AS sure {text}{order}"
            for batch in self.queries.batches(query, [*surely.parameters, *parameters], opened):
                sure = batch.column(len(fields))
                if sure.false_count:
                    if decided is None:
                        # The answers are those of the first query's rows one by one, as both give them in one order: that of the files,
                        # which DuckDB keeps (`preserve_insertion_order`, its default). In another, wrong rows would be let through.
                        doubtful = f"SELECT {COLUMNS} {text} AND NOT ({surely.text}){order}"
                        rows = self.queries.batches(doubtful, [*parameters, *surely.parameters], opened)
                        decided = (wanted.meets(activity) for some in rows for activity in made(some))
                    batch = batch.filter(pa.array([one or next(decided) for one in sure.to_pylist()]))
                arrays = [column.cast(kind.type) for column, kind in zip(batch.columns, types, strict=False)]
                yield pa.RecordBatch.from_arrays(arrays, schema=types)

    def counts(self, opened: Opened, wanted: Wanted, by: Sequence[str], low: int, high: int) -> dict[tuple[Any, ...], int]:
        """How many meet a condition, by columns, `day` and `hour`."""
        if not opened.segments:
            return {}
        keys = [f"{_SPANS.get(name, chr(34) + name + chr(34))} AS k{number}" for number, name in enumerate(by)]
        lists = [name for name in by if name in FIELDS and FIELDS[name].kind == "list"]
        files, parameters = table(opened, opened.segments)
        within = within_span(opened, low, high)
        surely = ALL if wanted.surely.text == wanted.where.text else wanted.surely  # a constant costs nothing to group by
        source = f"(SELECT *, ({surely.text}) AS sure FROM {files} WHERE {within.text} AND {wanted.where.text})"
        for name in lists:
            source = f'(SELECT * REPLACE (unnest("{name}") AS "{name}") FROM {source})'
        arguments = [*surely.parameters, *parameters, *within.parameters, *wanted.where.parameters]
        sure = "TRUE" if surely is ALL else "sure"
        text = f"SELECT {sure}, {', '.join([*keys, 'count(*)'])} FROM {source} GROUP BY ALL"
        totals: dict[tuple[Any, ...], int] = {}
        certain = True
        for is_sure, *key, number in self.queries.rows(text, arguments, opened):
            if is_sure:
                totals[tuple(key)] = number
            certain = certain and is_sure
        if not certain:
            where = Sql(f"({wanted.where.text}) AND NOT ({wanted.surely.text})", [*wanted.where.parameters, *wanted.surely.parameters])
            for several in self.read(opened, where, low, high):
                for activity in filter(wanted.meets, several):
                    for kind in kinds(activity, by):
                        totals[kind] = totals.get(kind, 0) + 1
        return totals

    def newest_first(self, opened: Opened, several: Sequence[Segment], where: Sql, low: int, high: int) -> Iterator[Activity]:
        """The same, the newest first: their times, and then a few at a time, as hardly anybody wants all."""
        files, parameters = table(opened, several)
        selection = f"FROM {files} WHERE timestamp BETWEEN ? AND ? AND {where.text}"
        text = f"SELECT timestamp, count(*) {selection} GROUP BY timestamp"
        rows = self.queries.rows(text, [*parameters, low, high, *where.parameters], opened)
        rows.sort(reverse=True)
        most = max(1, AT_A_TIME // self._size_of_one(opened, several))
        size, newest, some = min(AT_ONCE // 16, most), high, 0
        for number, (moment, times) in enumerate(rows, 1):
            some += times
            if some >= size or number == len(rows):
                batches = self.queries.batches(f"SELECT {COLUMNS} {selection}", [*parameters, moment, newest, *where.parameters], opened)
                activities = [activity for batch in batches for activity in made(batch)]
                yield from sorted(activities, key=lambda activity: -activity.timestamp)
                size, newest, some = min(8 * AT_ONCE, most), moment - 1, 0

    def _size_of_one(self, opened: Opened, several: Sequence[Segment]) -> int:
        """Bytes of an activity, on the average."""
        files = [opened.path(segment) for segment in several]
        ((size,),) = self.queries.rows("SELECT coalesce(sum(total_uncompressed_size), 0) FROM parquet_metadata(?)", [files], opened)
        return int(size) // max(1, sum(segment.activities for segment in several)) + 1

    def count(self, opened: Opened, several: Sequence[Segment], low: int, high: int) -> int:
        """How many activities of a span of event time there are."""
        if not several:
            return 0
        files, parameters = table(opened, several)
        return int(
            self.queries.rows(f"SELECT count(*) FROM {files} WHERE timestamp BETWEEN ? AND ?", [*parameters, low, high], opened)[0][0]
        )

    def block(self, opened: Opened, block_id: int) -> list[Activity]:
        """The activities that came from one block."""
        files, parameters = table(opened, opened.segments)
        text = f"SELECT {COLUMNS} FROM {files} WHERE {BLOCK} = ? ORDER BY {PLACE}"
        return [one for batch in self.queries.batches(text, [*parameters, block_id], opened) for one in made(batch)]

    def with_id(self, opened: Opened, activity_id: str) -> Activity | None:
        """The newest activity with an id."""
        if any("\ud800" <= letter <= "\udfff" for letter in activity_id) or not opened.segments:
            return None  # half of a pair, which no record's id has
        files, parameters = table(opened, opened.segments)
        text = f"SELECT {COLUMNS} FROM {files} WHERE activity_id = ? ORDER BY {BLOCK} DESC, {PLACE} DESC LIMIT 1"
        return next((one for batch in self.queries.batches(text, [*parameters, activity_id], opened) for one in made(batch)), None)

    def places(self, opened: Opened, regex: str) -> set[tuple[int, int]]:
        """Block and place of each activity that has a text which a regular expression (RE2, whatever the case) finds in any column."""
        files, parameters = table(opened, opened.segments)
        texts = [f'"{field.name}"' for field in FIELDS.values() if field.kind in ("text", "choice")]
        texts += [f"{name}::VARCHAR" for name in ("objects", *(field.name for field in FIELDS.values() if field.kind == "list"))]
        where = " OR ".join(f"coalesce(regexp_matches({text}, ?, 'i'), FALSE)" for text in texts)
        rows = self.queries.rows(f"SELECT {BLOCK}, {PLACE} FROM {files} WHERE {where}", [*parameters, *[regex] * len(texts)], opened)
        return {(block_id, place) for block_id, place in rows}

    def _windows(self, opened: Opened, where: Sql, low: int, high: int, *, raw: bool) -> Iterator[tuple[str, list[Any], str]]:
        """The ends of queries that together give what meets a condition, each of a part that can be sorted in memory.

        raw: with the records, which may be large.
        """
        if not opened.segments:
            return
        files, parameters = table(opened, opened.segments)
        condition = f"timestamp BETWEEN ? AND ? AND {where.text}"
        text = f"SELECT {BLOCK}, count(*) FROM {files} WHERE {condition} GROUP BY 1 ORDER BY 1"
        rows = self.queries.rows(text, [*parameters, low, high, *where.parameters], opened)
        most = min(WINDOW, max(1, 4 * AT_A_TIME // self._size_of_one(opened, opened.segments))) if raw else WINDOW
        for first, last in _spans(rows, most):
            among = [one for one in opened.segments if one.first_block <= last and first <= one.last_block]
            files, parameters = table(opened, among)
            order = f" ORDER BY {BLOCK}, {PLACE}" if len(among) > 1 else ""  # one file is in order
            text = f"FROM {files} WHERE {BLOCK} BETWEEN ? AND ? AND {condition}"
            yield text, [*parameters, first, last, low, high, *where.parameters], order


def _spans(rows: Sequence[tuple[int, int]], most: int) -> Iterator[tuple[int, int]]:
    """Spans of blocks that hold about so many rows each."""
    first, some = None, 0
    for number, (block_id, times) in enumerate(rows, 1):
        first = block_id if first is None else first
        some += times
        if some >= most or number == len(rows):
            yield first, block_id
            first, some = None, 0


def _all_at_once(opened: Opened, where: Sql, low: int, high: int) -> Iterator[tuple[str, list[Any], str]]:
    """As `_windows`, in no order."""
    if opened.segments:
        files, parameters = table(opened, opened.segments)
        within = within_span(opened, low, high)
        yield f"FROM {files} WHERE {within.text} AND {where.text}", [*parameters, *within.parameters, *where.parameters], ""
