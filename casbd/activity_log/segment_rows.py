"""What a segment's rows are as activities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casbd.model.activity import FIELDS, Activity, ActivityObject

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ", ".join(f'"{name}"' for name in FIELDS)
"""Of a whole activity, as a query selects them."""
_LISTS = tuple(number for number, field in enumerate(FIELDS.values()) if field.kind == "list")
_OBJECTS = [*FIELDS].index("objects")


def unknown(field: str) -> str:
    """What stands for a field that is not read."""
    kind = FIELDS[field].kind
    return f'{"[]" if kind in ("list", "objects") else chr(39) * 2 if field == "raw" else "NULL"} AS "{field}"'


def made(batch: pa.RecordBatch) -> list[Activity]:
    """Activities of all columns."""
    columns = [column.to_pylist() for column in batch.columns[: len(FIELDS)]]
    for number in _LISTS:
        columns[number] = [tuple(values) for values in columns[number]]
    columns[_OBJECTS] = [tuple(ActivityObject(*thing.values()) for thing in things) for things in columns[_OBJECTS]]
    return [Activity(*values) for values in zip(*columns, strict=True)]
