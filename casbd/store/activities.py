"""The activity log's recent part: a block a batch, and the keys by which repeated records are known.

A block holds the activities as one compressed msgpack list. Writing a row an activity with 46 columns was measured at
35 microseconds an activity; a block costs 5, indexes included, and takes a twentieth of the disk.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import zstandard

from casbd.model.activity import Activity

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Activity]).decode
_compressor = zstandard.ZstdCompressor(level=1)  # level 3 takes 60 % longer for records, and saves 2 %
_decompressor = zstandard.ZstdDecompressor()

REMEMBERED = 10_000_000
"""How many of the newest activities a repeated record is looked for among (80 to 160 MB when there are so many)."""


def add(connection: sqlite3.Connection, activities: Sequence[Activity], keys: Iterable[int], now: int) -> tuple[int, int]:
    """Store some activities as one block, inside a transaction; the block's number and its size in bytes."""
    first = min(activity.timestamp for activity in activities)
    last = max(activity.timestamp for activity in activities)
    body = _compressor.compress(_encode(activities))
    cursor = connection.execute(
        "INSERT INTO blocks (activities, first, last, stored, keys, body) VALUES (?, ?, ?, ?, ?, ?)",
        (len(activities), first, last, now, array("Q", keys).tobytes(), body),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid, len(body)


def read_block(connection: sqlite3.Connection, block_id: int) -> list[Activity]:
    """The activities of one block; empty where retention has removed it."""
    row = connection.execute("SELECT body FROM blocks WHERE block_id = ?", (block_id,)).fetchone()
    return _decode(_decompressor.decompress(row[0])) if row else []


def scan(connection: sqlite3.Connection, since: int | None = None, until: int | None = None) -> Iterator[list[Activity]]:
    """The blocks that may hold activities of a span of event time (milliseconds, both ends included), newest first.

    The caller still looks at each activity's own time.
    """
    rows = connection.execute(
        "SELECT body FROM blocks WHERE last >= ? AND first <= ? ORDER BY last DESC, block_id DESC",
        (since if since is not None else -(2**62), until if until is not None else 2**62),
    )
    for (body,) in rows:
        yield _decode(_decompressor.decompress(body))


def scan_containing(connection: sqlite3.Connection, text: bytes) -> Iterator[list[Activity]]:
    """The blocks that hold some text, newest first; the others are not even decoded."""
    for (body,) in connection.execute("SELECT body FROM blocks ORDER BY block_id DESC"):
        block = _decompressor.decompress(body)
        if text in block:
            yield _decode(block)


def prune(connection: sqlite3.Connection, before: int) -> int:
    """Remove the blocks whose activities and whose storing are older, unless something of them is still to be sent."""
    cursor = connection.execute(
        "DELETE FROM blocks WHERE last < ?1 AND stored < ?1 AND block_id NOT IN (SELECT block_id FROM outbox WHERE block_id IS NOT NULL)",
        (before,),
    )
    return cursor.rowcount


class SeenKeys:
    """The keys of the activities stored so far, newest `capacity` to twice that; 8 bytes each in a hash table of ints.

    Two tables: when the current one is full it becomes the old one, and what was in the old one is forgotten. So memory
    is bounded, and a repeat is known if fewer than `capacity` distinct activities lie between.
    """

    def __init__(self, capacity: int = REMEMBERED) -> None:
        self._capacity = capacity
        self._current = _Table()
        self._old = _Table()

    @classmethod
    def load(cls, connection: sqlite3.Connection, capacity: int = REMEMBERED) -> SeenKeys:
        """The keys of the newest blocks of a store."""
        seen = cls(capacity)
        blocks, total = [], 0
        for block_id, count in connection.execute("SELECT block_id, activities FROM blocks ORDER BY block_id DESC"):
            blocks.append(block_id)
            total += count
            if total >= capacity:
                break
        for block_id in reversed(blocks):
            (keys,) = connection.execute("SELECT keys FROM blocks WHERE block_id = ?", (block_id,)).fetchone()
            seen.new(array("Q", keys))
        return seen

    def new(self, keys: Iterable[int]) -> list[bool]:
        """For each key whether it is new; it is remembered from now on (0 cannot be a key)."""
        keys = list(keys)
        fresh = self._current.add(keys)
        if self._old.count:
            fresh = [new and key not in self._old for key, new in zip(keys, fresh, strict=True)]
        if self._current.count >= self._capacity:
            self._old, self._current = self._current, _Table()
        return fresh


class _Table:
    """Open addressing in an array of 64-bit integers; a Python set of ints needs eight times the memory."""

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 << 16))
        self._mask = (1 << 16) - 1
        self.count = 0

    def __contains__(self, key: int) -> bool:
        if not self.count:
            return False
        slots, mask = self._slots, self._mask
        place = key & mask
        while found := slots[place]:
            if found == key:
                return True
            place = (place + 1) & mask
        return False

    def add(self, keys: Sequence[int]) -> list[bool]:
        """For each key whether it was not there before."""
        while (self.count + len(keys)) * 3 > self._mask * 2:
            self._grow()
        slots, mask = self._slots, self._mask
        fresh = []
        for key in keys:
            place = key & mask
            while found := slots[place]:
                if found == key:
                    fresh.append(False)
                    break
                place = (place + 1) & mask
            else:
                slots[place] = key
                fresh.append(True)
        self.count += sum(fresh)
        return fresh

    def _grow(self) -> None:
        old = self._slots
        self._mask = mask = self._mask * 2 + 1
        self._slots = slots = array("Q", bytes(8 * (mask + 1)))
        for key in old:
            if key:
                place = key & mask
                while slots[place]:
                    place = (place + 1) & mask
                slots[place] = key
