"""Which subjects have enough activities in the segments for a policy to alert: the others need not be read."""

# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from casbd.activity_log.opened_segments import Opened, table
from casbd.activity_log.segment_queries import Queries
from casbd.counting.subject_sql import Subjects
from casbd.filters.sql import Sql
from casbd.model.activity import Activity
from casbd.model.identity import canonical
from casbd.store.log.segment_files import schema


def keep_subjects(
    queries: Queries, opened: Opened, subjects: Subjects, where: Sql, within: tuple[int, int], recent: Sequence[Activity]
) -> Sql:
    """A condition that leaves out the subjects that have too few activities in these segments for a policy to alert.

    recent: activities outside the segments; what their subjects did before is kept, whatever it is.
    """
    import pyarrow as pa

    files, parameters = table(opened, opened.segments)
    key, fields = subjects.key, ", ".join(f'"{field}"' for field in subjects.fields)
    selection = f"FROM {files} WHERE timestamp BETWEEN ? AND ? AND {where.text}"
    parameters = [*parameters, *within, *where.parameters]
    enough = f"CREATE OR REPLACE TABLE kept AS SELECT {key} AS subject {selection} GROUP BY ALL HAVING {subjects.enough.text}"
    others = f"SELECT DISTINCT {fields} {selection} AND ({subjects.strange})"
    queries.rows(enough, [*parameters, *subjects.enough.parameters], opened)
    strange = queries.rows(others, parameters, opened)
    # What differs for SQL may be one for Python: `straße` and `STRASSE` are one subject.
    of_recent = {tuple(getattr(activity, field) for field in subjects.fields) for activity in recent}
    more = [tuple(map(_folded, subjects.fields, row)) for row in (*strange, *of_recent)]
    columns = {
        field: pa.array([row[number] for row in more], type=schema().field(field).type) for number, field in enumerate(subjects.fields)
    }
    queries.connection.register("more", pa.table(columns))
    queries.connection.execute(f"INSERT INTO kept SELECT DISTINCT {key} FROM more")
    return Sql(f"{where.text} AND ({key} IN (SELECT subject FROM kept) OR {subjects.strange})", where.parameters)


def _folded(field: str, value: Any) -> Any:
    """A value of a subject as Python compares it."""
    if not isinstance(value, str):
        return value
    return canonical(value) if field == "user" else value.casefold()
