"""Which subjects have enough activities in the segments for a policy to alert: the others need not be read."""

# ruff: noqa: S608

from __future__ import annotations

from typing import Any

from casbd.activity_log.duckdb_queries import Queries
from casbd.activity_log.opened import Opened
from casbd.counting.subject_sql import Subjects
from casbd.filters.sql import Sql
from casbd.model.identity import canonical
from casbd.store.log.columns import schema


def keep_subjects(queries: Queries, opened: Opened, subjects: Subjects, where: Sql) -> Sql:
    """A condition that leaves out the subjects that have too few activities in these parts for a policy to alert."""
    import pyarrow as pa

    key, fields, span = subjects.key, ", ".join(f'"{field}"' for field in subjects.fields), opened.span(opened.whole)
    selection = f"FROM {opened.table(opened.whole)} WHERE {span.text} AND {where.text}"
    parameters, blocks = [*span.parameters, *where.parameters], opened.whole.blocks
    enough = f"CREATE OR REPLACE TABLE kept AS SELECT {key} AS subject {selection} GROUP BY ALL HAVING {subjects.enough.text}"
    others = f"SELECT DISTINCT {fields} {selection} AND ({subjects.strange})"
    queries.rows(enough, [*parameters, *subjects.enough.parameters], opened, blocks)
    strange = queries.rows(others, parameters, opened, blocks)
    # What differs for SQL may be one for Python: `straße` and `STRASSE` are one subject.
    more = [tuple(map(_folded, subjects.fields, row)) for row in strange]
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
