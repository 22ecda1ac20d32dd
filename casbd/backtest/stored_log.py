"""What a policy would have raised of the stored activity log, with the present as the stream had it then."""

from __future__ import annotations

from itertools import chain

from casbd.activity_log import ActivityLog
from casbd.activity_log.in_order import LEARNS_FROM, in_order
from casbd.backtest.trial import alerts_of
from casbd.habits.anomaly import anomaly
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.policies.policy import Policy


def would_have_raised(policy: Policy, log: ActivityLog, since: int | None, until: int | None) -> list[Alert]:
    """The alerts of a policy, enabled or not, in the order in which they come. since, until: milliseconds, both included.

    One that compares with what is usual learns from what was before.
    """
    latest = Latest()
    if anomaly(policy.match) is not None:
        first, last = log.span()
        begin = first if since is None else max(first, since - LEARNS_FROM)
        several = in_order(log, [policy], begin, last if until is None else until)
        return alerts_of(policy, map(latest.of, chain.from_iterable(several)), latest, since or 0)
    return alerts_of(policy, map(latest.of, log.matching(policy, since, until)), latest)


class Latest:
    """The latest time among the activities that went by: the present as the stream had it then."""

    def __init__(self) -> None:
        self.moment = 0

    def __call__(self) -> int:
        """The moment, as a clock."""
        return self.moment

    def of(self, activity: Activity) -> Activity:
        """One more; given on."""
        self.moment = max(self.moment, activity.timestamp)
        return activity
