"""The evidence of the alerts of one commit. Nothing is done for an activity that is counted and part of no alert."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from casbd.alerting import evidence
from casbd.alerting.evidence import Witness
from casbd.counting.runs import Change
from casbd.habits.anomaly import Finding
from casbd.model.activity import FIELDS, Activity
from casbd.model.alert import Alert
from casbd.model.counted import Entry
from casbd.pipeline.scan import Batch
from casbd.policies.policy import Policy
from casbd.store.database import Store
from casbd.store.log.looking_up import look_up
from casbd.store.state import alert_facts, raised_alerts


class _Gathered:
    """What came into one alert. earlier: activities that were counted before they were part of it, which are to be found again.

    said: what its activities have said already, and when first: most of a flood's say the same. finding: of an anomaly, all that it is
    now. anew: nothing of what was known of it before counts.
    """

    def __init__(self, witness: Witness) -> None:
        self.finding: Finding | None = None
        self.anew = False
        self.witness = witness
        self.facts = witness.nothing()
        self.earlier: list[Entry] = []
        self.said: dict[Hashable, int] = {}

    def add(self, member: Entry, activity: Activity) -> None:
        """An activity that is part of it."""
        said = (member.value, *self.witness.looks_at(activity))
        if self.said.get(said, member.timestamp + 1) > member.timestamp:
            self.said[said] = member.timestamp
            evidence.add(self.facts, self.witness, member, self.witness.told(activity))


class Evidence:
    """Gathers what the activities of growing alerts say, and makes their sentences. batches: what is committed."""

    def __init__(self, store: Store, batches: Sequence[Batch]) -> None:
        self._store = store
        self._batches = batches
        self._witnesses: dict[str, Witness] = {}
        self._gathered: dict[str, _Gathered] = {}

    def add(self, alert_id: str, policy: Policy, change: Change, activity: Activity) -> None:
        """What came into an alert's run by an activity that was counted now."""
        own = self._of(alert_id, policy)
        evidence.count(own.facts, own.witness, change)
        for member in change.members:
            is_own = (member.timestamp, member.activity_id) == (activity.timestamp, activity.activity_id)
            if is_own and (activity.raw or not own.witness.reads_records):  # a scan keeps the records of few
                own.add(member, activity)
            else:
                own.earlier.append(member)

    def join(self, alert_id: str, policy: Policy, other: str) -> None:
        """All that is known of an alert that became a part of this one."""
        own = self._of(alert_id, policy)
        stored = alert_facts.get(self._store.connection, other)
        if stored is not None:
            own.facts.join(stored)
        if (gathered := self._gathered.get(other)) is not None:
            own.facts.join(gathered.facts)
            own.earlier += gathered.earlier

    def judge(self, alert_id: str, policy: Policy, finding: Finding) -> None:
        """What an anomaly is now. Of the activities that are known by name all is looked up that is not known already."""
        own = self._of(alert_id, policy)
        stored = raised_alerts.get(self._store.connection, alert_id)
        known = {*(stored.activity_ids if stored is not None else ())}
        own.anew = not known <= {member.activity_id for member in finding.members}
        own.finding = finding
        own.earlier = [member for member in finding.members if own.anew or member.activity_id not in known]

    def find(self, member: Entry) -> Activity | None:
        """An activity as the log has it; None where it is there no more."""
        return next(iter(look_up(self._store, [member], FIELDS).values()), None)

    def look_back(self) -> None:
        """Find what was counted earlier: among what is committed, where it mostly is if much is read at once, else in the log."""
        several = [own for own in self._gathered.values() if own.earlier]
        if not several:
            return
        committed = {(one.timestamp, one.activity_id): one for batch in self._batches for _, one, _, _ in batch.matches}
        others = {
            (entry.timestamp, entry.activity_id): entry
            for own in several
            for entry in own.earlier
            if (one := committed.get((entry.timestamp, entry.activity_id))) is None or (own.witness.reads_records and not one.raw)
        }
        fields = frozenset[str]().union(*(own.witness.fields for own in several))
        found = committed | look_up(self._store, others.values(), fields)
        for own in several:
            for entry in own.earlier:
                activity = found.get((entry.timestamp, entry.activity_id))
                if activity is None:
                    evidence.unknown(own.facts, own.witness, entry)
                else:
                    own.add(entry, activity)
            own.earlier = []

    def of(self, alert: Alert, policy: Policy, *, stored: bool) -> Alert:
        """The alert with its sentence; what that is made of is stored. stored: it was there before this commit."""
        own = self._gathered.get(alert.alert_id)
        if own is None:
            return alert
        facts = alert_facts.get(self._store.connection, alert.alert_id) if stored and not own.anew else own.witness.nothing()
        if facts is None:
            return alert  # an older casbd raised it: of what came before nothing is known
        facts.join(own.facts)
        if own.finding is not None:
            evidence.compare(facts, own.finding)
        alert_facts.save(self._store.connection, alert.alert_id, facts)
        return evidence.told_by(alert, policy, facts)

    def _of(self, alert_id: str, policy: Policy) -> _Gathered:
        own = self._gathered.get(alert_id)
        if own is None:
            own = self._gathered[alert_id] = _Gathered(self.witness(policy))
        return own

    def witness(self, policy: Policy) -> Witness:
        """What is to be known of a policy's activities: made once a commit, which takes as long as a short sentence."""
        witness = self._witnesses.get(policy.id)
        if witness is None:
            witness = self._witnesses[policy.id] = Witness(policy)
        return witness
