"""How policies that compare with what is usual are given to the habits."""

from __future__ import annotations

from casbd.alerting.raising import identity
from casbd.habits.anomaly import anomaly
from casbd.habits.habits import Watching, remembered_as
from casbd.model.counted import Entry
from casbd.policies.policy import Policy


def watching(policy: Policy) -> Watching | None:
    """How a policy compares with what is usual; None of one that does not."""
    match = anomaly(policy.match)
    if match is None:
        return None

    def alert_id(who: str, begun: Entry) -> str:
        return identity(policy.id, who, str(begun.timestamp), begun.activity_id)

    return Watching(policy.id, policy.window_key, remembered_as(match, policy.filters), match, alert_id)
