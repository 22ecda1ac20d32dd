"""Repeated activity: the runs of every policy and subject, in memory while they are busy, in the store always."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import msgspec

from casbd.counting.match import Counting, Windowed
from casbd.counting.runs import Change, Runs
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.store.state.window_entries import Stored, WindowEntries
from casbd.store.state.window_pages import Window

MOST_SUBJECTS = 50_000
"""So many subjects are kept in memory; the others are read back from the store when they act again."""
MOST_HELD = 1_000_000
"""So many counted activities are kept in memory, of all subjects together (some 280 MB)."""
MOST_ENTRIES = 2_000
"""A subject with more keeps only the last hours in memory. An older late record reads the rest back, and then the subject
has twice the room: records that come in any order are read back a few times, not for each of them."""
KEEP_WINDOWS = 7 * 86_400_000
"""Counted activities are kept so long after they were read: a record may come so late and still complete
a window. The length of the longest window comes to that."""
HOURS_KEPT = 6 * 3_600_000


class _Window(msgspec.Struct, gc=False):
    """One policy and subject in memory.

    held: the activities that are. few: so many of them, in order, need no runs, as they can make none. runs: none as long as that is so.
    room: so many before some go. floor: older ones are in the store alone.
    """

    held: list[Entry]
    room: int
    few: int = 0
    runs: Runs | None = None
    floor: int = -(2**62)


class Windows:
    """Counts activities for policies of repeated activity; `save` puts what changed into the batch's transaction.

    alive: is called again and again while a subject with many is read back.
    """

    def __init__(self, connection: sqlite3.Connection, alive: Callable[[], object] = lambda: None) -> None:
        self._entries = WindowEntries(connection, alive)
        self._windows: OrderedDict[Window, _Window] = OrderedDict()
        self._held = 0
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
            if len(window.held) < window.few and (not window.held or _is_behind(one, window.held[-1])):
                window.held.append(one)
                self._held += 1
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
            return self._opened(counting, name, window)
        self._windows.move_to_end(name)
        return window

    def _add(
        self, counting: Counting, name: Window, window: _Window, one: Entry, alert_id: Callable[[], str]
    ) -> tuple[bool, Change | None]:
        """Count an activity in one window: whether it was not there (a repeat may be too old to be known as one), and what it changed."""
        runs = window.runs or self._begin(counting.match, name, window)
        before, known = len(window.held), runs.counted
        change = runs.add(one, alert_id)
        if len(window.held) > window.room:
            _shorten(window, runs, one.timestamp - max(HOURS_KEPT, 4 * counting.match.within))
        self._held += len(window.held) - before
        return runs.counted > known, change

    def save(self, connection: sqlite3.Connection, now: int) -> None:
        """Store what changed since the last time."""
        self._entries.save(connection, now)

    def saved(self) -> None:
        """The transaction is through: nothing is left to store, and memory may be bounded again."""
        self._entries.saved()
        while len(self._windows) > MOST_SUBJECTS or (self._held > MOST_HELD and len(self._windows) > 1):
            name, window = self._windows.popitem(last=False)
            self._held -= len(window.held)
            self._elsewhere.add(name[0])

    def _opened(self, counting: Counting, name: Window, window: _Window | None) -> _Window:
        """A window with what is stored of it. window: the same as it is in memory, where an activity is older than what that holds."""
        if window is None and name[0] not in self._elsewhere:
            window = _Window([], MOST_ENTRIES, min(counting.match.fewest - 1, MOST_ENTRIES))
        else:
            stored = Stored(self._entries, name)
            runs = Runs(counting.match, stored.all(), stored)
            room = max(MOST_ENTRIES, 2 * len(runs)) if window is None else 2 * (len(runs) + MOST_ENTRIES)
            self._held += len(runs) - (0 if window is None else len(window.held))
            window = _Window(runs.held, room, runs=runs)
        self._windows[name] = window
        return window

    def _begin(self, match: Windowed, name: Window, window: _Window) -> Runs:
        """The runs of a window that had few activities until now."""
        runs = window.runs = Runs(match, window.held, Stored(self._entries, name))
        window.held, window.few = runs.held, 0
        return runs


def _is_behind(one: Entry, other: Entry) -> bool:
    return one.timestamp > other.timestamp or (one.timestamp == other.timestamp and one.key > other.key)


def _noted(one: Entry, change: Change) -> Iterator[Entry]:
    """What is to be stored of a change. one: the entry that was counted, which is not always listed."""
    yield from change.members
    yield from change.renamed
    if all(member.key != one.key or member.timestamp != one.timestamp for member in change.members):
        yield one


def _shorten(window: _Window, runs: Runs, floor: int) -> None:
    before = len(window.held)
    runs.prune(floor)
    if len(window.held) < before:
        window.floor = max(floor, window.floor)
    if len(window.held) > before // 2:  # they lie close together; do not try again for each further one
        window.room = 2 * before
