"""What an alert says. Ids are hashes, so the same activities raise the same alerts, whenever they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import islice

from msgspec.structs import replace

from casbd.alerting import evidence
from casbd.alerting.evidence import Witness
from casbd.counting.runs import Change
from casbd.habits.anomaly import Finding
from casbd.model.activity import Activity
from casbd.model.alert import SYSTEM, Alert, PolicyType
from casbd.model.identity import person
from casbd.policies.policy import Policy, is_of_one_user
from casbd.records.long_texts import shortened

MOST_IDS = 1000
"""So many activities are listed in an alert; all are counted."""


def identity(*parts: str | None) -> str:
    """32 hex digits from some texts."""
    joined = "\0".join(part or "" for part in parts)
    return hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def of_one(policy: Policy, activity: Activity, now: int, witness: Witness | None = None) -> Alert:
    """The alert of a policy that looks at every single activity. witness: of the policy, from whoever raises many."""
    # Nothing of the clock or the file is in the id: a record that is read again must give the alert that is there, not a second one.
    alert_id = identity(policy.id, activity.user, activity.app_instance, activity.activity_id)
    alert = _alert(policy, "activity", alert_id, activity, activity.user, now)
    return evidence.told_by(alert, policy, evidence.of_one(witness or Witness(policy), activity))


def subject_of_one(activity: Activity) -> str:
    """Whose a single activity's alert is, for what is held back of the same subject."""
    if activity.user:
        return person(activity.user, activity.app, activity.app_instance)
    return activity.ip_address or ""


def of_a_run(policy: Policy, activity: Activity, alert_id: str, now: int) -> Alert:
    """The alert of repeated activity, when `activity` has filled the first window. Its members are added by `grown`."""
    assert policy.match is not None
    user = activity.user if is_of_one_user(policy.match) else None  # counted by address, say: it is nobody's alone
    alert = _alert(policy, policy.match.policy_type, alert_id, activity, user, now)
    return replace(alert, detection=f"{policy.match.kind} {policy.match.counts}", activity_count=0, activity_ids=())


def described_by(alert: Alert, policy: Policy, activity: Activity) -> Alert:
    """An anomaly's alert as another of its activities describes it."""
    anew = of_a_run(policy, activity, alert.alert_id, alert.created)
    names = ("description", "user", "app", "app_instance", "ip_address", "country")
    return replace(alert, **{name: getattr(anew, name) for name in names})


def run_identity(policy: Policy, subject: str, activity: Activity) -> str:
    """The id of the alert that this activity opens."""
    return identity(policy.id, subject, activity.app_instance, activity.activity_id)


class Growth:
    """What came into a run since its alert was stored: however much it is, this stays small.

    exact: all of it as it is now, where it may have become smaller; None where it only grows.
    """

    __slots__ = ("exact", "first", "ids", "last", "number")

    def __init__(self) -> None:
        self.number = 0
        self.first, self.last = 2**63, -(2**63)
        self.ids: list[str] = []
        self.exact: Finding | None = None

    def add(self, number: int, first: int, last: int, ids: Iterable[str]) -> None:
        """More activities, with their times from first to last; ids: of the first ones."""
        self.number += number
        self.first, self.last = min(first, self.first), max(last, self.last)
        self.ids += islice(ids, MOST_IDS - len(self.ids))

    def add_change(self, change: Change) -> None:
        """What a change brought into its run."""
        members = change.members
        self.add(change.number, members[0].timestamp, members[-1].timestamp, (member.activity_id for member in members))

    def join(self, later: Alert, growth: Growth | None) -> None:
        """All activities of an alert that became a part of this one, and of what is not in it yet."""
        if later.activity_count:
            self.add(later.activity_count, later.first_activity, later.last_activity, later.activity_ids)
        if growth is not None and growth.number:
            self.add(growth.number, growth.first, growth.last, growth.ids)


def grown(alert: Alert, growth: Growth) -> Alert:
    """The alert with more activities."""
    if (exact := growth.exact) is not None:
        ids = tuple(member.activity_id for member in exact.members)
        return replace(
            alert, activity_count=exact.count, activity_ids=ids, first_activity=exact.first, last_activity=exact.last, unusual=exact.weight
        )
    first, last = growth.first, growth.last
    if alert.activity_count:
        first, last = min(first, alert.first_activity), max(last, alert.last_activity)
    ids = alert.activity_ids
    if len(ids) < MOST_IDS:
        ids = (*ids, *growth.ids[: MOST_IDS - len(ids)])
    return replace(alert, activity_count=alert.activity_count + growth.number, activity_ids=ids, first_activity=first, last_activity=last)


def system(kind: str, title: str, description: str, *, subject: str, moment: int, now: int) -> Alert:
    """An alert about casbd itself. moment: what makes it a new one (ms): the same subject and moment give the same id."""
    return Alert(
        alert_id=identity("casbd", kind, subject, str(moment)),
        policy_id=f"casbd.{kind}",
        policy_name=title,
        policy_type="system",
        severity="medium",
        category=SYSTEM,
        title=title,
        description=description,
        first_activity=moment,
        last_activity=moment,
        activity_count=0,
        created=now,
    )


def test_message(now: int) -> Alert:
    """What `casbd outputs test` sends: it says that it is nothing else. now: ms."""
    text = "Somebody wanted to see whether messages of casbd arrive here. There is nothing to do."
    alert = system("test", "Test message", text, subject="test", moment=now, now=now)
    return replace(alert, severity="informational")


def _alert(policy: Policy, kind: PolicyType, alert_id: str, activity: Activity, user: str | None, now: int) -> Alert:
    return Alert(
        alert_id=alert_id,
        policy_id=policy.id,
        policy_name=policy.name,
        policy_type=kind,
        severity=policy.severity,
        category=policy.category,
        title=policy.name,
        description=_describe(policy, activity, user),
        user=user,
        app=activity.app,
        app_instance=activity.app_instance,
        ip_address=activity.ip_address,
        country=activity.country,
        first_activity=activity.timestamp,
        last_activity=activity.timestamp,
        activity_ids=(activity.activity_id,),
        created=now,
        tags=tuple(policy.tags),
    )


def _describe(policy: Policy, activity: Activity, user: str | None) -> str:
    """One sentence in the SIEM agent's words, and what was done to what."""
    by = f" by '{user}'" if user else ""
    what = activity.activity_type if activity.activity_type != "Unspecified" else activity.action_type
    target = f": {shortened(activity.object_name)}" if activity.object_name else ""
    return f"Activity policy '{policy.name}' was triggered{by}. {what}{target}"
