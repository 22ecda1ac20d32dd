"""The keys of the activities stored so far, by which a repeated record is known."""

from __future__ import annotations

import sqlite3
import sys
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, islice
from operator import itemgetter, sub
from struct import unpack

REMEMBERED = 10_000_000
"""How many of the newest activities a repeated record is looked for among (about 100 MB when there are so many)."""
_GENERATIONS = 8
"""So many parts of them are forgotten one by one: the more, the fewer keys are kept beyond `REMEMBERED`."""
_BITS = 18
"""Of a key, which say in which bucket it is: then a bucket is short to look through, and its keys outweigh what Python adds to it."""
_REST = "2x6s" if sys.byteorder == "little" else "6s2x"
"""What a bucket keeps of the 64 bits of each of its keys: all but the lowest 16, which are the same in all of them."""
_SIZE = 6
_CUT_AT_ONCE = 1024
"""Buckets. Cutting all at once would take a fifth of a second, in which nothing is read."""


class SeenKeys:
    """The keys of the newest activities, at least `capacity` and hardly more than an eighth beyond; 6 bytes each, none taken for another.

    A bucket has the keys with the same lowest bits in the order in which they came. Whenever another eighth of `capacity` has come,
    the oldest eighth is cut off at the buckets' beginnings. bits: 16 or more.
    """

    def __init__(self, capacity: int = REMEMBERED, *, bits: int = _BITS) -> None:
        self._mask = (1 << bits) - 1
        self._buckets = [b""] * (1 << bits)
        self._sizes = array("H", bytes(2 << bits))  # how many keys each bucket had when the last generation was whole
        self._generations: deque[array[int]] = deque()  # how many keys each bucket has of each generation, the oldest first
        self._whole = -(-capacity // _GENERATIONS)
        self._count = 0  # keys of the generation that is not yet whole
        self._cuts: Iterator[tuple[int, int]] = iter(())  # buckets that are still to be cut, and how many keys of each

    @classmethod
    def load(cls, connection: sqlite3.Connection, capacity: int = REMEMBERED) -> SeenKeys:
        """The keys of the newest blocks of a store."""
        blocks, total = [], 0
        for block_id, count in connection.execute("SELECT block_id, activities FROM blocks ORDER BY block_id DESC"):
            blocks.append(block_id)
            total += count
            if total >= capacity:
                break
        seen = cls(capacity)
        for block_id in reversed(blocks):
            (keys,) = connection.execute("SELECT keys FROM blocks WHERE block_id = ?", (block_id,)).fetchone()
            seen._add(*seen._parted(array("Q", keys)))
        return seen

    def new(self, keys: Iterable[int]) -> list[bool]:
        """For each key whether it is new; it is remembered from now on. A key has at most 64 bits."""
        numbers = array("Q", keys)
        if len({*numbers}) < len(numbers):
            return [self.new([number])[0] for number in numbers]
        places, rests = self._parted(numbers)
        # at one go, as the processor waits for all of them at the same time; with two more, as of fewer it gives no tuple
        near = itemgetter(0, 0, *places)(self._buckets)[2:]
        known = [rest in bucket and _has(bucket, rest) for rest, bucket in zip(rests, near, strict=True)]
        if True in known:
            fresh = [not one for one in known]
            self._add([*compress(places, fresh)], [*compress(rests, fresh)])
            return fresh
        self._add(places, rests)
        return [True] * len(numbers)

    def _parted(self, keys: array[int]) -> tuple[Sequence[int], Sequence[bytes]]:
        """The bucket of each key, and what it keeps of it."""
        mask = self._mask
        return [key & mask for key in keys], unpack(f"={_REST * len(keys)}", keys)

    def _add(self, places: Sequence[int], rests: Sequence[bytes]) -> None:
        buckets = self._buckets
        for place, rest in zip(places, rests, strict=True):
            buckets[place] += rest
        self._cut(_CUT_AT_ONCE)
        self._count += len(rests)
        if self._count >= self._whole:
            self._begin_generation()

    def _begin_generation(self) -> None:
        """Note what belongs to the one that is whole, and have the oldest one cut off if there are enough without it."""
        self._cut(None)
        sizes = array("H", [len(bucket) // _SIZE for bucket in self._buckets])
        self._generations.append(array("H", map(sub, sizes, self._sizes)))
        if len(self._generations) > _GENERATIONS:
            oldest = self._generations.popleft()
            self._cuts = enumerate(oldest)
            sizes = array("H", map(sub, sizes, oldest))
        self._sizes, self._count = sizes, 0

    def _cut(self, most: int | None) -> None:
        """Forget what is to be forgotten, in so many buckets or in all."""
        for place, number in islice(self._cuts, most):
            self._buckets[place] = self._buckets[place][number * _SIZE :]


def _has(bucket: bytes, rest: bytes) -> bool:
    """Whether it is one of the bucket's keys; the end of one and the beginning of the next may look like it."""
    at = bucket.find(rest)
    while at > 0 and at % _SIZE:
        at = bucket.find(rest, at + 1)
    return at >= 0
