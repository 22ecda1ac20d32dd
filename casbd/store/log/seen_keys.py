"""The keys of the activities stored so far, by which a repeated record is known."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Sequence

REMEMBERED = 10_000_000
"""How many of the newest activities a repeated record is looked for among (134 to 268 MB when there are so many)."""


class SeenKeys:
    """The keys of the activities stored so far, newest `capacity` to twice that; 8 bytes each in a hash table of ints.

    Two tables: when the current one is full it becomes the old one, and what was in the old one is forgotten. So memory
    is bounded, and a repeat is known if fewer than `capacity` distinct activities lie between.
    """

    def __init__(self, capacity: int = REMEMBERED, *, expected: int = 0) -> None:
        self._capacity = capacity
        self._current = _Table(expected)
        self._old: _Table | None = None

    @classmethod
    def load(cls, connection: sqlite3.Connection, capacity: int = REMEMBERED) -> SeenKeys:
        """The keys of the newest blocks of a store."""
        blocks, total = [], 0
        for block_id, count in connection.execute("SELECT block_id, activities FROM blocks ORDER BY block_id DESC"):
            blocks.append(block_id)
            total += count
            if total >= capacity:
                break
        seen = cls(capacity, expected=total)
        for block_id in reversed(blocks):
            (keys,) = connection.execute("SELECT keys FROM blocks WHERE block_id = ?", (block_id,)).fetchone()
            seen.new(array("Q", keys))
        return seen

    def new(self, keys: Iterable[int]) -> list[bool]:
        """For each key whether it is new; it is remembered from now on (0 cannot be a key)."""
        keys = list(keys)
        fresh = self._current.add(keys)
        if (old := self._old) is not None:
            fresh = [new and key not in old for key, new in zip(keys, fresh, strict=True)]
        if self._current.count >= self._capacity:
            self._old, self._current = self._current, _Table()
        return fresh


class _Table:
    """Open addressing in an array of 64-bit integers; a Python set of ints needs eight times the memory."""

    def __init__(self, expected: int = 0) -> None:
        size = 1 << max(19, (expected * 3 // 2).bit_length())
        self._slots = array("Q", bytes(8 * size))
        self._mask = size - 1
        self.count = 0

    def __contains__(self, key: int) -> bool:
        slots, mask = self._slots, self._mask
        place = key & mask
        while stored := slots[place]:
            if stored == key:
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
            while stored := slots[place]:
                if stored == key:
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
