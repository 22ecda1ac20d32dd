"""What one look back over the log remembers, and what it finds, of all policies for which it is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace

from casbd.activity_log.reading import ActivityLog
from casbd.alerting.looked_back import reconciled
from casbd.habits.anomaly import LATE, Finding
from casbd.habits.habits import Habits, Watching
from casbd.habits.observed import observation
from casbd.habits.raised import Raised
from casbd.habits.shelf import Alone
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.pipeline.counts import Judged
from casbd.pipeline.keys import Keys
from casbd.policies.matcher import Matcher
from casbd.policies.policy import Policy
from casbd.store.database import Store
from casbd.store.state import habits_late, raised_alerts
from casbd.store.state.habits import Name, Observed, StoredHabits


class Look(NamedTuple):
    """What is looked at again. watched: the policies that observe the same. since: from when on (event time, ms) it is judged; None: it
    is only learned from, but for what happened since that began (begun, ms).
    """

    watched: Sequence[Watching]
    since: int | None
    begun: int = 0

    @property
    def remembers(self) -> str:
        """Under which memories are kept."""
        return self.watched[0].remembers


class _Rest(Alone):
    """The store's memories without its journal: what is not stored yet is read again, should the process end."""

    def __init__(self, stored: StoredHabits) -> None:
        self.get, self.put = stored.get, stored.put
        self.too_late: dict[str, tuple[int, int]] = {}
        """What came while it was learned, and is too late even for that: noted at the end, as by then all else is judged."""

    def note(self, observed: Sequence[Observed]) -> int:  # noqa: ARG002
        """It is in the log."""
        return 0

    def noted(self) -> Iterator[tuple[int, Sequence[Observed]]]:
        """Nothing."""
        return iter(())

    def all_kept(self) -> None:
        """Nothing is left."""

    def late(self, late: habits_late.Noted, now: int) -> None:  # noqa: ARG002
        """See `too_late`."""
        for remembers, (since, number) in late.items():
            before = self.too_late.get(remembers, (since, 0))
            self.too_late[remembers] = min(since, before[0]), number + before[1]


class _Judging:
    """What is found of one policy. floor: findings that ended before (event time, ms) are none of it; None: nothing is judged."""

    def __init__(self, policy: Policy, floor: int | None) -> None:
        self.policy, self.floor = policy, floor
        self.found: dict[str, tuple[str, Finding]] = {}
        """By the id of an alert, whose it is."""
        self.told: dict[str, Finding | None] = {}
        """What became of alerts, as it was told last: None, they were withdrawn."""

    def tells(self, alert_id: str, finding: Finding | None) -> bool:
        """Whether that is news; it is told then."""
        if alert_id in self.told and self.told[alert_id] == finding:
            return False
        self.told[alert_id] = finding
        return True


class Learner:
    """policies: by id those of all. begun: when it began (ms). kept_as: under which names of the store memories are kept, by what remembers
    them. numbers: of the activities that it observed.

    All have one `Habits`, which bounds what is in memory.
    """

    def __init__(self, store: Store, policies: Mapping[str, Policy], looks: Sequence[Look], begun: int, kept_as: Mapping[str, str]) -> None:
        self.numbers = {look.remembers: 0 for look in looks}
        self._store, self._begun = store, begun
        self._looks = {look.remembers: look for look in looks}
        self._first = {look.watched[0].policy_id: look for look in looks}
        self._matcher = Matcher([policies[policy_id] for policy_id in self._first], now=lambda: begun)
        self._keys = Keys(store.salt())
        self._rest = _Rest(StoredHabits(store.connection, kept_as))
        self._habits = Habits(self._rest, [one for look in looks for one in look.watched])
        self._habits.begin(begun)
        self._new: dict[Name, None] = {}
        self._judging = {
            one.policy_id: _Judging(policies[one.policy_id], None if look.since is None else look.since - LATE)
            for look in looks
            for one in look.watched
        }
        self._begun_with: dict[str, dict[tuple[int, str], Sequence[tuple[str, str | None]]]] = {
            look.remembers: {
                place: [] for one in look.watched for alert in self._stored(self._judging[one.policy_id]) for place in _first(alert)
            }
            for look in looks
        }
        """The activities with which the alerts begin that there are, whose they are, and the value; nobody's: they are not in the log."""

    def use(self, policies: Mapping[str, Policy]) -> None:
        """By id, what policies say by now: alerts that are raised from now on have their severity, title and commands."""
        for policy_id, judging in self._judging.items():
            judging.policy = policies.get(policy_id, judging.policy)

    def leave(self, remembers: str) -> None:
        """It is observed no more: nothing is judged of it, and it is not known in the end."""
        look = self._looks.pop(remembers)
        del self._first[look.watched[0].policy_id]
        self._matcher = Matcher([self._judging[policy_id].policy for policy_id in self._first], now=lambda: self._begun)
        for one in look.watched:
            del self._judging[one.policy_id]
        self._new = {name: None for name in self._new if name[0] != remembers}

    def observe(self, activities: Sequence[Activity]) -> None:
        """Some more, in order."""
        met = [(one, policies) for one in activities if (policies := self._matcher.match(one))]
        for (activity, policies), key in zip(met, self._keys([one for one, _ in met]), strict=True):
            place = activity.timestamp, activity.activity_id
            for policy in policies:
                look = self._first[policy.id]
                remembers = look.remembers
                self.numbers[remembers] += 1
                counted = self._matcher.counted(policy, activity)
                if place in self._begun_with[remembers]:
                    self._begun_with[remembers][place] = counted
                for who, value in counted:
                    self._habits.add(look.watched[0], who, observation(activity, key, value))
        for watched, who, verdict in self._habits.verdicts():
            judging = self._judging.get(watched.policy_id)
            if judging is None:
                continue  # it was left
            if judging.floor is None:
                if verdict.finding is not None and verdict.finding.last >= self._looks[watched.remembers].begun:
                    self._new[watched.remembers, who] = None
                continue
            for gone in (verdict.alert_id, *(verdict.change.joined if verdict.change is not None else ())):
                judging.found.pop(gone, None)
            if verdict.finding is not None and verdict.finding.last >= judging.floor:
                judging.found[verdict.alert_id] = who, verdict.finding

    def save(self) -> None:
        """Inside a transaction."""
        self._habits.save()

    def put(self, at_most: int) -> bool:
        """Inside a transaction: store so many memories that have changed; whether there are more."""
        return self._habits.put(at_most)

    def find_beginnings(self, log: ActivityLog) -> Iterator[None]:
        """Of alerts that were raised meanwhile the activity may have been read before: it is looked for again, one at a time."""
        for look in self._looks.values():
            for one in look.watched:
                policy = self._judging[one.policy_id].policy
                for place in {place for alert in self._stored(self._judging[one.policy_id]) for place in _first(alert)}:
                    if place not in self._begun_with[look.remembers]:
                        self._begun_with[look.remembers][place] = self._counted_at(log, policy, place)
                        yield

    def _counted_at(self, log: ActivityLog, policy: Policy, place: tuple[int, str]) -> Sequence[tuple[str, str | None]]:
        at, activity_id = place
        for activity in log.meeting_any([policy], at, at):
            if activity.activity_id == activity_id and self._matcher.match(activity):
                return self._matcher.counted(policy, activity)
        return []

    def judged(self, withdraws_since: int) -> Iterator[Judged]:
        """What becomes of the policies' alerts, without what was told before. withdraws_since: alerts that ended before (ms) stay, as the
        log has not all of their past.

        What is found under the id that an alert has is that alert from then on.
        """
        for look in self._looks.values():
            for one in look.watched:
                judging = self._judging[one.policy_id]
                if judging.policy.mode != "simulate":  # it only counts, and has counted already
                    yield from self._judged(look, judging, withdraws_since)

    def _judged(self, look: Look, judging: _Judging, withdraws_since: int) -> Iterator[Judged]:
        stored, begun_with = self._stored(judging), self._begun_with[look.remembers]
        begun = {alert.alert_id: whose for alert in stored for one in _first(alert) if (whose := begun_with.get(one))}
        lost = {one.alert_id for one in stored if one.last_activity < withdraws_since or one.alert_id not in {*begun, *judging.told}}
        became = reconciled(stored, begun, judging.found, lost)
        for verdict in became.gone:
            if judging.tells(verdict.alert_id, None):
                yield Judged(judging.policy, "", verdict, None)
        for alert_id, verdict in became.found.items():
            who, finding = judging.found[alert_id]
            if alert_id in became.called:
                self._habits.correct((look.remembers, who), partial(_renamed, called=became.called))
            if judging.tells(verdict.alert_id, finding):
                yield Judged(judging.policy, who, verdict, None)
        judging.found = {became.called.get(alert_id, alert_id): one for alert_id, one in judging.found.items()}

    def finish(self) -> list[Name]:
        """The same with all that is in memory; whose alerts are of what happened meanwhile, and still to be raised."""
        for name in self._new:
            self._habits.correct(name, partial(_before, at=self._looks[name[0]].begun))
        self._habits.save()
        self._habits.put()
        habits_late.note(
            self._store.connection, {name: one for name, one in self._rest.too_late.items() if name in self._looks}, self._begun
        )
        return [*self._new]

    def _stored(self, judging: _Judging) -> list[Alert]:
        """The alerts that may be found again."""
        return [] if judging.floor is None else raised_alerts.ending_since(self._store.connection, judging.policy.id, judging.floor)


def _first(alert: Alert) -> list[tuple[int, str]]:
    """The time and id of the activity with which it begins."""
    return [(alert.first_activity, activity_id) for activity_id in alert.activity_ids[:1]]


def _before(raised: Mapping[str, list[Raised]], at: int) -> dict[str, list[Raised]]:
    return {raises: [one for one in several if one.last < at] for raises, several in raised.items()}


def _renamed(raised: Mapping[str, list[Raised]], called: Mapping[str, str]) -> dict[str, list[Raised]]:
    return {raises: [_called(one, called) for one in several] for raises, several in raised.items()}


def _called(one: Raised, called: Mapping[str, str]) -> Raised:
    return replace(one, alert_id=called.get(one.alert_id, one.alert_id))
