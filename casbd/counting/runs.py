"""Repeated activity: which activities of one subject make a run, in event time and for any order of arrival.

A window is any span of event time no longer than `within`, both ends included, that holds at least `repeated` entries (with
`unique`: entries with so many different values; of a sequence: entries that are its steps, one after the other). All entries
of a window are in one run, and windows that share an entry are in the same run. The runs of a set of entries therefore do
not depend on the order in which they came; only which of two alerts was raised first does, and then the one with the
earlier activities stays.

A flood must not cost more an entry than a trickle. So those that decide nothing (see `WindowTest.idle`) are counted and not
held: of any number of entries so few are left that it does no harm to look at all within a window's reach. Where it matters
which they were, an archive tells.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from casbd.counting.archive import Archive, Memory, Order, order_of
from casbd.counting.match import Repeated, Sequenced
from casbd.counting.sides import Sides
from casbd.counting.window_tests import window_test
from casbd.model.counted import Entry

MOST_MEMBERS = 1000
"""So many of the entries that came into a run at once are listed, and the last one."""
SPARE = 32
"""So many entries more than twice those that were left, before it is looked again which are idle; of a sequence more."""
FURTHER = 8
"""So many more for each activity that a sequence asks for, as it takes longer to see which are idle."""
HELD_IN_ORDER = 500
"""Activities of a sequence in order that are held whatever they are: which of those are idle is certain for records in order only, as one
that comes late between two others may change it. So only a flood's runs may differ a little by the order in which its records come."""
SPARE_AT_A_START = 2000
"""As SPARE, while entries are read back in their order."""


class Change(msgspec.Struct, frozen=True):
    """What one more entry did to a run.

    opened: it is a new alert. joined: the later alerts that turned out to be part of it. members: the entries that came into
    it now, those of joined alerts not included, in time order; of more than MOST_MEMBERS the first ones and the last one.
    number: how many came. renamed: the last entry of joined alerts, which tells how far the run goes. first, last, count: of the
    run, in so far as its entries have been given to this object.
    """

    alert_id: str
    opened: bool
    joined: tuple[str, ...]
    members: tuple[Entry, ...]
    number: int
    first: int
    last: int
    count: int
    renamed: tuple[Entry, ...] = ()


class _Run(msgspec.Struct):
    """Everything from `start` to `end` is in the run: a run has no gaps."""

    start: Order
    end: Order
    alert_id: str
    count: int


class Runs:
    """The entries of one policy and one subject, and the runs among them.

    entries: rebuilt from the store, in time order; those from the first to the last with the same alert_id are one run.
    archive: where entries are looked up that are not held.
    """

    __slots__ = ("_archive", "_entries", "_gone", "_hidden", "_in_order", "_orders", "_room", "_runs", "_test", "_within", "counted")

    def __init__(self, match: Repeated | Sequenced, entries: Iterable[Entry] = (), archive: Archive | None = None) -> None:
        self._within = match.within
        self._in_order = sum(step.repeated for step in match.steps) if isinstance(match, Sequenced) and not match.any_order else 0
        self._archive = archive if archive is not None else Memory()
        self._entries: list[Entry] = []
        self._orders: list[Order] = []
        self._runs: list[_Run] = []
        self._hidden: tuple[Order, Order] | None = None
        """From the first to the last entry that is not held and is in no run."""
        self._gone: tuple[Order, Order] | None = None
        """From the first to the last entry that is not held."""
        self._test = window_test(match, self._entries)
        self.counted = 0
        self._room = SPARE_AT_A_START
        self._restore(entries)

    def _restore(self, entries: Iterable[Entry]) -> None:
        """Take entries in; a run that lies within another one was joined to it."""
        begun: dict[str, tuple[int, int]] = {}
        for entry in entries:
            self.counted += 1
            order = order_of(entry)
            self._orders.append(order)
            self._entries.append(entry)
            if (alert_id := entry.alert_id) is not None:
                if alert_id in begun:
                    place, number = begun[alert_id]
                    for inside in self._runs[place + 1 :]:
                        del begun[inside.alert_id]
                    del self._runs[place + 1 :]
                    self._runs[place].end, self._runs[place].count = order, self.counted - number
                else:
                    begun[alert_id] = len(self._runs), self.counted - 1
                    self._runs.append(_Run(order, order, alert_id, 1))
            if len(self._orders) > self._room:
                self._hide_idle(SPARE_AT_A_START)
        self._test.changed()
        self._make_room(SPARE)

    def __len__(self) -> int:
        """How many entries are held; `counted` is how many came."""
        return len(self._entries)

    def alert_of(self, entry: Entry) -> str | None:
        """The run that an entry is in."""
        found = self._run_at(order_of(entry))
        return None if found is None else found.alert_id

    def add(self, entry: Entry, new_alert_id: Callable[[], str]) -> Change | None:
        """One more entry. None where it is in no run (yet), or was there already; `new_alert_id` is asked for a new run only."""
        order = order_of(entry)
        position = len(self._orders)
        newest = not position or order > self._orders[-1]
        if not newest:
            position = bisect_left(self._orders, order)
            if self._orders[position] == order:
                return None
            if position > 0 and self._may_hide and self._test.idle(entry, Sides(self._entries, position, self._entries, position)):
                before, after = self._run_at(self._orders[position - 1]), self._run_at(self._orders[position])
                if before is after:
                    return self._count_only(entry, order, before)
            if self._in_order and self._gone is not None and self._gone[0] < order < self._gone[1]:
                position = self._show_near(order)
        self.counted += 1
        self._insert(position, entry, order)
        change = self._newest(position, entry, order, new_alert_id) if newest else self._between(position, entry, new_alert_id)
        if len(self._orders) > self._room:
            self._hide_idle(SPARE)
        return change

    @property
    def _may_hide(self) -> bool:
        return not self._in_order or len(self._orders) >= HELD_IN_ORDER

    def _count_only(self, entry: Entry, order: Order, run: _Run | None) -> Change | None:
        """An entry that decides nothing, and is in a run if those on both sides are."""
        self.counted += 1
        self._let_go(entry, order, run)
        if run is None:
            return None
        return self._inside(entry, run)

    def _inside(self, entry: Entry, run: _Run) -> Change:
        run.count += 1
        entry.alert_id = run.alert_id
        return Change(run.alert_id, False, (), (entry,), 1, run.start[0], run.end[0], run.count)

    def _insert(self, position: int, entry: Entry, order: Order) -> None:
        self._orders.insert(position, order)
        self._entries.insert(position, entry)
        self._test.inserted(position)

    def _newest(self, position: int, entry: Entry, order: Order, new_alert_id: Callable[[], str]) -> Change | None:
        """By far the most frequent case, and mostly it is right behind the last run, with which it shares a window."""
        if not self._test.newest():
            return None
        begin = order[0] - self._within
        if position and self._runs:
            run = self._runs[-1]
            if run.end == self._orders[position - 1] and run.end[0] >= begin and self._nothing_between(begin, run.start):
                run.end = order
                return self._inside(entry, run)
        return self._claim(entry, begin, order[0], new_alert_id)

    def _nothing_between(self, begin: int, start: Order) -> bool:
        """Whether no entry lies from a moment on before a run starts."""
        if start[0] < begin:
            return True
        place = bisect_left(self._orders, start)
        return (not place or self._orders[place - 1][0] < begin) and (self._hidden is None or self._hidden[1][0] < begin)

    def _between(self, position: int, entry: Entry, new_alert_id: Callable[[], str]) -> Change | None:
        order = self._orders[position]
        run = self._run_at(order)
        if run is not None and self._deep_inside(order, run):
            return self._inside(entry, run)
        reach = self._test.reach(position)
        return None if reach is None else self._claim(entry, *reach, new_alert_id)

    def _run_at(self, order: Order) -> _Run | None:
        at = bisect_right(self._runs, order, key=_start) - 1
        return self._runs[at] if at >= 0 and self._runs[at].end >= order else None

    def _deep_inside(self, order: Order, run: _Run) -> bool:
        """Within a run, and too far from everything outside it for a window with the new entry to reach that."""
        first, last = order[0] - self._within, order[0] + self._within
        at = bisect_right(self._runs, run.start, key=_start)
        if (at > 1 and self._runs[at - 2].end[0] >= first) or (at < len(self._runs) and self._runs[at].start[0] <= last):
            return False
        before, after = bisect_left(self._orders, run.start) - 1, bisect_right(self._orders, run.end)
        if (before >= 0 and self._orders[before][0] >= first) or (after < len(self._orders) and self._orders[after][0] <= last):
            return False
        if self._hidden is None:
            return True
        begin, end = self._hidden
        return not ((begin < run.start and end[0] >= first) or (end > run.end and begin[0] <= last))

    def _claim(self, entry: Entry, begin: int, end: int, new_alert_id: Callable[[], str]) -> Change:
        """What lies between two moments is in one run with the new entry, together with all runs that it touches."""
        low = bisect_right(self._runs, (begin, -1), key=_start)
        if low and self._runs[low - 1].end[0] >= begin:
            low -= 1
        high = bisect_right(self._runs, (end + 1, -1), low, key=_start)
        touched = self._runs[low:high]
        members, number, ends = self._newcomers(entry, begin, end, touched)
        if touched:
            ends = min(ends[0], touched[0].start), max(ends[1], touched[-1].end)
        kept = touched[0].alert_id if touched else new_alert_id()
        for one in members:
            one.alert_id = kept
        run = _Run(*ends, kept, number + sum(run.count for run in touched))
        self._runs[low:high] = [run]
        self._uncover(run)
        joined = tuple(run.alert_id for run in touched[1:])
        renamed = tuple(self._renamed(touched[-1].end, kept)) if joined else ()
        return Change(kept, not touched, joined, tuple(members), number, run.start[0], run.end[0], run.count, renamed)

    def _renamed(self, order: Order, alert_id: str) -> Iterator[Entry]:
        """The entry at a place, as one of another run."""
        position = bisect_left(self._orders, order)
        held = self._entries[position : position + 1] if self._orders[position : position + 1] == [order] else []
        for entry in held or self._archive.between((order[0], order[1] - 1), (order[0], order[1] + 1)):
            entry.alert_id = alert_id
            yield entry

    def _newcomers(self, entry: Entry, begin: int, end: int, touched: Sequence[_Run]) -> tuple[list[Entry], int, tuple[Order, Order]]:
        """The entries between two moments that are not in a run yet, the first ones and the last; their number, and its two ends."""
        own, cursor = order_of(entry), (begin, -1)
        parts = []
        for run in touched:
            parts.append((cursor, run.start))
            cursor = max(cursor, run.end)
        parts.append((cursor, (end + 1, -1)))
        members: list[Entry] = []
        number, ends, last = 0, (own, own), entry
        inside = self._run_at(own) is not None
        for one in self._in_parts(parts, entry if inside else None):
            number += 1
            order = order_of(one)
            ends = min(ends[0], order), max(ends[1], order)
            last = one
            if number <= MOST_MEMBERS:
                members.append(one)
        return members if number <= MOST_MEMBERS else [*members, last], number, ends

    def _in_parts(self, parts: Sequence[tuple[Order, Order]], besides: Entry | None) -> Iterator[Entry]:
        """The entries in some spans, without what lies at both ends of each, in order; and another one in its place."""
        for after, before in parts:
            if besides is not None and order_of(besides) <= after:
                yield besides
                besides = None
            if after < before:
                yield from self._all_between(after, before)
        if besides is not None:
            yield besides

    def _all_between(self, after: Order, before: Order) -> Iterator[Entry]:
        held = iter(self._entries[bisect_right(self._orders, after) : bisect_left(self._orders, before)])
        if self._hidden is None or self._hidden[1] <= after or self._hidden[0] >= before:
            yield from held
            return
        following = next(held, None)
        for one in self._archive.between(after, before):
            order = order_of(one)
            while following is not None and order_of(following) < order:
                yield following
                following = next(held, None)
            if following is not None and order_of(following) == order:
                following = next(held, None)
            yield one
        if following is not None:
            yield following
            yield from held

    def _hide_idle(self, spare: int) -> None:
        """Let go of the entries that decide nothing."""
        entries, test = self._entries, self._test
        left: list[Entry] = entries[:1]
        for position in range(1, len(entries) - 1):
            entry = entries[position]
            if test.idle(entry, Sides(left, len(left), entries, position + 1)):
                order = self._orders[position]
                self._let_go(entry, order, self._run_at(order))
            else:
                left.append(entry)
        left += entries[max(1, len(entries) - 1) :]
        entries[:] = left
        self._orders[:] = map(order_of, left)
        test.hidden()
        self._make_room(spare)

    def _make_room(self, spare: int) -> None:
        """See when to look again which entries are idle."""
        room = 2 * len(self._orders) + spare + FURTHER * self._in_order
        self._room = max(room, HELD_IN_ORDER) if self._in_order else room

    def _let_go(self, entry: Entry, order: Order, run: _Run | None) -> None:
        self._archive.note(entry)
        self._gone = _spanned(self._gone, order)
        if run is None:
            self._hidden = _spanned(self._hidden, order)

    def _uncover(self, run: _Run) -> None:
        """What is in a run is known to be."""
        if self._hidden is None:
            return
        first, last = self._hidden
        if run.start <= first and last <= run.end:
            self._hidden = None
        elif run.start <= first <= run.end:
            self._hidden = run.end, last
        elif run.start <= last <= run.end:
            self._hidden = first, run.start

    def _show_near(self, order: Order) -> int:
        """Hold again what lies next to an entry that comes late: with it between them, it may matter. Returns the entry's position."""
        for entry in self._archive.near(order, self._in_order):
            own = order_of(entry)
            position = bisect_left(self._orders, own)
            if abs(own[0] - order[0]) <= self._within and (position == len(self._orders) or self._orders[position] != own):
                self._insert(position, entry, own)
        return bisect_left(self._orders, order)

    def prune(self, before: int) -> None:
        """Forget entries older than a time; a run that goes on keeps its start and its count."""
        self._archive.prune(before)
        gone = bisect_left(self._orders, (before,))
        if not gone:
            return
        del self._orders[:gone], self._entries[:gone]
        if self._runs and self._runs[0].end[0] < before:
            self._runs = [run for run in self._runs if run.end[0] >= before]
        if self._hidden is not None and self._hidden[1][0] < before:
            self._hidden = None
        self._test.changed()


def _spanned(span: tuple[Order, Order] | None, order: Order) -> tuple[Order, Order]:
    return (order, order) if span is None else (min(span[0], order), max(span[1], order))


def _start(run: _Run) -> Order:
    return run.start
