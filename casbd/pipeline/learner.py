"""One look back over the log by all policies that observe the same: what it remembers, and what it finds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial

from msgspec.structs import replace

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
from casbd.store.state.habits import Kept, Name, Observed, StoredHabits


class _Rest(Alone):
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

    def late(self, late: habits_late.Noted, now: int) -> None:
        """What came while it was learned, and is too late even for that."""
        self._stored.late(late, now)


class Learner:
    """watched: the policies, by id those of all. begun: when it began (ms). since: from when on (event time, ms) it judges what is found;
    None: not at all. number: of the activities that it observed.
    """

    def __init__(self, store: Store, policies: Mapping[str, Policy], watched: Sequence[Watching], begun: int, since: int | None) -> None:
        self.number = 0
        self._store, self._begun = store, begun
        self._floor = None if since is None else since - LATE
        self._policies = [policies[one.policy_id] for one in watched]
        self._first, self._watched = watched[0], watched
        self._matcher = Matcher(self._policies[:1], now=lambda: begun)
        self._keys = Keys(store.salt())
        self._habits = Habits(_Rest(StoredHabits(store.connection)), watched)
        self._habits.begin(begun)
        self._new: dict[Name, None] = {}
        self._found: dict[str, dict[str, tuple[str, Finding]]] = {one.policy_id: {} for one in watched}
        """What is found by now, by policy and by the id of an alert: whose it is, and the finding."""
        self._begun_with: dict[tuple[int, str], Sequence[tuple[str, str | None]]] = {
            one: [] for policy in self._policies for alert in self._stored(policy) for one in _first(alert)
        }
        """The activities with which the alerts begin that there are, whose they are, and the value; nobody's: they are not in the log."""

    def observe(self, activities: Sequence[Activity], without: Collection[int] = ()) -> None:
        """Some more, in order. without: keys of those that come at the end."""
        met = [one for one in activities if self._matcher.match(one)]
        for activity, key in zip(met, self._keys(met), strict=True):
            if key in without:
                continue
            self.number += 1
            counted = self._matcher.counted(self._policies[0], activity)
            if (place := (activity.timestamp, activity.activity_id)) in self._begun_with:
                self._begun_with[place] = counted
            for who, value in counted:
                self._habits.add(self._first, who, observation(activity, key, value))
        for watched, who, verdict in self._habits.verdicts():
            if self._floor is None:
                if verdict.finding is not None and verdict.finding.last >= self._begun:
                    self._new[watched.remembers, who] = None
                continue
            found = self._found[watched.policy_id]
            for gone in (verdict.alert_id, *(verdict.change.joined if verdict.change is not None else ())):
                found.pop(gone, None)
            if verdict.finding is not None and verdict.finding.last >= self._floor:
                found[verdict.alert_id] = who, verdict.finding

    def save(self) -> None:
        """Inside a transaction."""
        self._habits.save()

    def judged(self, withdraws_since: int) -> Iterator[Judged]:
        """What becomes of the policies' alerts. withdraws_since: alerts that ended before (ms) stay, as the log has not all of their past.

        What is found under the id that an alert has is that alert from then on.
        """
        for policy in self._policies:
            if policy.mode == "simulate":
                continue  # it only counts, and has counted already
            stored, found = self._stored(policy), self._found[policy.id]
            begun = {alert.alert_id: whose for alert in stored for one in _first(alert) if (whose := self._begun_with.get(one))}
            lost = {one.alert_id for one in stored if one.last_activity < withdraws_since or one.alert_id not in begun}
            became = reconciled(stored, begun, found, lost)
            yield from (Judged(policy, "", verdict, None) for verdict in became.gone)
            for alert_id, verdict in became.found.items():
                who = found[alert_id][0]
                if alert_id in became.called:
                    self._habits.correct((self._first.remembers, who), partial(_renamed, called=became.called))
                yield Judged(policy, who, verdict, None)

    def finish(self) -> list[Name]:
        """The same with all that is in memory; whose alerts are of what happened meanwhile, and still to be raised."""
        for name in self._new:
            self._habits.correct(name, self._before_it_began)
        self._habits.save()
        self._habits.put_all()
        return [*self._new]

    def _before_it_began(self, raised: Mapping[str, list[Raised]]) -> dict[str, list[Raised]]:
        return {raises: [one for one in several if one.last < self._begun] for raises, several in raised.items()}

    def _stored(self, policy: Policy) -> list[Alert]:
        """The alerts that may be found again."""
        return [] if self._floor is None else raised_alerts.ending_since(self._store.connection, policy.id, self._floor)


def _first(alert: Alert) -> list[tuple[int, str]]:
    """The time and id of the activity with which it begins."""
    return [(alert.first_activity, activity_id) for activity_id in alert.activity_ids[:1]]


def _renamed(raised: Mapping[str, list[Raised]], called: Mapping[str, str]) -> dict[str, list[Raised]]:
    return {raises: [_called(one, called) for one in several] for raises, several in raised.items()}


def _called(one: Raised, called: Mapping[str, str]) -> Raised:
    return replace(one, alert_id=called.get(one.alert_id, one.alert_id))
