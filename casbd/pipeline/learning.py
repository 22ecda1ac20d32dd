"""What was usual is read back from the log: before a policy came (a new one, one that observes something else now, one that was off), and
where records came too late to be judged, as of exports with months of history that are read one after the other.

As long as that lasts the policy observes nothing, as what it remembers would have holes. Killed in between, it begins again. Of what a new
policy learns from there are no alerts; of what happens meanwhile they come at the end. What came too late to be judged is judged in the
order of its time: alerts that this order finds are raised or changed, and those that it does not find withdrawn.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice

from casbd.activity_log.in_order import LEARNS_FROM, in_order
from casbd.activity_log.reading import ActivityLog
from casbd.alerting.watching import watching
from casbd.clock import Clock, monotonic
from casbd.habits.anomaly import DAY
from casbd.habits.habits import Watching
from casbd.habits.known import NEVER
from casbd.habits.shelf import LONG_AGO
from casbd.model.service_status import ReadBack
from casbd.pipeline import Pipeline
from casbd.pipeline.counts import LookedBack
from casbd.pipeline.learner import Learner
from casbd.policies.policy import Policy
from casbd.store.database import Store
from casbd.store.state import habits, habits_late, retention
from casbd.store.state.habits import StoredHabits
from casbd.store.state.habits_late import PRIORITY, Late

log = logging.getLogger(__name__)

TURN = 0.2
"""Seconds at a time: reading and commits go on in between."""
TOGETHER = 2_000
"""Activities that are observed together."""
AT_ONCE = 100
"""Alerts that are raised in one transaction."""
LOOKS_BACK = 3 * 365 * DAY
"""Milliseconds behind the newest activity; what is older is judged no more: one date of 2001 had all since then read for each policy."""


class Learning:
    """Learns for all policies that observe the same, and then for others, `turn` by turn. Not for several threads at once.

    raised: is told how many alerts are new, whenever there may be something to deliver.
    """

    def __init__(self, store: Store, pipeline: Pipeline, clock: Clock, raised: Callable[[int], object] = lambda _: None) -> None:
        self._store, self._pipeline, self._clock, self._raised = store, pipeline, clock, raised
        self._of: str | None = None
        self._steps: Iterator[None] = iter(())
        self._round: set[str] = set()
        self._took = self._turned = 0.0
        self.under_way: ReadBack | None = None

    def turn(self, policies: Sequence[Policy], seconds: float = TURN, *, judges: bool) -> bool:
        """Learn for a while; whether there is more. policies: those of now. judges: it may begin to judge what came late."""
        self._turned = monotonic()
        enabled = {policy.id: policy for policy in policies if policy.enabled}
        watched: dict[str, list[Watching]] = {}
        for one in watching(enabled.values()).values():
            watched.setdefault(one.remembers, []).append(one)
        late = habits_late.waiting(self._store.connection)
        unknown = StoredHabits(self._store.connection).unknown(watched)
        if self._of is None or self._of not in unknown:
            wanted = self._wanted(watched, unknown, [one for name, one in late.items() if name in watched], judges=judges)
            if not wanted:
                self._of = self.under_way = None
                if judges and PRIORITY in late:
                    self._judge_rises(late[PRIORITY].since)
                return False
            self._of, self._took = wanted[0], 0.0
            several, since = watched[wanted[0]], late[wanted[0]].since if wanted[0] in late else None
            self._steps = self._learn(enabled, several, since)
            self.under_way = ReadBack(policy_id=several[0].policy_id, judged_since=since, more=len(wanted) - 1)
        for _ in self._steps:
            if monotonic() >= self._turned + seconds:
                self._took += monotonic() - self._turned
                return True
        self._of = None
        return True

    def _wanted(self, watched: Collection[str], unknown: Collection[str], late: Sequence[Late], *, judges: bool) -> list[str]:
        """What is to be learned, the next first."""
        names = {one.remembers for one in late}
        if judges and not self._round and late and habits_late.due(late) <= self._clock():
            self._round = names
        self._round &= names
        return [*(name for name in watched if name in unknown), *(name for name in watched if name in self._round - {*unknown})]

    def _learn(self, policies: Mapping[str, Policy], watched: Sequence[Watching], since: int | None) -> Iterator[None]:
        """since: from when on (event time, ms) it is judged; None: it is not."""
        begun, remembers, policy = self._clock(), watched[0].remembers, policies[watched[0].policy_id]
        if since is not None:
            since = max(since, StoredHabits(self._store.connection).reached(begun) - LOOKS_BACK)
            with self._store.transaction() as connection:
                habits_late.note(connection, {PRIORITY: (since, 0)}, begun)
            self._commit(LookedBack(anew=remembers))
        known, oldest = habits.newest_block(self._store.connection), habits.oldest(self._store.connection)
        log.info("learning what was usual" if since is None else "judging what came late", extra={"policy": policy.id})
        self._forget(remembers)
        yield
        learner = Learner(self._store, policies, watched, begun, since)
        past, first = ActivityLog(self._store), (begun if since is None else min(since, begun)) - LEARNS_FROM
        for several in () if oldest is None else in_order(past, policy, max(oldest, first), begun + DAY):
            meanwhile = habits.keys_after(self._store.connection, known) if several else frozenset()
            for start in range(0, len(several), TOGETHER):
                learner.observe(several[start : start + TOGETHER], meanwhile)
                with self._store.transaction():
                    learner.save()
                yield
        # From here to the end in one go: what was stored meanwhile. Killed before the last transaction, all is found again, and there.
        missed = [one for block_id in habits.blocks_after(self._store.connection, known) for one in past.block(block_id)]
        learner.observe(sorted(missed, key=lambda one: (one.timestamp, one.activity_id)))
        judged = learner.judged(self._whole_since()) if since is not None else iter(())
        while some := [*islice(judged, AT_ONCE)]:
            self._commit(LookedBack(judged=some))
        with self._store.transaction() as connection:
            took = self._took + monotonic() - self._turned
            habits_late.is_judged(connection, remembers, int(took * 1000), learner.number)
            habits.is_known(connection, remembers, learner.finish())
        log.info("learned what was usual", extra={"policy": policy.id, "activities": learner.number})

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

    def _whole_since(self) -> int:
        """Since when (event time, ms) the log has all that is needed to know that an alert is none."""
        if habits.is_whole(self._store.connection):
            return LONG_AGO
        removed = retention.removed(self._store.connection)
        return NEVER if removed is None else removed + LEARNS_FROM

    def _forget(self, remembers: str) -> None:
        while True:
            with self._store.transaction() as connection:
                if not habits.forget(connection, remembers):
                    return
