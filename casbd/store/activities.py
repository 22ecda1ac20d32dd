"""The activity log's recent part: a block a batch, and the keys by which repeated records are known.

A block holds the activities as one compressed msgpack list. Writing a row an activity with 46 columns was measured at
35 microseconds an activity; a block costs 5, indexes included, and takes a twentieth of the disk.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
import zstandard

from casbd.model.activity import Activity

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Activity]).decode
_compressor = zstandard.ZstdCompressor(level=1)  # level 3 takes 60 % longer for records, and saves 2 %

REMEMBERED = 10_000_000
"""How many of the newest activities a repeated record is looked for among (134 to 268 MB when there are so many)."""


class Part(NamedTuple):
    """Activities on their way into a block: encoded, the key of each, and the earliest and the latest time of them."""

    body: bytes
    keys: Sequence[int]
    first: int
    last: int

    @classmethod
    def of(cls, activities: Sequence[Activity], keys: Sequence[int]) -> Part:
        """Encode some. UnicodeEncodeError where a text has half a surrogate pair."""
        times = [activity.timestamp for activity in activities] or [0]
        return cls(_encode(activities), keys, min(times), max(times))


def decode(body: bytes) -> list[Activity]:
    """The activities of a part's body."""
    return _decode(body)


def add(connection: sqlite3.Connection, parts: Sequence[Part], now: int) -> tuple[int, int] | None:
    """Store activities as one block, inside a transaction; the block's number and its size in bytes, None for no activity."""
    parts = [part for part in parts if part.keys]
    if not parts:
        return None
    keys = [key for part in parts for key in part.keys]
    packed = _packed(parts, len(keys))
    cursor = connection.execute(
        "INSERT INTO blocks (activities, first, last, stored, keys, body) VALUES (?, ?, ?, ?, ?, ?)",
        (len(keys), min(part.first for part in parts), max(part.last for part in parts), now, array("Q", keys).tobytes(), packed),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid, len(packed)


def _packed(parts: Sequence[Part], count: int) -> bytes:
    """The parts as one list, compressed; without putting it together first, as it may be ten megabytes."""
    elements = [memoryview(part.body)[len(_header(len(part.keys))) :] for part in parts]
    header = _header(count)
    packer = _compressor.compressobj(size=len(header) + sum(map(len, elements)))
    return b"".join([packer.compress(header), *map(packer.compress, elements), packer.flush()])


def _header(count: int) -> bytes:
    """How msgpack begins a list of so many elements (msgpack specification, "array format family")."""
    if count < 16:
        return bytes((0x90 | count,))
    return b"\xdc" + count.to_bytes(2, "big") if count < 65536 else b"\xdd" + count.to_bytes(4, "big")


def read_block(connection: sqlite3.Connection, block_id: int) -> list[Activity]:
    """The activities of one block; empty where retention has removed it."""
    body = _unpacked(connection, block_id)
    return _decode(body) if body else []


def _unpacked(connection: sqlite3.Connection, block_id: int) -> bytes:
    """A block's activities, encoded; empty where it is gone."""
    row = connection.execute("SELECT body FROM blocks WHERE block_id = ?", (block_id,)).fetchone()
    # One of its own each time: a decompressor that two destinations' threads use at once corrupts the memory.
    return zstandard.ZstdDecompressor().decompress(row[0]) if row else b""


def scan(connection: sqlite3.Connection, since: int | None = None, until: int | None = None) -> Iterator[list[Activity]]:
    """The blocks that may hold activities of a span of event time (milliseconds, both ends included), newest first.

    The caller still looks at each activity's own time. What is removed meanwhile is left out: each block is read on its own,
    since a reader that stays in one transaction (a search piped into a pager) would let the write-ahead log grow.
    """
    span = (since if since is not None else -(2**62), until if until is not None else 2**62)
    query = "SELECT block_id FROM blocks WHERE last >= ? AND first <= ? ORDER BY last DESC, block_id DESC"
    for (block_id,) in connection.execute(query, span).fetchall():
        if block := read_block(connection, block_id):
            yield block


def scan_containing(connection: sqlite3.Connection, text: bytes) -> Iterator[list[Activity]]:
    """The blocks that hold some text, newest first; the others are not even decoded."""
    for (block_id,) in connection.execute("SELECT block_id FROM blocks ORDER BY block_id DESC").fetchall():
        block = _unpacked(connection, block_id)
        if text in block:
            yield _decode(block)


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
