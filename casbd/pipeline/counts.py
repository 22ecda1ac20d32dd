"""What one commit counts of activities: in windows, and in what is remembered of subjects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from casbd.alerting import raising
from casbd.counting.match import Counting
from casbd.counting.runs import Change
from casbd.habits.anomaly import DAY
from casbd.habits.habits import Watching
from casbd.habits.observed import belongs
from casbd.habits.raised import Verdict
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.pipeline.memory import ByKind, Memory
from casbd.policies.matcher import Counted
from casbd.policies.policy import Policy


class Changes(dict[tuple[str, str], Change]):
    """What an activity changes in runs, by policy and subject. single: some policies look at it for itself."""

    single = False

    def copy(self) -> Changes:
        """Another one, to be changed."""
        other = Changes(self)
        other.single = self.single
        return other


_NO_CHANGES, _SINGLE = Changes(), Changes()
_SINGLE.single = True
_MOST_KNOWN = 8192
AHEAD = DAY
"""What is dated so much after the clock teaches nothing: beside it, all that its subject does until then would come too late to be judged;
and what everybody does, beside what is remembered of all together."""


class Judged(msgspec.Struct, frozen=True):
    """What became of an anomaly's alert. activity: the one that describes it, if it is of this commit."""

    policy: Policy
    who: str
    verdict: Verdict
    activity: Activity | None


class LookedBack(msgspec.Struct, frozen=True):
    """What a look back over the log comes to, or a part of it (`learning.py`).

    pauses: of what nothing is observed any more until it is known anew. judged: what became of alerts.
    rises: since when (event time, ms) rises of users' priority are to be judged again; None: they are not, not even those of `judged`.
    """

    pauses: Sequence[str] = ()
    judged: Sequence[Judged] = ()
    rises: int | None = None


class Counts:
    """Policies by id; memory: what commits remember; now: milliseconds since 1970."""

    def __init__(self, policies: Mapping[str, Policy], memory: Memory, now: int) -> None:
        self._policies = policies
        self._windows = memory.windows
        self._habits = memory.habits
        self._as = memory.counted
        self._by_kind = memory.by_kind
        self._latest = now + AHEAD
        self._habits.begin(now)
        self._activities: list[Activity] = []

    def add(self, activity: Activity, key: int, ids: tuple[str, ...], counts: Sequence[Sequence[Counted]]) -> Changes:
        """Count an activity as the policies do whose filters it met."""
        counting, watching, single = self._by_kind.get(ids) or self._sorted(ids)
        if watching and activity.timestamp <= self._latest:
            self._watch(watching, activity, key, counts)
        changes = _SINGLE if single else _NO_CHANGES
        if not counting:
            return changes
        if len(counting) == 1 and len(several := counts[counting[0][0]]) == 1:  # as of nearly all
            return self._counted((counting[0][1],), *several[0], activity, key, changes)
        alike: dict[Counted, list[Counting]] = {}
        for place, one in counting:
            for counted in counts[place]:
                alike.setdefault(counted, []).append(one)
        for (who, value), policies in alike.items():
            changes = self._counted(policies, who, value, activity, key, changes)
        return changes

    def _sorted(self, ids: tuple[str, ...]) -> ByKind:
        """Which of some policies count in windows, and which compare with what is usual, each with its place among all."""
        known = [(place, self._as.get(policy_id)) for place, policy_id in enumerate(ids)]
        counting = [(place, one) for place, one in known if isinstance(one, Counting)]
        watching = [(place, one) for place, one in known if isinstance(one, Watching)]
        if len(self._by_kind) >= _MOST_KNOWN:
            self._by_kind.clear()
        single = any(policy.match is None for policy_id in ids if (policy := self._policies.get(policy_id)) is not None and policy.enabled)
        self._by_kind[ids] = found = counting, watching, single
        return found

    def _counted(
        self, policies: Sequence[Counting], who: str, value: str | None, activity: Activity, key: int, changes: Changes
    ) -> Changes:
        """Count an activity of one subject. changes: those of other subjects."""
        more = self._windows.add(policies, who, activity, key, value, self._alert_id)
        if more:
            changes = changes.copy()
        for policy_id, change in more:
            changes[policy_id, who] = change
        return changes

    def _alert_id(self, policy_id: str, who: str, activity: Activity) -> str:
        return raising.run_identity(self._policies[policy_id], who, activity)

    def judged(self, back: LookedBack | None) -> Iterator[Judged]:
        """What became of the alerts of anomalies, by all that was counted, and by a look back."""
        verdicts = [*self._habits.verdicts()]
        activities = {(one.timestamp, one.activity_id): one for one in self._activities} if verdicts else {}
        for watched, who, verdict in verdicts:
            policy = self._policies.get(watched.policy_id)
            if policy is not None:
                shown = verdict.finding.shown if verdict.finding is not None else None
                yield Judged(policy, who, verdict, activities.get((shown.timestamp, shown.activity_id)) if shown is not None else None)
        self._habits.save()
        if back is not None:
            yield from back.judged
            for remembers in back.pauses:
                self._habits.pause(remembers)

    def _watch(self, watching: Sequence[tuple[int, Watching]], activity: Activity, key: int, counts: Sequence[Sequence[Counted]]) -> None:
        add, moment, activity_id, belonging = self._habits.add, activity.timestamp, activity.activity_id, belongs(activity)
        for place, watched in watching:
            for who, value in counts[place]:
                add(watched, who, Entry(moment, key, activity_id, value, None, belonging))  # as `observation` makes it
        self._activities.append(activity)
