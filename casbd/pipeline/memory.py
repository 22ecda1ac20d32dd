"""What commits remember from one to the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence

from casbd.alerting import flood
from casbd.alerting.flood import FloodGuard
from casbd.alerting.watching import watching
from casbd.counting.match import Counting
from casbd.counting.windows import Windows
from casbd.habits.habits import Habits, Watching
from casbd.policies.policy import Policy
from casbd.store.log.seen_keys import SeenKeys
from casbd.store.state import policy_counts
from casbd.store.state.habits import StoredHabits

ByKind = tuple[Sequence[tuple[int, Counting]], Sequence[tuple[int, Watching]], bool]
"""Of some policies those that count in windows, and those that compare with what is usual, with their places; whether there are others."""


class Memory:
    """seen: the keys of the newest activities. windows: of repeated activity. habits: of anomalies. floods: how often policies
    were met of late.

    It is read from the store: at the start, and after a commit that failed. most_matches: of `limits.policy_matches`. alive: is called
    while reading windows back takes long, as it does after a restart when somebody acts who was counted a million times.
    """

    def __init__(self, connection: sqlite3.Connection, most_matches: int, alive: Callable[[], object]) -> None:
        self.seen = SeenKeys.load(connection)
        self.windows = Windows(connection, alive)
        self.habits = Habits(StoredHabits(connection))
        self.floods = FloodGuard(most_matches, policy_counts.hours(connection, flood.Hours))
        self.counted: Mapping[str, Counting | Watching] = {}
        """What counting needs to know of policies, by id; of those that count nothing, or are off, nothing."""
        self.by_kind: dict[tuple[str, ...], ByKind] = {}
        """Of combinations of policies that activities met."""
        self.users: dict[int, int] = {}
        """How many users were active in the seven days before a day (ms), where that was asked for (`rises.py`)."""
        self._policies: Mapping[str, Policy] = {}

    def use(self, policies: Mapping[str, Policy], most_matches: int) -> None:
        """The policies from the next commit on, by id."""
        self.floods.most = most_matches
        if policies is not self._policies:
            self._policies = policies
            enabled = [policy for policy in policies.values() if policy.enabled]
            windowed = {one.id: Counting(one.id, one.window_key, one.windowed) for one in enabled if one.windowed is not None}
            watched = watching(enabled)
            self.counted = {**windowed, **watched}
            self.by_kind = {}
            self.habits.use([*watched.values()])
