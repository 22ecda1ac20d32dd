"""What was usual before a policy came, read back from the log: a new one, one that observes something else now, one that was off.

As long as that lasts the policy observes nothing, as what it remembers would have holes. Killed in between, it begins again. There are no
alerts of what was; of what happens meanwhile they come at the end.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence

from casbd.activity_log.in_order import LEARNS_FROM, in_order
from casbd.activity_log.reading import ActivityLog
from casbd.alerting.watching import watching
from casbd.clock import Clock, monotonic
from casbd.habits.anomaly import DAY
from casbd.habits.habits import Habits, Watching
from casbd.habits.observed import observation
from casbd.model.activity import Activity
from casbd.pipeline.keys import Keys
from casbd.policies.matcher import Matcher
from casbd.policies.policy import Policy
from casbd.store.database import Store
from casbd.store.state import habits
from casbd.store.state.habits import Kept, Name, Observed, StoredHabits

log = logging.getLogger(__name__)

TURN = 0.2
"""Seconds at a time: reading and commits go on in between."""
TOGETHER = 2_000
"""Activities that are observed together."""


class _Rest:
    """The store's memories without its journal: what is not stored yet is read again, should the process end."""

    def __init__(self, stored: StoredHabits) -> None:
        self._stored = stored
        self.get = stored.get

    def put(self, kept: Iterable[Kept]) -> None:
        """As they are, with all that the journal may still have from before."""
        self._stored.put(one._replace(through=self._stored.newest()) for one in kept)

    def note(self, observed: Sequence[Observed]) -> int:  # noqa: ARG002
        """It is in the log."""
        return 0

    def noted(self) -> Iterator[tuple[int, Sequence[Observed]]]:
        """Nothing."""
        return iter(())

    def all_kept(self) -> None:
        """Nothing is left."""

    def in_use(self, remembers: Collection[str]) -> frozenset[str]:
        """All: that is what is learned."""
        return frozenset(remembers)

    def again(self) -> Iterable[Name]:
        """Nobody."""
        return ()


class Learning:
    """Learns for one policy after the other, `turn` by turn. Not for several threads at once."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._of: Watching | None = None
        self._steps: Iterator[None] = iter(())

    def turn(self, policies: Sequence[Policy], seconds: float = TURN) -> bool:
        """Learn for a while; whether there is more. policies: those of now."""
        until = monotonic() + seconds
        enabled = {policy.id: policy for policy in policies if policy.enabled}
        watched = watching(enabled.values())
        unknown = StoredHabits(self._store.connection).unknown([one.remembers for one in watched.values()])
        wanted = [one for one in watched.values() if one.remembers in unknown]
        if self._of is None or self._of.remembers not in unknown:
            if not wanted:
                self._of = None
                return False
            self._of = wanted[0]
            self._steps = self._learn(enabled[self._of.policy_id], self._of)
        for _ in self._steps:
            if monotonic() >= until:
                return True
        self._of = None
        return len(unknown) > 1

    def _learn(self, policy: Policy, watched: Watching) -> Iterator[None]:
        begun = self._clock()
        known, oldest = habits.newest_block(self._store.connection), habits.oldest(self._store.connection)
        log.info("learning what was usual", extra={"policy": policy.id})
        self._forget(watched)
        yield
        learner = _Learner(self._store, policy, watched, begun)
        past = ActivityLog(self._store)
        for several in () if oldest is None else in_order(past, policy, max(oldest, begun - LEARNS_FROM), begun + DAY):
            meanwhile = habits.keys_after(self._store.connection, known) if several else frozenset()
            for start in range(0, len(several), TOGETHER):
                learner.observe(several[start : start + TOGETHER], meanwhile)
                with self._store.transaction():
                    learner.save()
                yield
        # From here to the end in one go: what was stored meanwhile.
        missed = [one for block_id in habits.blocks_after(self._store.connection, known) for one in past.block(block_id)]
        with self._store.transaction() as connection:
            learner.observe(sorted(missed, key=lambda one: (one.timestamp, one.activity_id)))
            habits.is_known(connection, watched.remembers, learner.finish())
        log.info("learned what was usual", extra={"policy": policy.id, "activities": learner.number})

    def _forget(self, watched: Watching) -> None:
        while True:
            with self._store.transaction() as connection:
                if not habits.forget(connection, watched.remembers):
                    return


class _Learner:
    """One policy's past. number: of its activities."""

    def __init__(self, store: Store, policy: Policy, watched: Watching, begun: int) -> None:
        self.number = 0
        self._policy, self._watched, self._begun = policy, watched, begun
        self._matcher = Matcher([policy], now=lambda: begun)
        self._keys = Keys(store.salt())
        self._habits = Habits(_Rest(StoredHabits(store.connection)), [watched])
        self._habits.begin()
        self._new: dict[Name, None] = {}

    def observe(self, activities: Sequence[Activity], without: Collection[int] = ()) -> None:
        """Some more, in order. without: keys of those that come at the end."""
        met = [one for one in activities if self._matcher.match(one)]
        for activity, key in zip(met, self._keys(met), strict=True):
            if key in without:
                continue
            self.number += 1
            for who, value in self._matcher.counted(self._policy, activity):
                self._habits.add(self._watched, who, observation(activity, key, value))
        for _, who, verdict in self._habits.verdicts():
            if verdict.finding is not None and verdict.finding.last >= self._begun:
                self._new[self._watched.remembers, who] = None

    def save(self) -> None:
        """Inside a transaction."""
        self._habits.save()

    def finish(self) -> list[Name]:
        """The same with all that is in memory; whose alerts are of what happened meanwhile, and still to be raised."""
        for name in self._new:
            self._habits.raise_anew(name, self._begun)
        self._habits.save()
        self._habits.put_all()
        return [*self._new]
