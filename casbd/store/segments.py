"""The activity log's older part: Parquet files, each of many blocks, which analytical queries read in a fraction of the time.

A segment replaces the bodies of its blocks: their keys stay, as repeated records are known by them. The file is whole and
durable before the transaction that says so; a file that no transaction speaks of is the rest of a crash, and is removed.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from casbd.errors import StoreError
from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.store.activities import read_block, span
from casbd.store.database import Store

if TYPE_CHECKING:
    import pyarrow as pa

DIRECTORY = "segments"
BLOCK = "block_id"
"""The last column: which block an activity came from."""
AT_LEAST = 300_000
"""So many activities wait in blocks before the oldest of them become a segment: the newest are read and sent from there."""
ACTIVITIES = 200_000
"""In one segment, about: a second or two of work."""
ROWS = 10_000
"""In one row group: what is in memory while a segment is written."""


class Segment(NamedTuple):
    """One file. first, last: the earliest and latest time in it; stored: when the last of it was."""

    segment_id: int
    path: Path
    activities: int
    first: int
    last: int
    stored: int


def schema() -> pa.Schema:
    """The columns: the fields of the activity, by the same names, and the block."""
    import pyarrow as pa

    text = pa.string()
    thing = pa.struct([(name, text) for name in ("id", "name", "type", "role")])
    types = {"time": pa.int64(), "text": text, "choice": text, "flag": pa.bool_(), "integer": pa.int64(), "number": pa.float64()}
    types |= {"list": pa.list_(text), "objects": pa.list_(thing)}
    return pa.schema([*((field.name, types[field.kind]) for field in FIELDS.values()), (BLOCK, pa.int64())])


def listed(store: Store, since: int | None = None, until: int | None = None) -> list[Segment]:
    """The segments that may hold activities of a span of event time, in the order in which they were stored."""
    query = "SELECT segment_id, file, activities, first, last, stored FROM segments WHERE last >= ? AND first <= ? ORDER BY segment_id"
    found = store.connection.execute(query, span(since, until)).fetchall()
    return [Segment(number, store.directory / DIRECTORY / file, *rest) for number, file, *rest in found]


def of_block(store: Store, block_id: int) -> Segment | None:
    """The segment that a block has become a part of."""
    row = store.connection.execute("SELECT segment_id FROM blocks WHERE block_id = ?", (block_id,)).fetchone()
    return next((segment for segment in listed(store) if row and segment.segment_id == row[0]), None)


class Plan(NamedTuple):
    """A segment to be: its blocks, in their order."""

    blocks: tuple[int, ...]

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.blocks[0]:012d}-{self.blocks[-1]:012d}.parquet"


def plan(store: Store, *, at_least: int | None = None) -> Plan | None:
    """The oldest blocks, if enough activities wait in blocks.

    What is still to be sent stays in blocks, and so does all that is younger: segments come before blocks.
    """
    rows = store.connection.execute(
        "SELECT block_id, activities FROM blocks WHERE body IS NOT NULL AND block_id <"
        " (SELECT coalesce(min(block_id), 1 << 62) FROM outbox WHERE block_id IS NOT NULL) ORDER BY block_id"
    ).fetchall()
    if sum(count for _, count in rows) < (AT_LEAST if at_least is None else at_least):
        return None
    totals = itertools.accumulate((count for _, count in rows), initial=0)
    chosen = tuple(block_id for (block_id, _), before in zip(rows, totals, strict=False) if before < ACTIVITIES)
    return Plan(chosen) if chosen else None


def write(store: Store, plan: Plan) -> None:
    """Write a segment's file; it is there whole or not at all. StoreError where that fails."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = store.directory / DIRECTORY / plan.file
    path.parent.mkdir(mode=0o750, exist_ok=True)
    beside = path.with_suffix(".new")
    try:
        with pq.ParquetWriter(beside, schema(), compression="zstd", compression_level=1) as writer:
            for activities, numbers in _some(store.connection, plan.blocks):
                writer.write_table(_table(activities, numbers), row_group_size=len(activities))
    except pa.ArrowException as error:
        raise StoreError(f"{beside}: {error}") from None
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    beside.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def adopt(store: Store, plan: Plan) -> None:
    """The segment's file is written: from now on its activities are read from there. If retention was faster, it is given up."""
    within = (plan.blocks[0], plan.blocks[-1])
    with store.transaction() as connection:
        there = connection.execute(
            "SELECT block_id FROM blocks WHERE block_id BETWEEN ? AND ? AND body IS NOT NULL ORDER BY block_id", within
        )
        if tuple(block_id for (block_id,) in there) != plan.blocks:
            (store.directory / DIRECTORY / plan.file).unlink(missing_ok=True)
            return
        first, last, stored, number = connection.execute(
            "SELECT min(first), max(last), max(stored), sum(activities) FROM blocks WHERE block_id BETWEEN ? AND ?", within
        ).fetchone()
        cursor = connection.execute(
            "INSERT INTO segments (file, activities, first, last, stored) VALUES (?, ?, ?, ?, ?)", (plan.file, number, first, last, stored)
        )
        connection.execute("UPDATE blocks SET body = NULL, segment_id = ? WHERE block_id BETWEEN ? AND ?", (cursor.lastrowid, *within))


def compact(store: Store, *, at_least: int | None = None) -> bool:
    """Make one segment, if enough activities wait in blocks; whether there was one to make."""
    planned = plan(store, at_least=at_least)
    if planned is not None:
        write(store, planned)
        adopt(store, planned)
    return planned is not None


def write_apart(directory: Path, plan: Plan) -> None:
    """The work of a process of its own: it takes seconds, and the daemon reads on."""
    with suppress(OSError):  # the unit file does not let it
        os.nice(10)
    with Store(directory, readonly=True) as store:
        write(store, plan)


def _some(connection: sqlite3.Connection, blocks: Iterable[int]) -> Iterator[tuple[list[Activity], list[int]]]:
    """The activities of blocks, some at a time, and which block each is from."""
    activities: list[Activity] = []
    numbers: list[int] = []
    for block_id in blocks:
        own = read_block(connection, block_id)
        activities += own
        numbers += [block_id] * len(own)
        if len(activities) >= ROWS:
            yield activities, numbers
            activities, numbers = [], []
    if activities:
        yield activities, numbers


def _table(activities: list[Activity], numbers: list[int]) -> pa.Table:
    """Activities as a segment has them."""
    import pyarrow as pa

    return columns(activities, tuple(FIELDS)).append_column(schema().field(BLOCK), pa.array(numbers, type=pa.int64()))


def columns(activities: Sequence[Activity], fields: Sequence[str]) -> pa.Table:
    """Some fields of activities as columns."""
    import pyarrow as pa

    kinds = schema()
    wanted = pa.schema([kinds.field(name) for name in fields])
    arrays = []
    for column in wanted:
        values = [*map(attrgetter(column.name), activities)]
        arrays.append(_things(values, column.type) if column.name == "objects" else pa.array(values, type=column.type))
    return pa.Table.from_arrays(arrays, schema=wanted)


def _things(values: list[tuple[ActivityObject, ...]], kind: pa.ListType) -> pa.ListArray:
    """Objects as columns of their own: a fifth of the time that pyarrow takes for tuples within lists."""
    import pyarrow as pa

    flat = [thing for things in values for thing in things]
    ends = [0, *itertools.accumulate(map(len, values))]
    fields = [pa.array([getattr(thing, name) for thing in flat], type=pa.string()) for name in ActivityObject.__struct_fields__]
    inside = pa.StructArray.from_arrays(fields, fields=list(kind.value_type))
    return pa.ListArray.from_arrays(pa.array(ends, type=pa.int32()), inside, type=kind)


def prune(store: Store, before: int) -> int:
    """Remove the segments whose activities and whose storing are older; how many."""
    with store.transaction() as connection:
        old = connection.execute("SELECT segment_id, file FROM segments WHERE last < ?1 AND stored < ?1", (before,)).fetchall()
        for segment_id, _ in old:
            connection.execute("DELETE FROM blocks WHERE segment_id = ?", (segment_id,))
            connection.execute("DELETE FROM segments WHERE segment_id = ?", (segment_id,))
    for _, file in old:
        (store.directory / DIRECTORY / file).unlink(missing_ok=True)
    return len(old)


def remove_strays(store: Store) -> list[Path]:
    """Remove the files that no segment is, the rest of a crash; which they were. For the daemon's start."""
    known = {segment.path for segment in listed(store)}
    strays = [path for path in (store.directory / DIRECTORY).glob("*") if path not in known]
    for path in strays:
        path.unlink()
    return strays
