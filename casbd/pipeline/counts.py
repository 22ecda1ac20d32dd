"""What one commit counts of activities: in windows, and in what is remembered of subjects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from casbd.alerting import raising
from casbd.counting.match import Counting
from casbd.counting.runs import Change
from casbd.habits.anomaly import DAY
from casbd.habits.habits import Watching
from casbd.habits.observed import observation
from casbd.habits.raised import Verdict
from casbd.model.activity import Activity
from casbd.pipeline.memory import Memory
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


_NO_CHANGES = Changes()
_AHEAD = DAY
"""What is dated so much after the clock teaches nothing: beside it, all that its subject does until then would come too late to be judged;
and what everybody does, beside what is remembered of all together."""


class Judged(msgspec.Struct, frozen=True):
    """What became of an anomaly's alert. activity: the one that describes it, if it is of this commit."""

    policy: Policy
    who: str
    verdict: Verdict
    activity: Activity | None


class Counts:
    """Policies by id; memory: what commits remember; now: milliseconds since 1970."""

    def __init__(self, policies: Mapping[str, Policy], memory: Memory, now: int) -> None:
        self._policies = policies
        self._windows = memory.windows
        self._habits = memory.habits
        self._as = memory.counted
        self._latest = now + _AHEAD
        self._habits.begin()
        self._activities: dict[tuple[int, str], Activity] = {}

    def add(self, activity: Activity, key: int, ids: Sequence[str], counts: Sequence[Sequence[Counted]]) -> Changes:
        """Count an activity as the policies do whose filters it met."""
        if len(ids) == 1 and len(counts[0]) == 1 and isinstance(only := self._as.get(ids[0]), Counting):  # as of nearly all
            who, value = counts[0][0]
            more = self._windows.add((only,), who, activity, key, value, self._alert_id)
            return Changes({(policy_id, who): change for policy_id, change in more}) if more else _NO_CHANGES
        changes = Changes()
        alike: dict[Counted, list[Counting]] = {}
        for policy_id, several in zip(ids, counts, strict=True):
            counting = self._as.get(policy_id)
            if isinstance(counting, Counting):
                for counted in several:
                    alike.setdefault(counted, []).append(counting)
            elif counting is None:
                changes.single = True
            elif activity.timestamp <= self._latest:
                self._watch(counting, activity, key, several)
        for (who, value), policies in alike.items():
            changes = self._counted(policies, who, value, activity, key, changes)
        return changes

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

    def judged(self) -> Iterator[Judged]:
        """What became of the alerts of anomalies, by all that was counted."""
        for watched, who, verdict in self._habits.verdicts():
            policy = self._policies.get(watched.policy_id)
            if policy is not None:
                yield Judged(policy, who, verdict, self._shown(verdict))
        self._habits.save()

    def _watch(self, watched: Watching, activity: Activity, key: int, several: Sequence[Counted]) -> None:
        for who, value in several:
            self._habits.add(watched, who, observation(activity, key, value))
        self._activities[activity.timestamp, activity.activity_id] = activity

    def _shown(self, verdict: Verdict) -> Activity | None:
        shown = verdict.finding.shown if verdict.finding is not None else None
        return self._activities.get((shown.timestamp, shown.activity_id)) if shown is not None else None
