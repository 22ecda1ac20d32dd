"""Counting activities by what they hold, over Arrow columns: memory is bounded by the number of different values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

HOUR = "hour"
"""A column beside the activity's own: whole hours since 1970, UTC."""
AT_ONCE = 100_000
"""Activities that are counted together: hundreds of small batches would cost more than what is in them."""


def tables(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches with a `timestamp`, put together, and the column `hour`. None of them is empty."""
    import pyarrow as pa

    several: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        several.append(batch)
        rows += batch.num_rows
        if rows >= AT_ONCE:
            yield _with_hours(pa.Table.from_batches(several))
            several, rows = [], 0
    if rows:
        yield _with_hours(pa.Table.from_batches(several))


def count(table: pa.Table, fields: Sequence[str]) -> Counter[tuple[Any, ...]]:
    """How many rows hold each combination of values, unknown ones included. Of a list, which stands alone, each element counts."""
    import pyarrow as pa
    import pyarrow.compute as pc

    chosen = table.select(fields)
    if pa.types.is_list(chosen.schema.types[0]):
        chosen = pa.table({fields[0]: pc.list_flatten(chosen.column(0))})
    grouped = chosen.group_by([*fields]).aggregate([([], "count_all")])
    kinds = zip(*(grouped[field].to_pylist() for field in fields), strict=True)
    return Counter(dict(zip(kinds, grouped["count_all"].to_pylist(), strict=True)))


def folded(numbers: Iterable[tuple[str, int]]) -> Counter[str]:
    """What differs in its case alone counts together, under the spelling that is there most often."""
    spellings: dict[str, Counter[str]] = {}
    for name, number in numbers:
        spellings.setdefault(name.casefold(), Counter())[name] += number
    return Counter({min(own, key=lambda name: (-own[name], name)): own.total() for own in spellings.values()})


def _with_hours(table: pa.Table) -> pa.Table:
    import pyarrow.compute as pc

    return table.append_column(HOUR, pc.divide(table["timestamp"], 3_600_000))
