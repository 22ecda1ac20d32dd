"""Repeated activity: which activities of one subject make a run, in event time and for any order of arrival.

A window is any span of event time no longer than `within`, both ends included, that holds at least `repeated` entries (with
`unique`: entries with so many different values; of a sequence: entries that are its steps, one after the other). All entries
of a window are in one run, and windows that share an entry are in the same run. The runs of a set of entries therefore do
not depend on the order in which they came; only which of two alerts was raised first does, and then the one with the
earlier activities stays.

A flood must not cost more an entry than a trickle. So those that decide nothing (see `WindowTest.idle`) are counted and not
held: of any number of entries so few are left that it does no harm to look at all within a window's reach. Where it matters
which they were, they are looked up in an archive.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from casbd.counting.archive import Archive, Memory, Order, order_of
from casbd.counting.held_entries import HeldEntries
from casbd.counting.match import Windowed
from casbd.model.counted import Entry

MOST_MEMBERS = 1000
"""So many of the entries that came into a run at once are listed, and the last one."""


class Change(msgspec.Struct, frozen=True):
    """What one more entry did to a run.

    opened: it is a new alert. joined: the later alerts that turned out to be part of it. members: the entries that came into
    it now, those of joined alerts not included, in time order; of more than MOST_MEMBERS the first ones and the last one.
    number: how many came. unlisted: of a sequence what was counted of those that are not listed, and how often. renamed: the last entry
    of joined alerts, which shows how far the run goes. first, last, count: of the run, in so far as its entries have been given to this
    object.
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
    unlisted: tuple[tuple[str | None, int], ...] = ()


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

    __slots__ = ("_held", "_runs", "_steps", "_within", "counted")

    def __init__(self, match: Windowed, entries: Iterable[Entry] = (), archive: Archive | None = None) -> None:
        self._within = match.within
        self._steps = bool(match.steps)
        self._held = HeldEntries(match, archive if archive is not None else Memory())
        self._runs: list[_Run] = []
        self.counted = 0
        self._restore(entries)

    def _restore(self, entries: Iterable[Entry]) -> None:
        """Take entries in; a run that lies within another one was joined to it."""
        held = self._held
        begun: dict[str, tuple[int, int]] = {}
        for entry in entries:
            self.counted += 1
            order = order_of(entry)
            held.append(entry, order)
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
            if len(held.orders) > held.room:
                held.hide_idle(self._run_at)
        held.restored()

    @property
    def held(self) -> list[Entry]:
        """The entries that are held, as they come and go, for reading; `counted` is how many came."""
        return self._held.entries

    def __len__(self) -> int:
        """How many entries are held."""
        return len(self._held.entries)

    def alert_of(self, entry: Entry) -> str | None:
        """The run that an entry is in."""
        run = self._run_at(order_of(entry))
        return None if run is None else run.alert_id

    def add(self, entry: Entry, new_alert_id: Callable[[], str]) -> Change | None:
        """One more entry. None where it is in no run (yet), or was there already; `new_alert_id` is called for a new run only."""
        held = self._held
        orders = held.orders
        order = entry.timestamp, entry.key
        position = len(orders)
        change = None
        if not position or order > orders[-1]:
            self.counted += 1
            held.append(entry, order)
            held.test.inserted(position)
            if held.test.newest():
                change = self._newest(position, entry, order, new_alert_id)
        else:
            position = bisect_left(orders, order)
            if orders[position] == order:
                return None
            if held.idle(entry, position):
                before, after = self._run_at(orders[position - 1]), self._run_at(orders[position])
                if before is after:
                    return self._count_only(entry, order, before)
            position = held.show_near(order, position)
            self.counted += 1
            held.insert(position, entry, order)
            change = self._between(position, entry, order, new_alert_id)
        if len(orders) > held.room:
            held.hide_idle(self._run_at)
        return change

    def _count_only(self, entry: Entry, order: Order, run: _Run | None) -> Change | None:
        """An entry that decides nothing, and is in a run if those on both sides are."""
        self.counted += 1
        self._held.let_go(entry, order, in_run=run is not None)
        if run is None:
            return None
        return self._inside(entry, run)

    def _inside(self, entry: Entry, run: _Run) -> Change:
        run.count += 1
        return Change(run.alert_id, False, (), (entry.in_run(run.alert_id),), 1, run.start[0], run.end[0], run.count)

    def _newest(self, position: int, entry: Entry, order: Order, new_alert_id: Callable[[], str]) -> Change:
        """The newest entry makes a window; mostly it is right behind the last run, with which it shares that."""
        begin = order[0] - self._within
        if position and self._runs:
            run = self._runs[-1]
            if run.end == self._held.orders[position - 1] and run.end[0] >= begin and self._held.none_between(begin, run.start):
                run.end = order
                return self._inside(entry, run)
        return self._claim(entry, begin, order[0], new_alert_id)

    def _between(self, position: int, entry: Entry, order: Order, new_alert_id: Callable[[], str]) -> Change | None:
        run = self._run_at(order)
        if run is not None and self._deep_inside(order, run):
            return self._inside(entry, run)
        reach = self._held.test.reach(position)
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
        return self._held.none_around(run.start, run.end, first, last)

    def _claim(self, entry: Entry, begin: int, end: int, new_alert_id: Callable[[], str]) -> Change:
        """What lies between two moments is in one run with the new entry, together with all runs that it touches."""
        low = bisect_right(self._runs, (begin, -1), key=_start)
        if low and self._runs[low - 1].end[0] >= begin:
            low -= 1
        high = bisect_right(self._runs, (end + 1, -1), low, key=_start)
        touched = self._runs[low:high]
        members, number, ends, unlisted = self._newcomers(entry, begin, end, touched)
        if touched:
            ends = min(ends[0], touched[0].start), max(ends[1], touched[-1].end)
        alert_id = touched[0].alert_id if touched else new_alert_id()
        run = _Run(*ends, alert_id, number + sum(run.count for run in touched))
        self._runs[low:high] = [run]
        self._held.uncover(run.start, run.end)
        joined = tuple(run.alert_id for run in touched[1:])
        renamed = tuple(self._renamed(touched[-1].end, alert_id)) if joined else ()
        claimed = tuple([one.in_run(alert_id) for one in members])
        return Change(alert_id, not touched, joined, claimed, number, run.start[0], run.end[0], run.count, renamed, unlisted)

    def _renamed(self, order: Order, alert_id: str) -> Iterator[Entry]:
        """The entry at a place, as one of another run."""
        for entry in self._held.at(order):
            yield entry.in_run(alert_id)

    def _newcomers(
        self, entry: Entry, begin: int, end: int, touched: Sequence[_Run]
    ) -> tuple[list[Entry], int, tuple[Order, Order], tuple[tuple[str | None, int], ...]]:
        """The entries between two moments that are not in a run yet, the first ones and the last; their number, and its two ends; and what
        was counted of the others (see Change)."""
        own, cursor = order_of(entry), (begin, -1)
        spans = []
        for run in touched:
            spans.append((cursor, run.start))
            cursor = max(cursor, run.end)
        spans.append((cursor, (end + 1, -1)))
        members: list[Entry] = []
        number, ends, last = 0, (own, own), entry
        unlisted: Counter[str | None] = Counter()
        inside = self._run_at(own) is not None
        for one in self._held.in_spans(spans, entry if inside else None):
            number += 1
            order = order_of(one)
            ends = min(ends[0], order), max(ends[1], order)
            last = one
            if number <= MOST_MEMBERS:
                members.append(one)
            elif self._steps:
                unlisted[one.value] += 1
        if number <= MOST_MEMBERS:
            return members, number, ends, ()
        unlisted.subtract([last.value] if self._steps else ())
        return [*members, last], number, ends, tuple(unlisted.items())

    def prune(self, before: int) -> None:
        """Forget entries older than a time; a run that goes on keeps its start and its count."""
        if self._held.prune(before) and self._runs and self._runs[0].end[0] < before:
            self._runs = [run for run in self._runs if run.end[0] >= before]


def _start(run: _Run) -> Order:
    return run.start
