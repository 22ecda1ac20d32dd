"""Rises of users' investigation priority, judged when what adds to it is stored; in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from casbd.activity_log import ActivityLog, Wanted
from casbd.alerting import withdrawn
from casbd.alerting.raising import identity
from casbd.habits.anomaly import Finding
from casbd.habits.raised import Raised, mark, settled
from casbd.habits.rise import SPAN, Begun, Others, Rise, added
from casbd.model.activity import Activity
from casbd.model.identity import person, whose
from casbd.pipeline.counts import Judged, LookedBack
from casbd.policies.policy import Policy
from casbd.store.database import Store
from casbd.store.state import priority, raised_alerts

_UNLIKE = -1
"""Numbers that no sentence has: it is told anew."""


class Rises:
    """Of the policies that ask for them, by id. users: takes how many users were active in the seven days before a day."""

    def __init__(self, store: Store, policies: Mapping[str, Policy], users: dict[int, int]) -> None:
        self._store = store
        self._connection = store.connection
        self._policies = [(one, one.match) for one in policies.values() if one.enabled and isinstance(one.match, Rise)]
        self._users = users
        self._others = cache(self._others_as_of)

    def judged(self, alert_ids: Iterable[str], back: LookedBack | None = None) -> Iterator[Judged]:
        """What becomes of alerts about rises. alert_ids: of those that this commit stored. back: a look back says itself which."""
        if not self._policies:
            return
        touched = priority.touched(self._connection, alert_ids) if back is None else self._looked_back(back)
        for policy, match in self._policies if touched else ():
            raised = self._raised(policy, min(touched.values()) - SPAN, None if back is None else _UNLIKE)
            for who, since in touched.items():
                yield from self._of(policy, match, who, since, raised.get(who, []))

    def _looked_back(self, back: LookedBack) -> dict[str, int]:
        """Everybody who had anything since then: also the sums of others, with which each is compared, are other ones by now."""
        if back.rises is None:
            return {}
        self._users.clear()
        return dict.fromkeys(priority.people_since(self._connection, back.rises), back.rises)

    def _of(self, policy: Policy, match: Rise, who: str, since: int, raised: Sequence[Raised]) -> Iterator[Judged]:
        """The rises of one user that a new part may have changed: those from the seven days before it on."""
        before = [one for one in raised if one.last >= since - SPAN]
        start = min([since, *(one.first for one in before)])
        parts = [Begun(*one) for one in priority.begun(self._connection, who, start - SPAN)]
        if not before and sum(adds for _, adds in added(parts)) < match.at_least:
            return  # nor is it of any seven days of these
        alerts = raised_alerts.some(self._connection, [part.alert_id for part in parts])
        parts = [part._replace(activity_id=alert.activity_ids[0]) for part, alert in zip(parts, alerts, strict=True)]
        findings = [*match.rises(who, parts, start, self._others)]
        _, verdicts = settled(before, findings, start, lambda finding: _identity(policy, who, finding))
        for verdict in verdicts:
            yield Judged(policy, who, verdict, self._activity(verdict.finding) if verdict.finding is not None else None)

    def _raised(self, policy: Policy, since: int, numbers: int | None) -> dict[str, list[Raised]]:
        """The rises that alerts were raised for, by whose they are; one that was withdrawn may be found again. numbers: see Raised."""
        found: dict[str, list[Raised]] = {}
        for alert in raised_alerts.ending_since(self._connection, policy.id, since):
            if alert.user is not None and alert.activity_ids and alert.closed_by != withdrawn.BY:
                span, begun = (alert.first_activity, alert.last_activity), mark(alert.activity_ids[0])
                one = Raised(alert.alert_id, *span, alert.activity_count, begun, numbers=numbers)
                found.setdefault(person(alert.user, alert.app, alert.app_instance), []).append(one)
        return found

    def _activity(self, finding: Finding) -> Activity | None:
        """What stands for the activity that completed it: the beginning of the alert that did, with all that this one knows."""
        assert finding.shown.value is not None, "a member names its alert"
        alert = raised_alerts.get(self._connection, finding.shown.value)
        if alert is None:
            return None
        return Activity(
            timestamp=finding.first,
            activity_id=finding.shown.activity_id,
            user=alert.user,
            app=alert.app,
            app_instance=alert.app_instance,
            ip_address=alert.ip_address,
            country=alert.country,
        )

    def _others_as_of(self, day: int) -> Others:
        if day not in self._users:
            log = ActivityLog(self._store)
            seen = log.counts(Wanted([], lambda: 0), ("user", "app", "app_instance"), day - SPAN, day - 1)
            self._users[day] = len({whose(*one) for one in seen if one[0] is not None})
        return Others(priority.scores_begun(self._connection, day), self._users[day])


def _identity(policy: Policy, who: str, finding: Finding) -> str:
    # By the moment alone: of alerts that begin at the same one, a commit that is cut between them has another first.
    return identity(policy.id, who, str(finding.first))
