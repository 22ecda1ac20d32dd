"""Each policy: what it met, what its alerts turned out to be, and since when it says what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from casbd.governance.rails import meaning
from casbd.policies.policy import Policy
from casbd.reports.changes import last_changes
from casbd.reports.from_log import matches
from casbd.reports.sources import Sources
from casbd.store.state import policy_counts, reported, set_aside
from casbd.store.state.reported import AlertSummary


class PolicyReport(msgspec.Struct, frozen=True, kw_only=True):
    """One policy, as `casbd report policies --json` prints it.

    state: `enforce`, `simulate`, `disabled` or `set aside`. matches: since the store began; the other numbers are of the alerts that are
    kept. false_share: of those that were closed as anything, 0 to 1; None where none was. last_match: a day, of the activities that are
    kept. last_change, how: since when its file says what it says; `first` is how casbd found it, by the file's own time.
    """

    policy_id: str
    name: str
    severity: str
    state: str
    matches: int
    alerts: int
    open: int
    true_positive: int
    benign: int
    false_positive: int
    false_share: float | None
    last_match: str | None
    last_change: str | None
    how: str | None


def policies(sources: Sources) -> list[PolicyReport]:
    """All that are configured, by id."""
    connection = sources.store.connection
    counts = policy_counts.counts(connection)
    met = matches(sources.store)
    last = last_changes(sources.store, sources.policies)
    aside = set_aside.of(connection, {policy.id: meaning(policy) for policy in sources.policies})
    alerts: dict[str, list[AlertSummary]] = {}
    for alert in reported.alerts(connection):
        alerts.setdefault(alert.policy_id, []).append(alert)
    reports = []
    for policy in sorted(sources.policies, key=lambda one: one.id):
        own = alerts.get(policy.id, [])
        as_what = Counter(alert.resolution for alert in own)
        change = last.get(policy.id)
        reports.append(
            PolicyReport(
                policy_id=policy.id,
                name=policy.name,
                severity=policy.severity,
                state=_state(policy, is_aside=policy.id in aside),
                matches=counts.get(policy.id, (0, 0))[0],
                alerts=len(own),
                open=sum(alert.status == "open" for alert in own),
                true_positive=as_what["true_positive"],
                benign=as_what["benign"],
                false_positive=as_what["false_positive"],
                false_share=false_share(own),
                last_match=met[policy.id].last if policy.id in met else None,
                last_change=change.at if change else None,
                how=change.what if change else None,
            )
        )
    return reports


def _state(policy: Policy, *, is_aside: bool) -> str:
    return "disabled" if not policy.enabled else "set aside" if is_aside else policy.mode


def false_share(alerts: Sequence[AlertSummary]) -> float | None:
    """Of the alerts that were closed as anything, how many were false; None where none was."""
    judged = [alert.resolution for alert in alerts if alert.resolution is not None]
    return round(judged.count("false_positive") / len(judged), 3) if judged else None
