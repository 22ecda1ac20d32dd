"""The activity log's recent part: a block a batch.

A block holds activities as `packing` makes them. Writing a row an activity with 46 columns was measured at
35 microseconds an activity; a block costs 5, indexes included, and takes a twentieth of the disk.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from casbd.errors import StoreError
from casbd.model.activity import FIELDS, Activity
from casbd.store.log import bodies, columns, packing
from casbd.store.log.packing import Packer, Part
from casbd.store.log.record_pages import Dealt, Page

if TYPE_CHECKING:
    import pyarrow as pa

_BUT_RECORDS = [name for name in FIELDS if name != columns.RAW]
_COLUMNS = "block_id, activities, first, last, body, stored"
SMALL = 128 << 10
"""Bytes, encoded. Of parts below it several make one block: what thousands of small files hold is compressed together."""


class Block(NamedTuple):
    """One that is no part of a segment. activities: how many; first, last: the earliest and latest time; body: as `packing` makes it;
    stored: when (ms)."""

    block_id: int
    activities: int
    first: int
    last: int
    body: bytes
    stored: int = 0

    def whole(self) -> list[Activity]:
        """Its activities. StoreError where it is damaged."""
        with self._damage_reported():
            return packing.activities(self.body, self.activities)

    def at_places(self, places: Collection[tuple[int, str]], *, with_records: bool = True) -> list[Activity]:
        """Those of its activities with one of these times and ids. StoreError where what is read is damaged.

        with_records: else `raw` may be empty.
        """
        with self._damage_reported():
            return packing.at_places(self.body, self.activities, places, with_records=with_records)

    def some(self, places: Sequence[int], *, with_records: bool) -> list[Activity]:
        """Those at some places, in this order; without their records, where these are not asked for. StoreError where it is damaged."""
        with self._damage_reported():
            return packing.some(self.body, self.activities, places, with_records=with_records)

    def columns(self, fields: Collection[str] = FIELDS) -> pa.RecordBatch:
        """The same as a segment's file has them: some fields, the block and the place."""
        with self._damage_reported():
            return columns.of_block(packing.unpacked(self.body, self.activities, fields), self.block_id)

    def records(self) -> Dealt | None:
        """Its records as pages of a segment's file; None where there are too few. StoreError where they are damaged."""
        with self._damage_reported():
            records = bodies.records(self.body, self.activities)
        if records is None:
            return None
        pages = {lot: Page(frame, bodies.size_of(frame), records.lots.count(lot)) for lot, frame in records.frames}
        return Dealt(records.lots, pages)

    def which(self) -> tuple[int, int, bytes]:
        """What tells its activities from those of any other block, and from what it may hold later; not from other records of the same."""
        return self.block_id, self.activities, bodies.checksum(self.body)

    def size(self) -> int:
        """Bytes of its activities, as they are before they are compressed."""
        return bodies.size(self.body)

    def damage(self) -> str | None:
        """Why it cannot be read, or holds another number of activities than was stored."""
        try:
            packing.activities(self.body, self.activities)
        except packing.DAMAGE as error:
            return str(error)
        return None

    @contextmanager
    def _damage_reported(self) -> Iterator[None]:
        """Turns what damage raises into a StoreError that says which block it is, and what can be done."""
        try:
            yield
        except packing.DAMAGE as error:
            what = f"block {self.block_id} of the activity log is damaged ({error})"
            raise StoreError(f"{what}; `casbd store verify` lists all damage, `casbd store rebuild` makes the log anew") from None


def columns_together(several: Sequence[Block]) -> pa.Table:
    """Their columns but for the records, one behind the other, as `Block.columns` gives them. StoreError where one is damaged."""
    import pyarrow as pa

    try:
        together = packing.unpacked_together([block.body for block in several], [block.activities for block in several])
    except packing.DAMAGE:
        together = None  # of each alone it is told which one it is
    if together is None:
        return pa.Table.from_batches([block.columns(_BUT_RECORDS) for block in several])
    return pa.Table.from_batches([columns.of_blocks(together, [(block.block_id, range(block.activities)) for block in several])])


def add(connection: sqlite3.Connection, packer: Packer, parts: Iterable[Part], now: int) -> list[tuple[int, int]]:
    """Store parts as blocks, inside a transaction: each block's number, and its size in bytes."""
    return [_add(connection, part, now) for part in _large_enough(packer, parts)]


def _large_enough(packer: Packer, parts: Iterable[Part]) -> Iterator[Part]:
    """The parts that hold something in their order, small ones put together."""
    few: list[Part] = []
    for part in parts:
        if not part.keys:
            continue
        few.append(part)
        if sum(part.size for part in few) >= SMALL:
            yield packer.merged(few) if len(few) > 1 else few[0]
            few = []
    if few:
        yield packer.merged(few) if len(few) > 1 else few[0]


def _add(connection: sqlite3.Connection, part: Part, now: int) -> tuple[int, int]:
    cursor = connection.execute(
        "INSERT INTO blocks (activities, first, last, stored, keys, body) VALUES (?, ?, ?, ?, ?, ?)",
        (len(part.keys), part.first, part.last, now, array("Q", part.keys).tobytes(), part.body),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid, len(part.body)


def rewrite(connection: sqlite3.Connection, block_id: int, part: Part) -> None:
    """Put other activities, or fewer, in the place of a block's; its keys stay."""
    connection.execute(
        "UPDATE blocks SET activities = ?, first = ?, last = ?, body = ? WHERE block_id = ?",
        (len(part.keys), part.first, part.last, part.body if part.keys else None, block_id),
    )


def get(connection: sqlite3.Connection, block_id: int) -> Block | None:
    """One block; None where it is gone, or became a part of a segment."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM blocks WHERE block_id = ? AND body IS NOT NULL", (block_id,)).fetchone()  # noqa: S608
    return Block(*row) if row else None


def read_block(connection: sqlite3.Connection, block_id: int) -> list[Activity]:
    """The activities of one block; empty where retention has removed it. StoreError where it is damaged."""
    block = get(connection, block_id)
    return block.whole() if block else []


def span(since: int | None, until: int | None) -> tuple[int, int]:
    """Both ends of a span of event time, None for an open one."""
    return since if since is not None else -(2**62), until if until is not None else 2**62


def listed(connection: sqlite3.Connection) -> list[int]:
    """The blocks that are no part of a segment, as they were stored."""
    return [number for (number,) in connection.execute("SELECT block_id FROM blocks WHERE body IS NOT NULL ORDER BY block_id")]


def waiting(connection: sqlite3.Connection, since: int | None = None, until: int | None = None) -> list[Block]:
    """Those of them that may hold activities of a span of event time (milliseconds, both ends included)."""
    query = f"SELECT {_COLUMNS} FROM blocks WHERE body IS NOT NULL AND last >= ? AND first <= ? ORDER BY block_id"  # noqa: S608
    return [Block(*row) for row in connection.execute(query, span(since, until))]


def stored_after(connection: sqlite3.Connection, block_id: int) -> list[int]:
    """The blocks that were stored after one (0: all), as they were stored; also those that are parts of segments by now."""
    return [row[0] for row in connection.execute("SELECT block_id FROM blocks WHERE block_id > ? ORDER BY block_id", (block_id,))]


def newest(connection: sqlite3.Connection) -> int:
    """The block that was stored last; 0 where there is none."""
    (number,) = connection.execute("SELECT coalesce(max(block_id), 0) FROM blocks").fetchone()
    return int(number)


def at_most(connection: sqlite3.Connection, since: int | None = None, until: int | None = None) -> int:
    """How many activities the blocks hold that `waiting` gives; without a span all that are in no segment yet."""
    query = "SELECT coalesce(sum(activities), 0) FROM blocks WHERE body IS NOT NULL AND last >= ? AND first <= ?"
    (number,) = connection.execute(query, span(since, until)).fetchone()
    return int(number)


def damaged(connection: sqlite3.Connection) -> Iterator[tuple[int, str]]:
    """The blocks that cannot be read, or hold another number of activities than was stored: their numbers, and why."""
    for block_id in listed(connection):
        block = get(connection, block_id)  # None where it became a part of a segment meanwhile
        if block is not None and (why := block.damage()) is not None:
            yield block_id, why


def prune(connection: sqlite3.Connection, before: int, at_most: int = -1) -> int:
    """Remove the blocks whose activities and whose storing are older, unless something of them is still to be sent.

    at_most: so many of them in this transaction; -1 is all. Returns how many.
    """
    cursor = connection.execute(
        "DELETE FROM blocks WHERE block_id IN (SELECT block_id FROM blocks WHERE last < ?1 AND stored < ?1"
        " AND block_id NOT IN (SELECT block_id FROM outbox WHERE block_id IS NOT NULL) LIMIT ?2)",
        (before, at_most),
    )
    return cursor.rowcount
