"""Repeated activity: the runs of every policy and subject, in memory while they are busy, in the store always."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import msgspec

from casbd.counting.archive import order_of
from casbd.counting.match import Counting, Windowed
from casbd.counting.runs import Change, Runs
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.store.state.window_entries import Stored, WindowEntries
from casbd.store.state.window_pages import Window

MOST_SUBJECTS = 50_000
"""So many subjects are kept in memory; the others are read back from the store when they act again."""
MOST_HELD = 150_000
"""So many counted activities are kept in memory, of all subjects together (some 40 MB), and a quarter fewer once it is too many. What goes
first is what can be done without, then what is hours old, then who has not acted for longest."""
OWN = 3
"""The runs of a subject take the room of so many activities, besides those that they hold."""
MOST_ENTRIES = 2_000
"""A subject with more keeps only the last hours in memory. An older late record reads the rest back, and then the subject
has twice the room: records that come in any order are read back a few times, not for each of them."""
KEEP_WINDOWS = 7 * 86_400_000
"""Counted activities are kept so long after they were read: a record may come so late and still complete
a window. The length of the longest window comes to that."""
HOURS_KEPT = 6 * 3_600_000


class _Window(msgspec.Struct, gc=False):
    """One policy and subject in memory.

    held: the activities that are; without runs in any order, and where they are fewer than `count`, all are in the store alone.
    few: so many of them need no runs, as they can make none. runs: none as long as that is so. room: so many before some go.
    floor: older ones are in the store alone. reach: so far behind the newest one came that had to be read back for.
    """

    held: list[Entry]
    within: int
    room: int
    few: int = 0
    count: int = 0
    runs: Runs | None = None
    floor: int = -(2**62)
    reach: int = 0

    @property
    def weight(self) -> int:
        """The activities that it takes the room of."""
        return len(self.held) + (0 if self.runs is None else OWN)


class Windows:
    """Counts activities for policies of repeated activity; `save` puts what changed into the batch's transaction.

    alive: is called again and again while a subject with many is read back.
    """

    def __init__(self, connection: sqlite3.Connection, alive: Callable[[], object] = lambda: None) -> None:
        self._entries = WindowEntries(connection, alive)
        self._windows: OrderedDict[Window, _Window] = OrderedDict()
        self._weight = 0
        """Of all windows."""
        self._elsewhere = self._entries.policies()
        """Policies with subjects that are in the store and not in memory; of the others a new subject need not be looked for."""

    def add(
        self,
        several: Sequence[Counting],
        subject: str,
        activity: Activity,
        key: int,
        value: str | None,
        alert_id: Callable[[str, str, Activity], str],
    ) -> list[tuple[str, Change]]:
        """Count one activity that met the filters of some policies, for one subject. What that changes in runs, by policy.

        alert_id: gives the id of the alert that it opens, of a policy's id, the subject and the activity.
        """
        counted = Entry(activity.timestamp, key, activity.activity_id, value)
        alike: list[str] = []
        changes = []
        for counting in several:
            name, one = (counting.key, subject), counting.match.placed(counted)
            window = self._window(counting, name, one)
            if window.count < window.few:
                if len(window.held) == window.count:
                    window.held.append(one)
                    self._weight += 1
                window.count += 1
                anew, change = True, None
            else:
                anew, change = self._add(counting, name, window, one, partial(alert_id, counting.policy_id, subject, activity))
            if change is not None:
                changes.append((counting.policy_id, change))
                for member in _noted(one, change):
                    self._entries.note([counting.key], subject, member)
            elif anew and one is counted:
                alike.append(counting.key)
            elif anew:
                self._entries.note([counting.key], subject, one)
        if alike:
            self._entries.note(alike, subject, counted)
        return changes

    def _window(self, counting: Counting, name: Window, one: Entry) -> _Window:
        """Where an activity is counted."""
        window = self._windows.get(name)
        if window is None or one.timestamp - 2 * counting.match.within <= window.floor:
            return self._opened(counting, name, window, one)
        self._windows.move_to_end(name)
        return window

    def _add(
        self, counting: Counting, name: Window, window: _Window, one: Entry, alert_id: Callable[[], str]
    ) -> tuple[bool, Change | None]:
        """Count an activity in one window: whether it was not there (a repeat may be too old to be known as one), and what it changed."""
        before = window.weight
        runs = window.runs or self._begin(counting.match, name, window)
        known = runs.counted
        change = runs.add(one, alert_id)
        if len(window.held) > window.room:
            _shorten(window, runs, one.timestamp - max(HOURS_KEPT, 4 * window.within))
        self._weight += window.weight - before
        return runs.counted > known, change

    def save(self, connection: sqlite3.Connection, now: int) -> None:
        """Store what changed since the last time."""
        self._entries.save(connection, now)

    def saved(self) -> None:
        """The transaction is through: nothing is left to store, and memory may be bounded again."""
        self._entries.saved()
        if self._weight > MOST_HELD:
            self._make_room(MOST_HELD * 3 // 4)
        while len(self._windows) > MOST_SUBJECTS:
            self._forget_one()

    def _make_room(self, enough: int) -> None:
        """Leave what is needed soon. All that goes is stored. A look at each window is worth it only where much goes."""
        for window in self._windows.values():
            if window.runs is None:
                self._weight -= len(window.held)
                window.held.clear()
        for hours in (HOURS_KEPT, 0):
            for window in self._windows.values() if self._weight > enough else ():
                if window.runs is not None and window.held:
                    before = window.weight
                    _prune(window, window.runs, window.held[-1].timestamp - max(hours, 4 * window.within, 2 * window.reach))
                    self._weight += window.weight - before
        while self._weight > enough and len(self._windows) > 1:
            self._forget_one()

    def _forget_one(self) -> None:
        """The one that has not been counted in for longest is in the store alone."""
        name, window = self._windows.popitem(last=False)
        self._weight -= window.weight
        self._elsewhere.add(name[0])

    def _opened(self, counting: Counting, name: Window, window: _Window | None, one: Entry) -> _Window:
        """A window with what is stored of it. window: the same as it is in memory, where an activity is older than what that holds."""
        match = counting.match
        if window is None and name[0] not in self._elsewhere:
            opened = _Window([], match.within, MOST_ENTRIES, min(match.fewest - 1, MOST_ENTRIES))
        else:
            stored = Stored(self._entries, name)
            runs = Runs(match, stored.all(), stored)
            room = max(MOST_ENTRIES, 2 * len(runs)) if window is None else 2 * (len(runs) + MOST_ENTRIES)
            opened = _Window(runs.held, match.within, room, runs=runs)
            if window is not None and runs.held:  # as with the next one that comes so late
                opened.reach = max(window.reach, runs.held[-1].timestamp - one.timestamp + 2 * match.within)
        self._windows[name] = opened
        self._weight += opened.weight - (0 if window is None else window.weight)
        return opened

    def _begin(self, match: Windowed, name: Window, window: _Window) -> Runs:
        """The runs of a window that had few activities until now."""
        stored = Stored(self._entries, name)
        runs = window.runs = Runs(match, _in_order(window.held) if len(window.held) == window.count else stored.all(), stored)
        window.held, window.few = runs.held, 0
        return runs


def _in_order(entries: Sequence[Entry]) -> Sequence[Entry]:
    """In event time, each once: one that is counted again may have been."""
    by_order = {order_of(one): one for one in entries}
    return [by_order[order] for order in sorted(by_order)]


def _noted(one: Entry, change: Change) -> Iterator[Entry]:
    """What is to be stored of a change. one: the entry that was counted, which is not always listed."""
    yield from change.members
    yield from change.renamed
    if all(member.key != one.key or member.timestamp != one.timestamp for member in change.members):
        yield one


def _shorten(window: _Window, runs: Runs, floor: int) -> None:
    before = len(window.held)
    _prune(window, runs, floor)
    if len(window.held) > before // 2:  # they lie close together; do not try again for each further one
        window.room = 2 * before


def _prune(window: _Window, runs: Runs, floor: int) -> None:
    """Let go of what is older."""
    before = len(window.held)
    runs.prune(floor)
    if len(window.held) < before:
        window.floor = max(floor, window.floor)
