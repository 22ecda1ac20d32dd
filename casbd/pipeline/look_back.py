"""One look back over the log, step by step, for all that waits: the log is read once, however many policies there are.

What is stored meanwhile is read when the log is done, and again until it is little: what is left then is read at the end, when nothing
else can be stored. What is remembered is kept beside what is in use, which goes on until alerts are raised of what was found: what would
be raised by both would be raised twice. Killed at any moment, it begins again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from casbd.activity_log.in_order import LEARNS_FROM, in_order
from casbd.activity_log.reading import ActivityLog
from casbd.clock import Clock, monotonic
from casbd.habits.anomaly import DAY, LONG_AGO, NEVER
from casbd.model.activity import Activity
from casbd.pipeline.counts import AHEAD, LookedBack
from casbd.pipeline.learner import Learner, Look
from casbd.policies.policy import Policy
from casbd.store.database import Store
from casbd.store.state import habits, habits_late, retention
from casbd.store.state.habits import StoredHabits
from casbd.store.state.habits_late import PRIORITY

log = logging.getLogger(__name__)

TOGETHER = 500
"""Activities that are observed together, or subjects whose memories are stored together."""
AT_ONCE = 50
"""Alerts that are raised in one transaction."""
LITTLE = 500
"""Activities that were stored meanwhile, which are read at the end in one go."""
LOOKS_BACK = 3 * 365 * DAY
"""Milliseconds behind the newest activity; what is older is judged no more: one date of 2001 had all since then read for each policy."""


class LookBack:
    """policies: by id, those of all. commit: a part of it, to be stored by the pipeline. alive: is called after each step."""

    def __init__(
        self,
        store: Store,
        policies: Mapping[str, Policy],
        looks: Sequence[Look],
        clock: Clock,
        commit: Callable[[LookedBack], None],
        alive: Callable[[], object],
    ) -> None:
        begun = clock()
        reached = StoredHabits(store.connection).reached(begun) - LOOKS_BACK
        looks = [look if look.since is None else look._replace(since=max(look.since, reached)) for look in looks]
        self.looks = {look.remembers: look for look in looks}
        """What is still looked at."""
        self._kept_as: dict[str, str] = {}
        self._store, self._policies, self._clock, self._begun, self._commit = store, policies, clock, begun, commit
        self._log = ActivityLog(store)
        self._learner: Learner | None = None
        self._alive = alive
        self._least = 1
        self._behind: int | None = None
        """How many activities waited a turn ago to be read, while it catches up with what is stored."""
        self._read_until = 0
        self._took = 0.0
        self._steps = self._all(looks)

    @property
    def kept_as(self) -> frozenset[str]:
        """As what that is kept which is being learned."""
        return frozenset(self._kept_as[remembers] for remembers in self.looks if remembers in self._kept_as)

    @property
    def judged_since(self) -> int | None:
        """From when on (event time, ms) it is judged; None: it is only learned from."""
        return min((look.since for look in self.looks.values() if look.since is not None), default=None)

    def use(self, policies: Mapping[str, Policy]) -> None:
        """By id, those of now; one that is gone is what it was, as the log may be read for it all the same."""
        self._policies = {**self._policies, **policies}
        if self._learner is not None:
            self._learner.use(policies)

    def leave(self, remembers: str) -> None:
        """That is observed no more."""
        del self.looks[remembers]
        if self._learner is not None:
            self._learner.leave(remembers)

    def go_on(self, until: float) -> bool:
        """For a while, a step at least, or more where input is faster; whether there is more. until: by `monotonic`."""
        begun = monotonic()
        if self._behind is not None:
            before, self._behind = self._behind, self._number_waiting()
            if self._behind >= before:
                self._least *= 2  # else its end would never come
        for number, _ in enumerate(self._steps, 1):
            self._alive()
            if number >= self._least and monotonic() >= until:
                self._took += monotonic() - begun
                return True
        return False

    def _all(self, looks: Sequence[Look]) -> Iterator[None]:
        begun, connection, since = self._begun, self._store.connection, self.judged_since
        with self._store.transaction():
            habits.resume(connection)
            self._kept_as = habits.fresh_names(connection, [look.remembers for look in looks])
            if since is not None:
                habits_late.note(connection, {PRIORITY: (since, 0)}, begun)
            for remembers, look in self.looks.items():
                if look.since is None:
                    self.looks[remembers] = look._replace(begun=habits_late.began(connection, remembers, begun))
        self._read_until, oldest = habits.newest_block(connection), habits.oldest(connection)
        yield from self._forget_unused()  # what others left that were killed
        for look in looks:
            log.info("learning what was usual" if look.since is None else "judging what came late", extra={"policy": _policy(look)})
        self._learner = learner = Learner(self._store, self._policies, [*self.looks.values()], begun, self._kept_as)
        first = (begun if since is None else min(since, begun)) - LEARNS_FROM
        asked = [self._policies[_policy(look)] for look in looks]
        for several in () if oldest is None else in_order(self._log, asked, max(oldest, first), begun + AHEAD, self._read_until):
            yield from self._observe(learner, several)
        yield from self._catch_up(learner)
        self._commit(LookedBack(pauses=[remembers for remembers, look in self.looks.items() if look.since is not None]))
        yield from self._read_on(learner)  # else an alert would be withdrawn of which not all is read
        yield from learner.find_beginnings(self._log)
        yield from self._raise(learner)
        yield from self._put(learner)
        yield from self._catch_up(learner)
        self._end(learner)
        yield from self._forget_unused()

    def _observe(self, learner: Learner, several: Sequence[Activity]) -> Iterator[None]:
        for start in range(0, len(several), TOGETHER):
            learner.observe(several[start : start + TOGETHER])
            with self._store.transaction():
                learner.save()
            yield
        if not several:
            yield

    def _catch_up(self, learner: Learner) -> Iterator[None]:
        """Read what was stored meanwhile, until it is little."""
        self._behind = self._number_waiting()
        while self._number_waiting() > LITTLE:
            yield from self._read_on(learner)
        self._behind = None

    def _read_on(self, learner: Learner) -> Iterator[None]:
        """Read what is stored by now."""
        for block_id, _ in self._waiting():
            yield from self._observe(learner, self._of([block_id]))
            self._read_until = block_id

    def _number_waiting(self) -> int:
        return sum(activities for _, activities in self._waiting())

    def _waiting(self) -> list[tuple[int, int]]:
        """The blocks that are still to be read, and how many activities each has."""
        return habits.blocks_after(self._store.connection, self._read_until)

    def _raise(self, learner: Learner) -> Iterator[None]:
        """Tell what has become of alerts since the last time, some in a transaction."""
        judged = learner.judged(self._whole_since())
        while some := [*islice(judged, AT_ONCE)]:
            self._commit(LookedBack(judged=some))
            yield

    def _put(self, learner: Learner) -> Iterator[None]:
        """Store what is in memory, so that little of it is left for the end."""
        more = True
        while more:
            with self._store.transaction():
                more = learner.put(TOGETHER)
            yield

    def _end(self, learner: Learner) -> None:
        """In one go: what is left. Killed before the last transaction, all is found again, and there."""
        learner.observe(self._of([block_id for block_id, _ in self._waiting()]))
        for _ in self._raise(learner):
            pass
        whole = max(1, sum(learner.numbers.values()))
        with self._store.transaction() as connection:
            for remembers in self.looks:
                number = learner.numbers[remembers]
                habits_late.is_judged(connection, remembers, int(self._took * 1000 * number / whole), number)
            again = learner.finish()
            for remembers, look in self.looks.items():
                habits.is_known(connection, remembers, self._kept_as[remembers], [name for name in again if name[0] == remembers])
                log.info("learned what was usual", extra={"policy": _policy(look), "activities": learner.numbers[remembers]})
        self.looks = {}

    def _of(self, block_ids: Sequence[int]) -> list[Activity]:
        """The activities of some blocks, in order, without those that are dated so far ahead that commits leave them out, too."""
        latest = self._clock() + AHEAD
        several = [one for block_id in block_ids for one in self._log.block(block_id) if one.timestamp <= latest]
        return sorted(several, key=lambda one: (one.timestamp, one.activity_id))

    def _whole_since(self) -> int:
        """Since when (event time, ms) the log has all that is needed to know that an alert is none."""
        if habits.is_whole(self._store.connection):
            return LONG_AGO
        removed = retention.removed(self._store.connection)
        return NEVER if removed is None else removed + LEARNS_FROM

    def _forget_unused(self) -> Iterator[None]:
        more = True
        while more:
            with self._store.transaction() as connection:
                more = bool(habits.forget_unused(connection))
            yield


def _policy(look: Look) -> str:
    return look.watched[0].policy_id
