"""Activities as columns (Apache Arrow), under the fields' names: what a segment's file and a waiting block are to those who ask them.

Times are milliseconds since 1970 (UTC).
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from msgspec.structs import astuple

from casbd.model.activity import FIELDS, Activity, ActivityObject

if TYPE_CHECKING:
    import pyarrow as pa

    from casbd.store.log._bodies import Column

BLOCK, PLACE = "block_id", "place"
"""The last columns: which block an activity came from, and the how manyeth in it it was."""
RAW = "raw"
"""The record itself: most of what an activity takes."""

_LISTS = tuple(number for number, field in enumerate(FIELDS.values()) if field.kind == "list")
_OBJECTS = [*FIELDS].index("objects")
_PLACES = {name: place for place, name in enumerate(FIELDS)}


def schema(fields: Sequence[str] = (*FIELDS, BLOCK, PLACE)) -> pa.Schema:
    """The columns: the fields of the activity, by the same names, the block and the place in it; or some of them."""
    return _schema(tuple(fields))


@lru_cache(8)
def _schema(fields: tuple[str, ...]) -> pa.Schema:
    import pyarrow as pa

    text = pa.string()
    thing = pa.struct([(name, text) for name in ActivityObject.__struct_fields__])
    types = {"time": pa.int64(), "text": text, "choice": text, "flag": pa.bool_(), "integer": pa.int64(), "number": pa.float64()}
    types |= {"list": pa.list_(text), "objects": pa.list_(thing)}
    kinds = {name: types[field.kind] for name, field in FIELDS.items()} | {BLOCK: pa.int64(), PLACE: pa.int32()}
    return pa.schema([(name, kinds[name]) for name in fields])


def batch(activities: Sequence[Activity], fields: Sequence[str] = tuple(FIELDS)) -> pa.RecordBatch:
    """Some fields of activities as columns."""
    import pyarrow as pa

    wanted = schema(fields)
    rows = [*map(astuple, activities)]
    arrays = [_column([*map(itemgetter(_PLACES[column.name]), rows)], column) for column in wanted]
    return pa.RecordBatch.from_arrays(arrays, schema=wanted)


def _column(values: Sequence[Any], column: pa.Field) -> pa.Array:
    """One field of several activities."""
    import pyarrow as pa

    if values.count(None) == len(values):
        return pa.nulls(len(values), column.type)
    return _things(values, column.type) if column.name == "objects" else pa.array(values, type=column.type)


def _things(values: Sequence[tuple[ActivityObject, ...]], kind: pa.ListType) -> pa.ListArray:
    """Objects as columns of their own: a fifth of the time that pyarrow takes for tuples within lists."""
    import pyarrow as pa

    flat = [*map(astuple, itertools.chain.from_iterable(values))]
    ends = pa.array([*itertools.accumulate(map(len, values), initial=0)], type=pa.int32())
    parts = [pa.array([*map(itemgetter(place), flat)], type=pa.string()) for place in range(len(ActivityObject.__struct_fields__))]
    inside = pa.StructArray.from_arrays(parts, fields=list(kind.value_type))
    return pa.ListArray.from_arrays(ends, inside, type=kind)


def of_block(columns: pa.RecordBatch, block_id: int, first: int = 0) -> pa.RecordBatch:
    """Activities' columns, with those that say which block they are of. first: the place of the first of them."""
    return of_blocks(columns, [(block_id, range(first, first + columns.num_rows))])


def of_blocks(columns: pa.RecordBatch, blocks: Sequence[tuple[int, range]]) -> pa.RecordBatch:
    """The columns of several blocks' activities: so many of each, and their places in it."""
    import pyarrow as pa

    numbers, places = array("q"), array("i")
    for block_id, some in blocks:
        numbers += array("q", [block_id]) * len(some)
        places.extend(some)
    own = [pa.Array.from_buffers(kind, len(one), [None, pa.py_buffer(one)]) for kind, one in ((pa.int64(), numbers), (pa.int32(), places))]
    return pa.RecordBatch.from_arrays([*columns.columns, *own], schema=schema((*columns.schema.names, BLOCK, PLACE)))


def activities(columns: pa.RecordBatch) -> list[Activity]:
    """Activities of all their columns; what stands behind these is left out."""
    values = [_values(column) for column in columns.columns[: len(FIELDS)]]
    for number in _LISTS:
        values[number] = [tuple(several) for several in values[number]]
    values[_OBJECTS] = [tuple(ActivityObject(*thing.values()) for thing in things) for things in values[_OBJECTS]]
    return [Activity(*row) for row in zip(*values, strict=True)]


def _values(column: pa.Array) -> list[Any]:
    """A column as Python has it. Where nothing is known pyarrow would make a scalar of each None: of few fields half the time."""
    return [None] * len(column) if column.null_count == len(column) else column.to_pylist()


_LETTERS = {"time": "I", "text": "t", "choice": "t", "flag": "b", "integer": "i", "number": "d", "list": "l", "objects": "o"}
_KNOWN = ("activity_id", "activity_type", RAW)
_KINDS = {name: "T" if name in _KNOWN else _LETTERS[field.kind] for name, field in FIELDS.items()}


def letters(fields: Collection[str] = FIELDS, *, apart: bool = False) -> str:
    """A letter a field, for `_bodies`: its kind, large where it is always known; `s` where it is passed over. apart: the records are."""
    kinds = _KINDS | {RAW: "r"} if apart else _KINDS
    return "".join(kind if name in fields else "s" for name, kind in kinds.items())


def of_buffers(made: Sequence[Column], fields: Sequence[str]) -> pa.RecordBatch:
    """What `_bodies` made of these fields; `made` has the parts of their lists behind them."""
    import pyarrow as pa

    wanted = schema(fields)
    parts = iter(made[len(fields) :])
    arrays = [_array(own, column.type, parts) for own, column in zip(made, wanted, strict=False)]
    return pa.RecordBatch.from_arrays(arrays, schema=wanted)


def _array(column: Column, kind: pa.DataType, parts: Iterator[Column]) -> pa.Array:
    """One column. Its values are bytes that Python owns; Arrow reads them where they are."""
    import pyarrow as pa

    number, unknown, valid, values, text = column
    buffers = [pa.py_buffer(valid) if unknown else None, pa.py_buffer(values)]
    if not pa.types.is_list(kind):
        buffers += [pa.py_buffer(text)] if pa.types.is_string(kind) else []
        return pa.Array.from_buffers(kind, number, buffers, unknown)
    inside = kind.value_type
    if pa.types.is_struct(inside):
        texts = [_array(next(parts), part.type, parts) for part in inside]
        children = [pa.StructArray.from_arrays(texts, fields=[*inside])]
    else:
        children = [_array(next(parts), inside, parts)]
    return pa.Array.from_buffers(kind, number, [None, pa.py_buffer(values)], 0, children=children)
