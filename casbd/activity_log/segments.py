"""Reading the activity log's older part: DuckDB over its Parquet files.

All text of the queries is made of columns' names and of templates; values are parameters.
"""

# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.policies.sql import Sql
from casbd.policies.subject_sql import Subjects
from casbd.store.segments import BLOCK, Segment, schema

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
        text = f"SELECT {_COLUMNS if raw else _WITHOUT_RAW} FROM read_parquet(?) WHERE timestamp BETWEEN ? AND ? AND {where.text}"
        yield from self._activities(text, [str(segment.path), low, high, *where.parameters], segment)

    def keep_subjects(
        self, several: Sequence[Segment], subjects: Subjects, where: Sql, within: tuple[int, int], recent: Sequence[Activity]
    ) -> Sql:
        """A condition that leaves out the subjects that have too few activities in these segments for a policy to alert.

        recent: activities outside the segments; what their subjects did before is kept, whatever it is.
        """
        import duckdb
        import pyarrow as pa

        files = [str(segment.path) for segment in several]
        key, fields = subjects.key, ", ".join(f'"{field}"' for field in subjects.fields)
        given = f"FROM read_parquet(?) WHERE timestamp BETWEEN ? AND ? AND {where.text}"
        parameters = [files, *within, *where.parameters]
        enough = f"CREATE OR REPLACE TABLE kept AS SELECT {key} AS subject {given} GROUP BY ALL HAVING {subjects.enough.text}"
        others = f"SELECT DISTINCT {fields} {given} AND ({subjects.strange})"
        try:
            self._connection.execute(enough, [*parameters, *subjects.enough.parameters])
            strange = self._connection.execute(others, parameters).fetchall()
        except duckdb.IOException:
            return where  # retention has removed a file: then without it
        # What SQL tells apart Python may not: `straße` and `STRASSE` are one subject.
        of_recent = {tuple(getattr(activity, field) for field in subjects.fields) for activity in recent}
        more = [tuple(value.casefold() if isinstance(value, str) else value for value in row) for row in (*strange, *of_recent)]
        columns = {
            field: pa.array([row[number] for row in more], type=schema().field(field).type) for number, field in enumerate(subjects.fields)
        }
        self._connection.register("more", pa.table(columns))
        self._connection.execute(f"INSERT INTO kept SELECT DISTINCT {key} FROM more")
        return Sql(f"{where.text} AND ({key} IN (SELECT subject FROM kept) OR {subjects.strange})", where.parameters)

    def newest_first(self, segment: Segment, where: Sql, low: int, high: int) -> Iterator[Activity]:
        """The same, the newest first: their times, and then a few at a time, as hardly anybody wants all."""
        given = f"FROM read_parquet(?) WHERE timestamp BETWEEN ? AND ? AND {where.text}"
        text = f"SELECT timestamp, count(*) {given} GROUP BY timestamp"
        rows = self._rows(text, [str(segment.path), low, high, *where.parameters], segment)
        rows.sort(reverse=True)
        size, newest, some = AT_ONCE // 16, high, 0
        for number, (moment, times) in enumerate(rows, 1):
            some += times
            if some >= size or number == len(rows):
                text = f"SELECT {_COLUMNS} {given} ORDER BY timestamp DESC"
                for activities in self._activities(text, [str(segment.path), moment, newest, *where.parameters], segment):
                    yield from activities
                size, newest, some = 8 * AT_ONCE, moment - 1, 0

    def count(self, segment: Segment, low: int, high: int) -> int:
        """How many activities of a span of event time there are."""
        rows = self._rows(
            "SELECT count(*), 0 FROM read_parquet(?) WHERE timestamp BETWEEN ? AND ?", [str(segment.path), low, high], segment
        )
        return rows[0][0] if rows else 0

    def block(self, segment: Segment, block_id: int) -> list[Activity]:
        """The activities that came from one block."""
        text = f"SELECT {_COLUMNS} FROM read_parquet(?) WHERE {BLOCK} = ?"
        return [one for several in self._activities(text, [str(segment.path), block_id], segment) for one in several]

    def with_id(self, segment: Segment, activity_id: str) -> Activity | None:
        """The activity with an id."""
        if any("\ud800" <= letter <= "\udfff" for letter in activity_id):
            return None  # half of a pair, which no record's id has
        text = f"SELECT {_COLUMNS} FROM read_parquet(?) WHERE activity_id = ? LIMIT 1"
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
