"""Reading the activity log's older part: DuckDB over its Parquet files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.policies.sql import Sql
from casbd.store.segments import BLOCK, Segment

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

AT_ONCE = 2_048
_COLUMNS = ", ".join(f'"{name}"' for name in FIELDS)
_WITHOUT_RAW = ", ".join("'' AS raw" if name == "raw" else f'"{name}"' for name in FIELDS)
_LISTS = tuple(number for number, field in enumerate(FIELDS.values()) if field.kind == "list")
_OBJECTS = [*FIELDS].index("objects")
ALL = Sql("TRUE")


class Segments:
    """Reads segments. A file that retention removes meanwhile is left out, as its activities are."""

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        connection = duckdb.connect(":memory:")
        connection.execute("SET threads = 2; SET memory_limit = '1GB'; SET enable_progress_bar = false")
        return connection

    def read(self, segment: Segment, where: Sql, low: int, high: int, *, raw: bool) -> Iterator[list[Activity]]:
        """What may meet a condition, of a span of event time, in the order in which it was stored. raw: with the records."""
        text = f"SELECT {_COLUMNS if raw else _WITHOUT_RAW} FROM read_parquet(?) WHERE timestamp BETWEEN ? AND ? AND {where.text}"  # noqa: S608  columns and templates
        yield from self._activities(text, [str(segment.path), low, high, *where.parameters], segment)

    def newest_first(self, segment: Segment, where: Sql, low: int, high: int) -> Iterator[Activity]:
        """The same, the newest first: which rows, then the rows, a few at a time, as hardly anybody wants all."""
        text = "SELECT file_row_number, timestamp FROM read_parquet(?, file_row_number = true)"
        text += f" WHERE timestamp BETWEEN ? AND ? AND {where.text}"
        rows = self._rows(text, [str(segment.path), low, high, *where.parameters], segment)
        rows.sort(key=lambda row: -row[1])
        size, start = 128, 0
        while start < len(rows):
            numbers = [number for number, _ in rows[start : start + size]]
            text = (
                f"SELECT {_COLUMNS} FROM read_parquet(?, file_row_number = true)"  # noqa: S608
                " WHERE file_row_number IN (SELECT unnest(?::BIGINT[])) ORDER BY timestamp DESC, file_row_number"
            )
            for activities in self._activities(text, [str(segment.path), numbers], segment):
                yield from activities
            start += size
            size = min(4 * size, 8 * AT_ONCE)

    def count(self, segment: Segment, low: int, high: int) -> int:
        """How many activities of a span of event time there are."""
        rows = self._rows(
            "SELECT count(*), 0 FROM read_parquet(?) WHERE timestamp BETWEEN ? AND ?", [str(segment.path), low, high], segment
        )
        return rows[0][0] if rows else 0

    def block(self, segment: Segment, block_id: int) -> list[Activity]:
        """The activities that came from one block."""
        text = f"SELECT {_COLUMNS} FROM read_parquet(?) WHERE {BLOCK} = ?"  # noqa: S608
        return [one for several in self._activities(text, [str(segment.path), block_id], segment) for one in several]

    def with_id(self, segment: Segment, activity_id: str) -> Activity | None:
        """The activity with an id."""
        if any("\ud800" <= letter <= "\udfff" for letter in activity_id):
            return None  # half of a pair, which no record's id has
        text = f"SELECT {_COLUMNS} FROM read_parquet(?) WHERE activity_id = ? LIMIT 1"  # noqa: S608
        return next((one for several in self._activities(text, [str(segment.path), activity_id], segment) for one in several), None)

    def _rows(self, text: str, parameters: Sequence[Any], segment: Segment) -> list[tuple[int, int]]:
        import duckdb

        try:
            return self._connection.execute(text, parameters).fetchall()
        except duckdb.IOException:
            if segment.path.exists():
                raise
            return []

    def _activities(self, text: str, parameters: Sequence[Any], segment: Segment) -> Iterator[list[Activity]]:
        import duckdb

        cursor = self._connection.cursor()  # its own, so that several readings can go on side by side
        try:
            for batch in cursor.sql(text, params=parameters).to_arrow_reader(AT_ONCE):
                yield _made(batch)
        except duckdb.IOException:
            if segment.path.exists():
                raise
        finally:
            cursor.close()


def _made(batch: pa.RecordBatch) -> list[Activity]:
    columns = [column.to_pylist() for column in batch.columns]
    for number in _LISTS:
        columns[number] = [tuple(values) for values in columns[number]]
    columns[_OBJECTS] = [tuple(ActivityObject(*thing.values()) for thing in things) for things in columns[_OBJECTS]]
    return [Activity(*values) for values in zip(*columns, strict=True)]
