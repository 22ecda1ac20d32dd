"""Which alerts the findings of a look back over the log are: those that were raised when records came, new ones, or none any more.

Most have the id that they got then. One that began with another activity then, as the one before it came later, keeps its id, so that
nobody hears of the same twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from casbd.counting.runs import Change
from casbd.habits.anomaly import Finding
from casbd.habits.raised import Verdict
from casbd.model.alert import Alert

Begun = Mapping[str, Collection[tuple[str, str | None]]]
"""By alert: whose the activity is that it begins with, and what is counted of it; of several subjects where it is of several."""


class Reconciled(msgspec.Struct, frozen=True):
    """What becomes of alerts: those that are withdrawn, and by the id that it would have now each finding. called: their ids, by these."""

    gone: list[Verdict]
    found: dict[str, Verdict]
    called: dict[str, str]


def reconciled(stored: Sequence[Alert], begun: Begun, found: Mapping[str, tuple[str, Finding]], lost: Collection[str]) -> Reconciled:
    """By one policy.

    stored: its alerts that ended late enough to be found again, in time order, without those that became a part of others. begun: of those
    that the log has. found: by the id that each would have if it were new, in time order, whose it is and what. lost: the ids of alerts
    that stay whatever is found, as the log no longer has what it would need.
    """
    named = {one.alert_id for one in stored}
    others = {one.alert_id: one for one in stored if one.alert_id not in found}
    by_subject: dict[str, list[tuple[str | None, Alert]]] = {}
    for one in others.values():
        for who, value in begun.get(one.alert_id, ()):
            by_subject.setdefault(who, []).append((value, one))
    called: dict[str, str] = {}
    for alert_id, (who, finding) in found.items():
        same = by_subject.get(who, ()) if alert_id not in named else ()
        own = next((one.alert_id for value, one in same if one.alert_id in others and _begins_in(finding, one, value)), None)
        if own is not None:
            called[alert_id] = own
            del others[own]
    verdicts = {alert_id: _verdict(called.get(alert_id, alert_id), finding, named) for alert_id, (_, finding) in found.items()}
    return Reconciled([Verdict(alert_id) for alert_id in others if alert_id not in lost], verdicts, called)


def _begins_in(finding: Finding, alert: Alert, value: str | None) -> bool:
    return finding.first <= alert.first_activity <= finding.last and (finding.values is None or value in finding.values)


def _verdict(alert_id: str, finding: Finding, named: Collection[str]) -> Verdict:
    change = Change(alert_id, alert_id not in named, (), finding.members, finding.count, finding.first, finding.last, finding.count)
    return Verdict(alert_id, change, finding)
