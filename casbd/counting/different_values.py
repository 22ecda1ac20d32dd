"""A window is a span with so many different values: the window test of `unique`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import islice

from casbd.counting.sides import Sides
from casbd.counting.spans import Reach, longest_spans, time_of, whole_reach
from casbd.model.counted import Entry

MOST_LOOKED_AT = 500
"""So many entries on each side are looked at to see whether one of different values is idle, besides two for each value needed."""


class Different:
    """At least `repeated` different values."""

    def __init__(self, repeated: int, within: int, entries: list[Entry]) -> None:
        self._needed = repeated
        self._within = within
        self._entries = entries
        self._left: int | None = None
        self._counts: dict[str, int] = {}

    def inserted(self, position: int) -> None:
        """See WindowTest."""
        if self._left is None:
            return
        if self._entries[position].timestamp < self._entries[-1].timestamp - self._within:
            self._left += 1
            return
        _count(self._counts, self._entries[position].value, 1)
        self._shorten(self._left)

    def changed(self) -> None:
        """See WindowTest."""
        self._left = None

    def hidden(self) -> None:
        """See WindowTest."""
        self._left = None

    def _shorten(self, left: int) -> None:
        begin = self._entries[-1].timestamp - self._within
        while self._entries[left].timestamp < begin:
            _count(self._counts, self._entries[left].value, -1)
            left += 1
        self._left = left

    def newest(self) -> bool:
        """See WindowTest."""
        if self._left is None:
            self._counts = {}
            self._left = bisect_left(self._entries, self._entries[-1].timestamp - self._within, key=time_of)
            for entry in self._entries[self._left :]:
                _count(self._counts, entry.value, 1)
        return len(self._counts) >= self._needed

    def reach(self, position: int) -> Reach | None:
        """See WindowTest."""
        counts: dict[str, int] = {}
        counted = begun = first = last = -1
        for start, end in longest_spans(self._entries, position, self._within):
            counted = max(counted, start)
            for entry in self._entries[counted:end]:
                _count(counts, entry.value, 1)
            counted = end
            for entry in self._entries[begun:start] if begun >= 0 else ():
                _count(counts, entry.value, -1)
            begun = start
            if len(counts) >= self._needed:
                first = start if first < 0 else first
                last = start
        return None if first < 0 else whole_reach(self._entries, position, self._enough(first), last, self._within)

    def _enough(self, first: int) -> int:
        """The first moment at which there are enough different values, of those from a position on."""
        values: set[str | None] = {None}
        for entry in self._entries[first:]:
            values.add(entry.value)
            if len(values) > self._needed:
                return entry.timestamp
        raise AssertionError("there are enough")

    def idle(self, entry: Entry, sides: Sides) -> bool:
        """See WindowTest. On both sides is its value, or there are enough others."""
        if entry.value is None:
            return sides.span(1) is not None
        begin = self._known(entry.value, sides.before(), entry.timestamp - self._within, entry.timestamp)
        return begin is not None and self._known(entry.value, sides.after(), entry.timestamp, begin + self._within) is not None

    def _known(self, value: str, entries: Iterable[Entry], earliest: int, latest: int) -> int | None:
        """The first moment at which the value adds nothing to the entries so far; None where it lies outside of two moments."""
        values: set[str | None] = {None}
        for entry in islice(entries, MOST_LOOKED_AT + 2 * self._needed):
            if not earliest <= entry.timestamp <= latest:
                return None
            values.add(entry.value)
            if entry.value == value or len(values) > self._needed:
                return entry.timestamp
        return None


def _count(counts: dict[str, int], value: str | None, step: int) -> None:
    if value is None:
        return
    number = counts.get(value, 0) + step
    if number:
        counts[value] = number
    else:
        del counts[value]
