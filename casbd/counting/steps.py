"""A window is a span with every step of a sequence: its window test, and how its entries are kept apart within one moment."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

from casbd.counting.idle_steps import idle_in_any_order, idle_in_order
from casbd.counting.latest_start import LONG_AGO, AnyOrder, InOrder, Latest
from casbd.counting.sides import Sides
from casbd.counting.spans import Reach, longest_spans, time_of, whole_reach
from casbd.model.counted import Entry

STEP_BITS = 56
"""The lowest bits of an entry's key tell activities apart; above them stands the first step that it is."""


class Steps:
    """Every step, in the order of event time unless any order is right.

    An entry's value is the set of steps that it is, as a number with a bit for each. Exports have times by the second, and what
    lies within the same moment has no order: of these, entries of earlier steps come first (see `step_entry`). needed: so many
    activities of each step.
    """

    def __init__(self, needed: list[int], within: int, entries: list[Entry], *, any_order: bool) -> None:
        self._within = within
        self._entries = entries
        self._needed = needed
        self._links = None if any_order else [1 << step for step, number in enumerate(self._needed) for _ in range(number)]
        self._latest: Callable[[], Latest] = lambda: (AnyOrder if any_order else InOrder)(self._needed)
        self._tail: Latest | None = None
        self._missing = self._asked = (1 << len(self._needed)) - 1
        self.changed()

    def inserted(self, position: int) -> None:
        """See WindowTest."""
        entry, newest = self._entries[position], self._entries[-1]
        self._missing &= ~int(entry.value or 0)
        if self._tail is None:
            return
        if entry is newest or (entry.timestamp, entry.value) == (newest.timestamp, newest.value):
            self._tail.add(entry)
        elif entry.timestamp >= newest.timestamp - self._within:
            self._tail = None

    def changed(self) -> None:
        """See WindowTest."""
        self._tail = None
        self._missing = self._asked
        for entry in self._entries:
            self._missing &= ~int(entry.value or 0)

    def hidden(self) -> None:
        """See WindowTest. The tail has seen them."""

    def newest(self) -> bool:
        """See WindowTest."""
        begin = self._entries[-1].timestamp - self._within
        if self._tail is None:
            self._tail = self._latest()
            for entry in self._entries[bisect_left(self._entries, begin, key=time_of) :]:
                self._tail.add(entry)
        return self._tail.start >= begin

    def reach(self, position: int) -> Reach | None:
        """See WindowTest."""
        if self._missing or not self._all_there(position):
            return None
        latest = self._latest()
        added = first = last = -1
        for start, end in longest_spans(self._entries, position, self._within):
            for entry in self._entries[start if added < 0 else added : end]:
                latest.add(entry)
            added = end
            if latest.start >= self._entries[start].timestamp:
                first = start if first < 0 else first
                last = start
        return None if first < 0 else whole_reach(self._entries, position, self._enough(first), last, self._within)

    def _all_there(self, position: int) -> bool:
        """Whether there is any activity of each step so near: mostly one is missing, and nothing else need be looked at."""
        moment, missing = self._entries[position].timestamp, self._asked
        for entry in self._entries[bisect_left(self._entries, moment - self._within, key=time_of) :]:
            missing &= ~int(entry.value or 0)
            if not missing or entry.timestamp > moment + self._within:
                break
        return not missing

    def _enough(self, first: int) -> int:
        """The first moment at which all steps are done, of the entries from a position on."""
        latest = self._latest()
        for entry in self._entries[first:]:
            latest.add(entry)
            if latest.start > LONG_AGO:
                return entry.timestamp
        raise AssertionError("they are done")

    def idle(self, entry: Entry, sides: Sides) -> bool:
        """See WindowTest."""
        if self._links is None:
            return idle_in_any_order(self._needed, self._within, entry, sides)
        return idle_in_order(self._links, self._within, entry, sides)


def step_entry(entry: Entry) -> Entry:
    """An entry with a key that puts it, among those of its moment, behind the ones of earlier steps."""
    steps = int(entry.value or 0)
    first = (steps & -steps).bit_length()
    return Entry(entry.timestamp, first << STEP_BITS | entry.key & (1 << STEP_BITS) - 1, entry.activity_id, entry.value)


def steps_done(entries: Sequence[Entry], steps: int) -> list[int]:
    """How often each of so many steps was done."""
    return [sum(int(entry.value or 0) >> number & 1 for entry in entries) for number in range(steps)]
