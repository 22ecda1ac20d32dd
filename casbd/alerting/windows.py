"""Repeated activity: the runs of every policy and subject, in memory while they are busy, in the store always."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable

from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.policies import Policy
from casbd.policies.repeated import Change, Runs
from casbd.store.window_entries import Window, WindowEntries

MOST_SUBJECTS = 20_000
"""So many subjects are kept in memory; the others are read back from the store when they act again."""
MOST_HELD = 1_000_000
"""So many counted activities are kept in memory, of all subjects together (some 280 MB)."""
MOST_ENTRIES = 2_000
"""A subject with more keeps only the last hours in memory. An older late record reads the rest back, and then the subject
has twice the room: records that come in any order are read back a few times, not for each of them."""
HOURS_KEPT = 6 * 3_600_000


def policy_key(policy: Policy) -> str:
    """The policy as it means now: when its meaning changes it starts to count afresh."""
    return f"{policy.id}:{policy.digest}"


class Windows:
    """Counts activities for policies of repeated activity; `save` puts what changed into the batch's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._entries = WindowEntries(connection)
        self._runs: OrderedDict[Window, Runs] = OrderedDict()
        self._held = 0
        self._floors: dict[Window, int] = {}
        self._room: dict[Window, int] = {}
        self._elsewhere = self._entries.policies()
        """Policies with subjects that are in the store and not in memory; of the others a new subject need not be looked for."""

    def add(
        self, policy: Policy, subject: str, activity: Activity, key: int, value: str | None, alert_id: Callable[[], str]
    ) -> Change | None:
        """Count one activity that met the policy's filters. alert_id: tells the id of the alert that it opens."""
        assert policy.match is not None
        window = (policy_key(policy), subject)
        runs = self._runs_of(policy, window, activity.timestamp)
        held = len(runs)
        entry = Entry(activity.timestamp, key, activity.activity_id, value)
        change = runs.add(entry, alert_id)
        if len(runs) > held:  # else it was there: a repeat that is too old to be known as one
            self._entries.note(window, entry)
        for member in change.members if change is not None else ():
            self._entries.note(window, member)
        if len(runs) > self._room.get(window, MOST_ENTRIES):
            self._shorten(window, runs, activity.timestamp - max(HOURS_KEPT, 4 * policy.match.within))
        self._held += len(runs) - held
        return change

    def save(self, connection: sqlite3.Connection, now: int) -> None:
        """Store what changed since the last time."""
        self._entries.save(connection, now)

    def saved(self) -> None:
        """The transaction is through: nothing is left to store, and memory may be bounded again."""
        self._entries.saved()
        while len(self._runs) > MOST_SUBJECTS or (self._held > MOST_HELD and len(self._runs) > 1):
            window, runs = self._runs.popitem(last=False)
            self._held -= len(runs)
            self._elsewhere.add(window[0])
            self._floors.pop(window, None)
            self._room.pop(window, None)

    def _shorten(self, window: Window, runs: Runs, floor: int) -> None:
        before = len(runs)
        runs.prune(floor)
        if len(runs) < before:
            self._floors[window] = max(floor, self._floors.get(window, floor))
        if len(runs) > before // 2:  # they lie close together; do not try again for each further one
            self._room[window] = 2 * before

    def _runs_of(self, policy: Policy, window: Window, timestamp: int) -> Runs:
        assert policy.match is not None
        runs = self._runs.get(window)
        if runs is not None and timestamp - 2 * policy.match.within > self._floors.get(window, -(2**62)):
            self._runs.move_to_end(window)
            return runs
        entries = self._entries.of(window) if runs is not None or window[0] in self._elsewhere else []
        if runs is not None:
            self._room[window] = 2 * (len(entries) + MOST_ENTRIES)
            self._floors.pop(window, None)
        self._held += len(entries) - len(runs or ())
        self._runs[window] = runs = Runs(policy.match, entries)
        return runs
