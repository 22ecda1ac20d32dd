"""What a policy would have raised of the stored activity log, with the present as the stream had it then."""

from __future__ import annotations

from casbd.activity_log import ActivityLog
from casbd.backtest.trial import alerts_of
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.policies.policy import Policy


def would_have_raised(policy: Policy, log: ActivityLog, since: int | None, until: int | None) -> list[Alert]:
    """The alerts of a policy, enabled or not, in the order in which they come. since, until: milliseconds, both included."""
    latest = Latest()
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
