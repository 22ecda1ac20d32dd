"""What one commit leads to: activities counted, alerts raised and grown, commands asked for, messages queued."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from casbd.alerting import incidents, raising, risk, suppression, withdrawn
from casbd.counting.runs import Change
from casbd.governance import deciding
from casbd.governance.rails import Rails
from casbd.habits.anomaly import Finding
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.pipeline import floods
from casbd.pipeline.counts import Changes, Counts, Judged, LookedBack
from casbd.pipeline.evidence import Evidence
from casbd.pipeline.memory import Memory
from casbd.pipeline.rises import Rises
from casbd.pipeline.routes import Routes
from casbd.pipeline.scan import Batch
from casbd.policies.matcher import Counted
from casbd.policies.policy import Policy
from casbd.store.database import Store
from casbd.store.state import outbox, policy_counts, raised_alerts


class Commit:
    """The alerts of one transaction, by alert: whose it is, what is to be added to its run, the activity that raised it and the one that
    let it grow last. now: milliseconds since 1970. routes: who hears of them."""

    def __init__(
        self,
        store: Store,
        batches: Sequence[Batch],
        policies: Mapping[str, Policy],
        memory: Memory,
        rails: Rails,
        routes: Routes,
        now: int,
    ) -> None:
        self._connection = store.connection
        self._evidence = Evidence(store, batches)
        self._policies = policies
        self._counts = Counts(policies, memory, now)
        self._rises = Rises(store, policies, memory.users)
        self._floods = memory.floods
        self._rails = rails
        self._routes = routes
        self._now = now
        self._tally: Counter[str] = Counter()
        self._alerts: dict[str, Alert] = {}
        self._subjects: dict[str, str] = {}
        self._growth: dict[str, raising.Growth] = {}
        self._raised_by: dict[str, Activity] = {}
        self._by: dict[str, Activity] = {}
        self._weights: dict[str, int] = {}
        self._withdrawn: list[str] = []

    def match(self, batch: Batch, fresh: Sequence[bool]) -> None:
        """Raise alerts for the batch's new activities that meet a policy's filters, or count them."""
        add, keys, met = self._counts.add, batch.stored.keys, defaultdict[tuple[str, ...], int](int)
        for index, activity, ids, counts in batch.matches:
            if fresh[index]:
                met[ids] += 1
                changes = add(activity, keys[index], ids, counts)
                if changes or changes.single:  # as of few: the others are counted, and that is all
                    self._matched(activity, changes, ids, counts)
        for ids, number in met.items():
            for policy_id in ids:
                self._tally[policy_id] += number

    def save(self, back: LookedBack | None = None) -> int:
        """Store new and grown alerts, also those of a look back; those that are new are sent. How many are new."""
        opened = self._settle(self._counts.judged(back))
        stored, self._alerts = self._alerts, {}
        opened += self._settle(self._rises.judged([*stored, *self._withdrawn], back))
        floods.raise_alerts(self._connection, self._floods, self._policies, self._routes, self._now)
        hours = {policy: self._floods.hours_to_keep(policy) for policy in self._tally}
        policy_counts.count(self._connection, self._tally, Counter(opened), hours)
        return len(opened)

    def _settle(self, judged: Iterable[Judged]) -> list[str]:
        """Store what there is, and what anomalies come to; the policies of the alerts that are new."""
        for one in judged:
            self._judge(one)
        self._evidence.look_back()
        whole_first = sorted(self._alerts.values(), key=lambda alert: alert.merged_into is not None)  # else a part holds back the whole
        return [policy_id for alert in whole_first if (policy_id := self._save(alert)) is not None]

    def _matched(self, activity: Activity, changes: Changes, ids: Sequence[str], counts: Sequence[Sequence[Counted]]) -> None:
        """One activity met some policies' filters: raise alerts, in their order, of itself and of the runs that it changes."""
        for policy_id, several in zip(ids, counts, strict=True):
            policy = self._policies.get(policy_id)
            if policy is None or not policy.enabled:
                continue  # scanned before the policy was taken out
            if policy.match is None:
                self._met(policy, activity)
            for who, _ in several if changes else ():
                if (policy_id, who) in changes:
                    self._follow(changes[policy_id, who], policy, who, activity)

    def _met(self, policy: Policy, activity: Activity) -> None:
        """One activity met the filters of a policy that looks at every single one."""
        subject = raising.subject_of_one(activity)
        if self._raises(policy, subject, activity):
            self._note(raising.of_one(policy, activity, self._now, self._evidence.witness(policy)), subject, activity)

    def _raises(self, policy: Policy, subject: str, activity: Activity) -> bool:
        """Whether an activity raises one more alert of a policy that looks at every single one."""
        return policy.mode == "simulate" or self._floods.raises(policy.id, subject, activity.timestamp)

    def _note(self, alert: Alert, subject: str, activity: Activity) -> None:
        self._alerts[alert.alert_id] = alert
        self._subjects[alert.alert_id] = subject
        self._raised_by.setdefault(alert.alert_id, activity)
        self._by[alert.alert_id] = activity
        protected = activity.user is not None and self._rails.protects(activity.user)
        weight = risk.weight_of(alert, activity, protected=protected)
        self._weigh(alert.alert_id, max(weight, risk.weight_in(alert)))

    def _weigh(self, alert_id: str, weight: int) -> None:
        self._weights[alert_id] = max(weight, self._weights.get(alert_id, 0))

    def _follow(self, change: Change, policy: Policy, who: str, activity: Activity, finding: Finding | None = None) -> None:
        """A run may be a new alert, or one that grows. finding: of an anomaly."""
        run = self._alert(change.alert_id)
        while run is not None and run.merged_into is not None:  # all that is left of it is what it was called
            run = self._alert(run.merged_into)
        if run is None:
            if not change.opened:
                return  # a simulated alert, one of a flood, or one that retention has removed
            if policy.match is not None and policy.match.nobodys and not self._raises(policy, who, activity):
                return
            run = raising.of_a_run(policy, activity, change.alert_id, self._now)
            if finding is not None and self._now - finding.last > withdrawn.HISTORY:
                run = replace(run, tags=(*run.tags, withdrawn.HISTORICAL))
        self._note(run, who, activity)
        growth = self._growth.setdefault(run.alert_id, raising.Growth())
        growth.add_change(change)
        growth.exact = finding
        if finding is not None:
            self._evidence.judge(run.alert_id, policy, finding)
        elif policy.mode != "simulate":
            self._evidence.add(run.alert_id, policy, change, activity)
        for other in change.joined:
            later = self._alert(other)
            if later is not None and later.merged_into is None:
                growth.join(later, self._growth.get(other))
                self._weigh(run.alert_id, self._weights.get(other, risk.weight_in(later)))
                if finding is None:
                    self._evidence.join(run.alert_id, policy, other)
                self._alerts[other] = replace(later, merged_into=run.alert_id)

    def _judge(self, judged: Judged) -> None:
        """An anomaly may be a new alert, one that has changed, or none any more."""
        change, finding, policy = judged.verdict.change, judged.verdict.finding, judged.policy
        if change is None or finding is None:
            self._withdraw(judged.verdict.alert_id)
            return
        activity = judged.activity or self._evidence.find(finding.shown)
        if activity is None:
            return  # nothing is known of it any more: retention has removed it
        own = self._alert(change.alert_id)
        if own is not None:
            own = raising.described_by(own, policy, activity)
            self._alerts[own.alert_id] = withdrawn.found_again(own) if own.closed_by == withdrawn.BY else own
        self._follow(change, policy, judged.who, activity, finding)

    def _withdraw(self, alert_id: str) -> None:
        """What was raised is explained by what came later; and what became a part of it in this commit."""
        parts = [other for other, alert in self._alerts.items() if alert.merged_into == alert_id]
        for one in (alert_id, *parts):
            stored = raised_alerts.get(self._connection, one)
            for own in (self._alerts, self._subjects, self._growth, self._raised_by, self._by, self._weights):
                own.pop(one, None)
            if stored is not None:
                self._routes.withdrawn(self._connection, stored, self._now)
                self._withdrawn.append(one)

    def _alert(self, alert_id: str) -> Alert | None:
        """An alert as it is stored or about to be, without the members of this commit."""
        return self._alerts.get(alert_id) or raised_alerts.get(self._connection, alert_id)

    def _save(self, alert: Alert) -> str | None:
        """Store one that is new or has grown, and what follows; the policy's id where it is new."""
        if alert.alert_id in self._growth:
            alert = raising.grown(alert, self._growth[alert.alert_id])
        if alert.alert_id in self._weights:
            alert = replace(alert, risk_score=risk.score(alert, self._weights[alert.alert_id]))
        before = raised_alerts.get(self._connection, alert.alert_id)
        policy = self._policies.get(alert.policy_id)
        if policy is not None:
            alert = self._evidence.of(alert, policy, stored=before is not None)
        if before is not None:
            if alert.alert_id in self._growth or alert.merged_into is not None:  # that of a single activity is as it was
                alert = replace(alert, incident_id=before.incident_id)  # which another alert of this commit may have changed
                self._routes.grown(self._connection, alert, before, self._now)
                self._govern(deciding.decide_again, alert)
            return None
        assert policy is not None, "what raises an alert is a policy"
        if policy.mode != "simulate":
            decision = suppression.decide(self._connection, policy, self._subjects[alert.alert_id], self._now)
            if decision.notice is not None:
                self._deliver(decision.notice)
            if decision.held:
                alert = replace(alert, suppressed=True)
            self._deliver(incidents.placed(self._connection, alert, self._raised_by[alert.alert_id]))
            self._govern(deciding.decide, alert)
        return alert.policy_id

    def _govern(self, decide: deciding.Decide, alert: Alert) -> None:
        """Queue the commands that an alert leads to; a run that became a part of another one, or was closed, leads to none."""
        policy, activity = self._policies.get(alert.policy_id), self._by.get(alert.alert_id)
        if policy is None or activity is None or alert.merged_into is not None or alert.status != "open":
            return
        for command in decide(self._connection, alert, activity, policy, self._rails, self._now):
            if command.status == "queued":
                outbox.add(self._connection, outbox.connector_destination(command.connector), command)

    def _deliver(self, alert: Alert) -> None:
        self._routes.raised(self._connection, alert, self._now)
