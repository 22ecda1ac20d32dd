"""What makes a span of event time a window, where it is not the number of its entries: different values, or steps in order.

Both say the same two things of a subject's entries, which are sorted and belong to `Runs`: whether the longest window that
ends with the newest entry is one, kept up entry by entry, as nearly all entries are the newest; and how far the windows
reach that hold an entry somewhere in the middle. A span that holds a window's entries and more is a window too.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from casbd.model.counted import Entry
from casbd.policies.policy import Repeated, Sequenced

STEP_BITS = 56
"""The lowest bits of an entry's key tell activities apart; above them stands the first step that it is."""
_LONG_AGO = -(2**62)


class WindowTest(Protocol):
    """One way to tell a window. Positions are those of the entries that it was given."""

    def inserted(self, position: int) -> None:
        """An entry came to stand at this position."""

    def removed(self, number: int) -> None:
        """So many of the oldest are gone."""

    def newest(self) -> int | None:
        """Where the longest window begins that ends with the newest entry; None where that is none."""

    def reach(self, position: int) -> tuple[int, int] | None:
        """First and last position of all windows that hold the entry; None where there is no window."""


def window_test(match: Repeated | Sequenced, entries: list[Entry]) -> WindowTest | None:
    """What a policy asks of its windows besides so many entries, of the entries there are; None: nothing."""
    if isinstance(match, Sequenced):
        return Steps(match, entries)
    return Different(match, entries) if match.unique is not None else None


class Different:
    """At least `repeated` different values."""

    def __init__(self, match: Repeated, entries: list[Entry]) -> None:
        self._needed = match.repeated
        self._within = match.within
        self._entries = entries
        self._begin()

    def _begin(self) -> None:
        self._left = 0
        self._counts: dict[str, int] = {}
        for entry in self._entries:
            _count(self._counts, entry.value, 1)
        self._shorten()

    def inserted(self, position: int) -> None:
        """See WindowTest."""
        if self._entries[position].timestamp < self._entries[-1].timestamp - self._within:
            self._left += 1
            return
        _count(self._counts, self._entries[position].value, 1)
        self._shorten()

    def removed(self, number: int) -> None:
        """See WindowTest."""
        if self._left >= number:
            self._left -= number
        else:
            self._begin()

    def _shorten(self) -> None:
        while self._left < len(self._entries) and self._entries[self._left].timestamp < self._entries[-1].timestamp - self._within:
            _count(self._counts, self._entries[self._left].value, -1)
            self._left += 1

    def newest(self) -> int | None:
        """See WindowTest."""
        return self._left if len(self._counts) >= self._needed else None

    def reach(self, position: int) -> tuple[int, int] | None:
        """See WindowTest."""
        counts: dict[str, int] = {}
        counted = begun = first = last = -1
        for start, end in _longest(self._entries, position, self._within):
            counted = max(counted, start)
            for entry in self._entries[counted:end]:
                _count(counts, entry.value, 1)
            counted = end
            for entry in self._entries[begun:start] if begun >= 0 else ():
                _count(counts, entry.value, -1)
            begun = start
            if len(counts) >= self._needed:
                first = start if first < 0 else first
                last = end - 1
        return (first, last) if first >= 0 else None


class Steps:
    """Every step, in the order of event time unless any order is right.

    An entry's value is the set of steps that it is, as a number with a bit for each. Exports tell times by the second, and what
    lies within the same moment has no order: of these, entries of earlier steps come first (see `step_entry`).
    """

    def __init__(self, match: Sequenced, entries: list[Entry]) -> None:
        self._within = match.within
        self._entries = entries
        self._latest: Callable[[], _Latest] = lambda: (_AnyOrder if match.any_order else _InOrder)([step.repeated for step in match.steps])
        self._begin()

    def _begin(self) -> None:
        self._tail = self._latest()
        start = bisect_left(self._entries, self._entries[-1].timestamp - self._within, key=_time) if self._entries else 0
        for entry in self._entries[start:]:
            self._tail.add(entry)

    def inserted(self, position: int) -> None:
        """See WindowTest."""
        entry, newest = self._entries[position], self._entries[-1]
        if entry is newest:
            self._tail.add(entry)
        elif entry.timestamp >= newest.timestamp - self._within:
            self._begin()

    def removed(self, number: int) -> None:  # noqa: ARG002
        """See WindowTest. What is gone is mostly older than any window that ends with the newest entry."""
        if not self._entries or self._entries[0].timestamp > self._entries[-1].timestamp - self._within:
            self._begin()

    def newest(self) -> int | None:
        """See WindowTest."""
        begin = self._entries[-1].timestamp - self._within
        return bisect_left(self._entries, begin, key=_time) if self._tail.start >= begin else None

    def reach(self, position: int) -> tuple[int, int] | None:
        """See WindowTest."""
        latest = self._latest()
        added = first = last = -1
        for start, end in _longest(self._entries, position, self._within):
            for entry in self._entries[start if added < 0 else added : end]:
                latest.add(entry)
            added = end
            if latest.start >= self._entries[start].timestamp:
                first = start if first < 0 else first
                last = end - 1
        return (first, last) if first >= 0 else None


class _Latest(Protocol):
    """The latest moment from which on the entries so far hold all steps."""

    start: int

    def add(self, entry: Entry) -> None:
        """The next entry in time."""


class _InOrder:
    """One step after the other. starts: for each number of steps, the latest moment at which a chain of them began."""

    def __init__(self, repeated: Sequence[int]) -> None:
        self._bits = [1 << step for step, number in enumerate(repeated) for _ in range(number)]
        self._starts = [_LONG_AGO] * len(self._bits)
        self._moment = _LONG_AGO
        self._before = self._starts
        self._same: Counter[int] = Counter()
        self._one_step_each = True
        self.start = _LONG_AGO

    def add(self, entry: Entry) -> None:
        """See _Latest."""
        steps = int(entry.value or 0)
        if entry.timestamp != self._moment:
            self._moment, self._before = entry.timestamp, [*self._starts]
            self._same, self._one_step_each = Counter(), True
        self._same[steps] += 1
        self._one_step_each &= steps & (steps - 1) == 0
        if self._one_step_each:
            self._after(steps)
        else:
            self._together()
        self.start = self._starts[-1]

    def _after(self, steps: int) -> None:
        """One more link. Entries of one moment that are one step each come in the order of the steps: that is the best one."""
        for number in range(len(self._starts) - 1, -1, -1):  # backwards, as an entry is one link of a chain only
            if steps & self._bits[number]:
                began = self._starts[number - 1] if number else self._moment
                self._starts[number] = max(self._starts[number], began)

    def _together(self) -> None:
        """All entries of the moment at once, as some are more than one step: which of them is which link is a matching."""
        links = [steps for steps, number in self._same.items() for _ in range(min(number, len(self._bits)))]
        self._starts = [*self._before]
        for done in range(len(self._bits)):
            began = self._before[done - 1] if done else self._moment
            taken: dict[int, int] = {}
            for number in range(done, len(self._bits)):
                if began == _LONG_AGO or not self._find(number, links, taken, set()):
                    break
                self._starts[number] = max(self._starts[number], began)

    def _find(self, number: int, links: Sequence[int], taken: dict[int, int], tried: set[int]) -> bool:
        """Find an entry for a link, perhaps by giving another one to the link that has it. taken: by entry, its link."""
        for index, steps in enumerate(links):
            if steps & self._bits[number] and index not in tried:
                tried.add(index)
                if index not in taken or self._find(taken[index], links, taken, tried):
                    taken[index] = number
                    return True
        return False


class _AnyOrder:
    """Each step so many times; an entry that is two steps is both."""

    def __init__(self, repeated: Sequence[int]) -> None:
        self._last = [[_LONG_AGO] * number for number in repeated]
        self.start = _LONG_AGO

    def add(self, entry: Entry) -> None:
        """See _Latest."""
        steps = int(entry.value or 0)
        for step, last in enumerate(self._last):
            if steps >> step & 1:
                last.append(entry.timestamp)
                del last[0]
        self.start = min(last[0] for last in self._last)


def step_entry(entry: Entry) -> Entry:
    """An entry with a key that puts it, among those of its moment, behind the ones of earlier steps."""
    steps = int(entry.value or 0)
    first = (steps & -steps).bit_length()
    return Entry(entry.timestamp, first << STEP_BITS | entry.key & (1 << STEP_BITS) - 1, entry.activity_id, entry.value)


def _longest(entries: Sequence[Entry], position: int, within: int) -> Iterator[tuple[int, int]]:
    """Every longest span that holds an entry, from the one that ends with it to the one that begins with it: start and end."""
    begin = end = bisect_left(entries, entries[position].timestamp - within, key=_time)
    for start in range(begin, position + 1):
        end = bisect_right(entries, entries[start].timestamp + within, end, key=_time)
        yield start, end


def _time(entry: Entry) -> int:
    return entry.timestamp


def _count(counts: dict[str, int], value: str | None, step: int) -> None:
    if value is None:
        return
    number = counts.get(value, 0) + step
    if number:
        counts[value] = number
    else:
        del counts[value]
