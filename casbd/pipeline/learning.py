"""What was usual is read back from the log: before a policy came (a new one, one that observes something else now, one that was off), and
where records came too late to be judged, as of exports with months of history that are read one after the other.

A new policy observes nothing as long as that lasts: without the past all would be news to it. Of what it learns from there are no alerts;
of what happens meanwhile they come at the end. What came too late to be judged is judged in the order of its time: alerts that this order
finds are raised or changed, and those that it does not find withdrawn. A policy goes on with what it knew until that begins. Killed in
between, all begins again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence

from casbd.alerting.watching import watching
from casbd.clock import Clock, monotonic
from casbd.habits.habits import Watching
from casbd.model.service_status import ReadBack
from casbd.pipeline import Pipeline
from casbd.pipeline.counts import LookedBack
from casbd.pipeline.learner import Look
from casbd.pipeline.look_back import LookBack
from casbd.policies.policy import Policy
from casbd.store.database import Store
from casbd.store.state import habits_late
from casbd.store.state.habits import StoredHabits, oldest
from casbd.store.state.habits_late import PRIORITY, Late

TURN = 0.2
"""Seconds at a time: reading and commits go on in between."""


class Learning:
    """Looks back over the log for all policies that have to, `turn` by turn. Not for several threads at once.

    raised: is told how many alerts are new, whenever there may be something to deliver. alive: is called while it takes long and goes on.
    """

    def __init__(
        self,
        store: Store,
        pipeline: Pipeline,
        clock: Clock,
        raised: Callable[[int], object] = lambda _: None,
        alive: Callable[[], object] = lambda: None,
    ) -> None:
        self._store, self._pipeline, self._clock, self._raised, self._alive = store, pipeline, clock, raised, alive
        self._back: LookBack | None = None
        self._unknown = frozenset[str]()

    @property
    def learned(self) -> frozenset[str]:
        """As what that is kept which is not whole yet, so that nobody uses it: retention would take it for what is observed no more."""
        return self._back.kept_as if self._back is not None else frozenset()

    @property
    def under_way(self) -> ReadBack | None:
        """What is read back just now."""
        if self._back is None or not self._back.looks:
            return None
        looks = self._back.looks
        first, waiting = next(iter(looks.values())).watched[0].policy_id, len(self._unknown & looks.keys())
        return ReadBack(policy_id=first, judged_since=self._back.judged_since, more=len(looks) - 1, waiting=waiting)

    def turn(self, policies: Sequence[Policy], seconds: float = TURN, *, judges: bool) -> bool:
        """Learn for a while; whether there is more. policies: those of now. judges: it may begin to judge what came late."""
        until = monotonic() + seconds
        enabled = {policy.id: policy for policy in policies if policy.enabled}
        watched: dict[str, list[Watching]] = {}
        for one in watching(enabled.values()).values():
            watched.setdefault(one.remembers, []).append(one)
        # Before anything is stored nothing is to be learned, and the first commit says so. A look back that began by then would end behind
        # it, and put its own empty memories in the place of those that commit fills: after a restart all that was learned would be gone.
        is_empty = oldest(self._store.connection) is None
        unknown = self._unknown = frozenset[str]() if is_empty else frozenset(StoredHabits(self._store.connection).unknown(watched))
        if self._back is not None:
            self._leave(self._back, watched, unknown)
        if self._back is not None:
            self._back.use(enabled)
        if self._back is None:
            late = habits_late.waiting(self._store.connection)
            looks = self._wanted(watched, unknown, {name: one for name, one in late.items() if name in watched}, judges=judges)
            if not looks:
                if judges and PRIORITY in late:
                    self._judge_rises(late[PRIORITY].since)
                return False
            self._back = LookBack(self._store, enabled, looks, self._clock, self._commit, self._alive)
        if not self._back.go_on(until):  # also after it has failed: then it begins again
            self._back = None
        return True

    def _leave(self, back: LookBack, watched: Mapping[str, Sequence[Watching]], unknown: Collection[str]) -> None:
        """What is observed no more, is learned and known by now, or is judged otherwise now: that begins again."""
        gone = [
            name
            for name, look in back.looks.items()
            if _meanings(look.watched) != _meanings(watched.get(name, ())) or (look.since is None and name not in unknown)
        ]
        for name in gone:
            back.leave(name)
        if gone and not back.looks:
            self._back = None

    def _wanted(self, watched: dict[str, list[Watching]], unknown: Collection[str], late: dict[str, Late], *, judges: bool) -> list[Look]:
        """What is to be learned, and what came late where that is due."""
        is_due = judges and bool(late) and habits_late.due(late.values()) <= self._clock()
        names = [name for name in watched if name in unknown or (is_due and name in late)]
        return [Look(watched[name], late[name].since if name in late else None) for name in names]

    def _judge_rises(self, since: int) -> None:
        self._commit(LookedBack(rises=since))
        with self._store.transaction() as connection:
            habits_late.is_judged(connection, PRIORITY)

    def _commit(self, back: LookedBack) -> None:
        try:
            raised = self._pipeline.commit((), back)
        except (sqlite3.Error, OSError):
            self._pipeline.reload_state()
            raise
        self._raised(raised)


def _meanings(watched: Sequence[Watching]) -> set[str]:
    """By what policies are judged: thresholds and all."""
    return {one.raises for one in watched}
