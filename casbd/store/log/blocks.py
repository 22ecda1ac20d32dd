"""The activity log's recent part: a block a batch.

A block holds the activities one behind the other, as msgpack, compressed. Writing a row an activity with 46 columns was measured at
35 microseconds an activity; a block costs 5, indexes included, and takes a twentieth of the disk.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import msgspec
import zstandard

from casbd.errors import StoreError
from casbd.model.activity import Activity

_encode_into = msgspec.msgpack.Encoder().encode_into
_decode = msgspec.msgpack.Decoder(list[Activity]).decode

SMALL = 128 << 10
"""Bytes, encoded. Of parts below it several make one block: what thousands of small files hold is compressed together."""


class Part(NamedTuple):
    """Activities as a block holds them. body: compressed; inside it they are encoded one behind the other, `size` bytes.

    keys: one for each activity. first, last: the earliest and the latest time among them.
    """

    body: bytes
    size: int
    keys: Sequence[int]
    first: int
    last: int

    def activities(self) -> list[Activity]:
        """All of them."""
        return _decode(_header(len(self.keys)) + self.encoded()) if self.keys else []

    def encoded(self) -> bytes:
        """All of them, one behind the other."""
        return _decompress(self.body)


_USUAL = 2 << 20
"""Bytes: more than a chunk of records usually becomes."""
_PARAMETERS = zstandard.ZstdCompressionParameters.from_level(1, window_log=19, hash_log=13, min_match=7)
"""Level 1 with a table that the processor's cache holds: a tenth less time for 4 % more bytes. Level 3 takes 60 % longer than 1
for audit records, and saves 2 %."""
NOTHING = Part(b"", 0, (), 0, 0)


class Packer:
    """Makes parts, a few activities at a time. Not for several threads at once.

    Its memory is used again for each part: fresh memory of that size costs as much time as half of the encoding.
    """

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(compression_params=_PARAMETERS)
        self._few = bytearray()
        self._body = bytearray(_USUAL)
        self.begin()

    def begin(self) -> None:
        """A new part; what was added to one that was never made is forgotten."""
        if len(self._body) > 4 * _USUAL:  # some records were huge, and perhaps no others ever will be
            self._body = bytearray(_USUAL)
        self._size = 0
        self._times: list[int] = []

    def add(self, activities: Sequence[Activity]) -> None:
        """Some more. UnicodeEncodeError where a text has half a surrogate pair; then none of them is in the part."""
        _encode_into(activities, self._few)
        with memoryview(self._few) as whole, whole[len(_header(len(activities))) :] as view:
            self._append(view)
        self._times += [activity.timestamp for activity in activities]

    def part(self, keys: Sequence[int]) -> Part:
        """What was added, each with its key."""
        if not self._times:
            return NOTHING
        with memoryview(self._body) as whole, whole[: self._size] as view:
            body = self._compressor.compress(view)
        return Part(body, self._size, keys, min(self._times), max(self._times))

    def merged(self, parts: Sequence[Part]) -> Part:
        """Several parts as one."""
        self.begin()
        for part in parts:
            self._append(memoryview(part.encoded()))
            self._times += (part.first, part.last)
        return self.part([key for part in parts for key in part.keys])

    def without_repeats(self, part: Part, fresh: Sequence[bool]) -> Part:
        """The part with those of its activities alone that are `fresh`."""
        self.begin()
        if activities := [activity for activity, new in zip(part.activities(), fresh, strict=True) if new]:
            self.add(activities)
        return self.part([key for key, new in zip(part.keys, fresh, strict=True) if new])

    def _append(self, encoded: memoryview) -> None:
        end = self._size + len(encoded)
        if end > len(self._body):
            self._body.extend(bytes(end))
        with memoryview(self._body) as body:
            body[self._size : end] = encoded
        self._size = end


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


def _header(count: int) -> bytes:
    """How msgpack begins a list of so many elements (msgpack specification, "array format family")."""
    if count < 16:
        return bytes((0x90 | count,))
    return b"\xdc" + count.to_bytes(2, "big") if count < 65536 else b"\xdd" + count.to_bytes(4, "big")


def _decompress(body: bytes) -> bytes:
    # One of its own each time: a decompressor that two destinations' threads use at once corrupts the memory.
    return zstandard.ZstdDecompressor().decompress(body)


def read_block(connection: sqlite3.Connection, block_id: int) -> list[Activity]:
    """The activities of one block; empty where retention has removed it. StoreError where it is damaged."""
    with _damage_reported(block_id):
        return _decode(_unpacked(connection, block_id))


@contextmanager
def _damage_reported(block_id: int) -> Iterator[None]:
    """Turns what a damaged block raises into a StoreError that says which block it is, and what can be done."""
    try:
        yield
    except (zstandard.ZstdError, msgspec.DecodeError) as error:
        what = f"block {block_id} of the activity log is damaged ({error})"
        raise StoreError(f"{what}; `casbd store verify` lists all damage, `casbd store rebuild` makes the log anew") from None


def _unpacked(connection: sqlite3.Connection, block_id: int) -> bytes:
    """A block's activities as one encoded list; an empty one where it is gone, or became a part of a segment."""
    row = connection.execute("SELECT activities, body FROM blocks WHERE block_id = ? AND body IS NOT NULL", (block_id,)).fetchone()
    return _header(row[0]) + _decompress(row[1]) if row else _header(0)


def span(since: int | None, until: int | None) -> tuple[int, int]:
    """Both ends of a span of event time, None for an open one."""
    return since if since is not None else -(2**62), until if until is not None else 2**62


def listed(connection: sqlite3.Connection, since: int | None = None, until: int | None = None) -> list[tuple[int, int]]:
    """The blocks that may hold activities of a span of event time (milliseconds, both ends included), as they were stored.

    Each with the latest time in it. Those that have become parts of segments are not among them.
    """
    query = "SELECT block_id, last FROM blocks WHERE body IS NOT NULL AND last >= ? AND first <= ? ORDER BY block_id"
    return [(block_id, last) for block_id, last in connection.execute(query, span(since, until))]


def stored_after(connection: sqlite3.Connection, block_id: int) -> list[int]:
    """The blocks that were stored after one (0: all), as they were stored; also those that are parts of segments by now."""
    return [row[0] for row in connection.execute("SELECT block_id FROM blocks WHERE block_id > ? ORDER BY block_id", (block_id,))]


def newest(connection: sqlite3.Connection) -> int:
    """The block that was stored last; 0 where there is none."""
    (number,) = connection.execute("SELECT coalesce(max(block_id), 0) FROM blocks").fetchone()
    return int(number)


def at_most(connection: sqlite3.Connection, since: int | None = None, until: int | None = None) -> int:
    """How many activities the blocks hold that `listed` gives; without a span all that are in no segment yet."""
    query = "SELECT coalesce(sum(activities), 0) FROM blocks WHERE body IS NOT NULL AND last >= ? AND first <= ?"
    (number,) = connection.execute(query, span(since, until)).fetchone()
    return int(number)


def scan(connection: sqlite3.Connection) -> Iterator[list[Activity]]:
    """All blocks that are no part of a segment, the newest first."""
    for block_id, _ in reversed(listed(connection)):
        yield read_block(connection, block_id)


def scan_containing(connection: sqlite3.Connection, text: bytes) -> Iterator[list[Activity]]:
    """The blocks that hold some text, newest first; the others are not even decoded."""
    for (block_id,) in connection.execute("SELECT block_id FROM blocks WHERE body IS NOT NULL ORDER BY block_id DESC").fetchall():
        with _damage_reported(block_id):
            block = _unpacked(connection, block_id)
            activities = _decode(block) if text in block else []
        if activities:
            yield activities


def damaged(connection: sqlite3.Connection) -> Iterator[tuple[int, str]]:
    """The blocks that cannot be read, or hold another number of activities than was stored: their numbers, and why."""
    for block_id, _ in listed(connection):
        row = connection.execute("SELECT activities, body FROM blocks WHERE block_id = ? AND body IS NOT NULL", (block_id,)).fetchone()
        if row is None:
            continue  # it became a part of a segment meanwhile
        try:
            number = len(_decode(_header(row[0]) + _decompress(row[1])))
        except (zstandard.ZstdError, msgspec.DecodeError) as error:
            yield block_id, str(error)
        else:
            if number != row[0]:
                yield block_id, f"it has {number} activities, {row[0]} were stored"


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
