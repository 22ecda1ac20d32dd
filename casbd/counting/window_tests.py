"""What makes a span of event time a window, where it is not the number of its entries: different values, or steps in order.

All say the same three things of a subject's entries, which are sorted and belong to `Runs`: whether the longest window that
ends with the newest entry is one, kept up entry by entry, as nearly all entries are the newest; how far the windows reach
that hold an entry somewhere in the middle; and whether an entry is idle, so that the same spans are windows without it. A
span that holds a window's entries and more is a window too.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from casbd.counting.idle_steps import idle_in_any_order, idle_in_order
from casbd.counting.match import Repeated, Sequenced
from casbd.counting.sides import Sides
from casbd.model.counted import Entry

STEP_BITS = 56
"""The lowest bits of an entry's key tell activities apart; above them stands the first step that it is."""
_LONG_AGO = -(2**62)
MOST_LOOKED_AT = 500
"""So many entries on each side are looked at to see whether one of different values is idle, besides two for each value needed."""


class WindowTest(Protocol):
    """One way to tell a window. Positions are those of the entries that it was given."""

    def inserted(self, position: int) -> None:
        """An entry came to stand at this position."""

    def changed(self) -> None:
        """Entries are gone."""

    def hidden(self) -> None:
        """Only entries that were idle are gone."""

    def newest(self) -> bool:
        """Whether the longest window that ends with the newest entry is one."""

    def reach(self, position: int) -> Reach | None:
        """The time that the windows span together that hold the entry; None where there is no window."""

    def idle(self, entry: Entry, sides: Sides) -> bool:
        """Whether the same spans are windows without this entry, which has others on both sides.

        True if it can be told from some entries on both sides, that lie within one window: a longest window with the entry has
        all those of one of the sides. Looks at a bounded number of entries.
        """


Reach = tuple[int, int]
"""First and last moment, both included."""


def window_test(match: Repeated | Sequenced, entries: list[Entry]) -> WindowTest:
    """What a policy asks of its windows, of the entries there are."""
    if isinstance(match, Sequenced):
        return Steps(match, entries)
    return Different(match, entries) if match.unique is not None else Number(match, entries)


class Number:
    """At least `repeated` entries."""

    def __init__(self, match: Repeated, entries: list[Entry]) -> None:
        self._needed = match.repeated
        self._within = match.within
        self._entries = entries

    def inserted(self, position: int) -> None:
        """See WindowTest."""

    def changed(self) -> None:
        """See WindowTest."""

    def hidden(self) -> None:
        """See WindowTest."""

    def newest(self) -> bool:
        """See WindowTest."""
        entries, needed = self._entries, self._needed
        return len(entries) >= needed and entries[-1].timestamp - entries[-needed].timestamp <= self._within

    def reach(self, position: int) -> Reach | None:
        """See WindowTest. Where there is a window, `needed` neighbours are one: no others are looked at."""
        entries, further = self._entries, self._needed - 1
        first: int | None = None
        last = 0
        for start in range(max(0, position - further), min(position, len(entries) - self._needed) + 1):
            begin, end = entries[start].timestamp, entries[start + further].timestamp
            if end - begin <= self._within:
                first = end if first is None else first
                last = begin
        return None if first is None else (first - self._within, last + self._within)

    def idle(self, entry: Entry, sides: Sides) -> bool:  # noqa: ARG002
        """See WindowTest."""
        span = sides.span(self._needed)
        return span is not None and span <= self._within


class Different:
    """At least `repeated` different values."""

    def __init__(self, match: Repeated, entries: list[Entry]) -> None:
        self._needed = match.repeated
        self._within = match.within
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
            self._left = bisect_left(self._entries, self._entries[-1].timestamp - self._within, key=_time)
            for entry in self._entries[self._left :]:
                _count(self._counts, entry.value, 1)
        return len(self._counts) >= self._needed

    def reach(self, position: int) -> Reach | None:
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
                last = start
        return None if first < 0 else _reach(self._entries, position, self._enough(first), last, self._within)

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
        begin = self._known(entry.value, sides.before())
        if begin is None or entry.timestamp - begin > self._within:
            return False
        end = self._known(entry.value, sides.after())
        return end is not None and end - begin <= self._within

    def _known(self, value: str, entries: Iterable[Entry]) -> int | None:
        """The first moment at which the value adds nothing to the entries so far."""
        values: set[str | None] = {None}
        for entry in islice(entries, MOST_LOOKED_AT + 2 * self._needed):
            values.add(entry.value)
            if entry.value == value or len(values) > self._needed:
                return entry.timestamp
        return None


class Steps:
    """Every step, in the order of event time unless any order is right.

    An entry's value is the set of steps that it is, as a number with a bit for each. Exports tell times by the second, and what
    lies within the same moment has no order: of these, entries of earlier steps come first (see `step_entry`).
    """

    def __init__(self, match: Sequenced, entries: list[Entry]) -> None:
        self._within = match.within
        self._entries = entries
        self._needed = [step.repeated for step in match.steps]
        self._links = None if match.any_order else [1 << step for step, number in enumerate(self._needed) for _ in range(number)]
        self._latest: Callable[[], _Latest] = lambda: (_AnyOrder if match.any_order else _InOrder)(self._needed)
        self._tail: _Latest | None = None
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
            for entry in self._entries[bisect_left(self._entries, begin, key=_time) :]:
                self._tail.add(entry)
        return self._tail.start >= begin

    def reach(self, position: int) -> Reach | None:
        """See WindowTest."""
        if self._missing or not self._all_there(position):
            return None
        latest = self._latest()
        added = first = last = -1
        for start, end in _longest(self._entries, position, self._within):
            for entry in self._entries[start if added < 0 else added : end]:
                latest.add(entry)
            added = end
            if latest.start >= self._entries[start].timestamp:
                first = start if first < 0 else first
                last = start
        return None if first < 0 else _reach(self._entries, position, self._enough(first), last, self._within)

    def _all_there(self, position: int) -> bool:
        """Whether there is any activity of each step so near: mostly one is missing, and nothing else need be looked at."""
        moment, missing = self._entries[position].timestamp, self._asked
        for entry in self._entries[bisect_left(self._entries, moment - self._within, key=_time) :]:
            missing &= ~int(entry.value or 0)
            if not missing or entry.timestamp > moment + self._within:
                break
        return not missing

    def _enough(self, first: int) -> int:
        """The first moment at which all steps are done, of the entries from a position on."""
        latest = self._latest()
        for entry in self._entries[first:]:
            latest.add(entry)
            if latest.start > _LONG_AGO:
                return entry.timestamp
        raise AssertionError("they are done")

    def idle(self, entry: Entry, sides: Sides) -> bool:
        """See WindowTest."""
        if self._links is None:
            return idle_in_any_order(self._needed, self._within, entry, sides)
        return idle_in_order(self._links, self._within, entry, sides)


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


def _reach(entries: Sequence[Entry], position: int, enough: int, last: int, within: int) -> Reach:
    """What windows span that hold an entry. enough: when the earliest of them has all it needs. last: where the latest begins."""
    return max(enough, entries[position].timestamp) - within, entries[last].timestamp + within


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
