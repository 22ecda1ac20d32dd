"""How much an alert asks to be looked at, from 0 to 100: by this the queue is sorted.

| what | points |
|---|---|
| severity | informational 5, low 20, medium 45, high 70 |
| how much it is | 2 for each doubling of the number of activities, at most 10 |
| who it is, and how it ended | at most 20 in all: |
| · an administrator, or an administrative activity | 10 |
| · whom `governance.protected_users` or `protected_groups` names | 10 |
| · an external user or a guest | 5 |
| · a sequence that ended with a success | 10 |

So a medium alert about a protected administrator that goes on (75) comes before a high one about which nothing else is known (70).
The score only ever rises while an alert grows: what was true of one of the activities that raised it or let it grow, stays true.
"""

from __future__ import annotations

from casbd.model.activity import Activity
from casbd.model.alert import Alert, Severity

SEVERITY: dict[Severity, int] = {"informational": 5, "low": 20, "medium": 45, "high": 70}
MOST_VOLUME = 10
MOST_WEIGHT = 20
"""Severity, volume and weight are never more than 100 together, so that the weight can be read out of a score."""


def score(alert: Alert, weight: int) -> int:
    """0 to 100. weight: the largest of its activities."""
    return _base(alert) + weight


def weight_of(alert: Alert, activity: Activity, *, protected: bool) -> int:
    """What one of an alert's activities adds. protected: whether the configuration protects who did it."""
    administrator = bool(activity.is_admin_operation) or activity.user_type == "Admin"
    outsider = bool(activity.is_external_user) or activity.user_type == "Guest"
    succeeded = alert.policy_type == "sequence" and activity.result == "success"
    return min(MOST_WEIGHT, 10 * administrator + 10 * protected + 5 * outsider + 10 * succeeded)


def weight_in(alert: Alert) -> int:
    """What was the weight of an alert that has a score; of others 0."""
    return 0 if alert.risk_score is None else alert.risk_score - _base(alert)


def _base(alert: Alert) -> int:
    doublings = max(alert.activity_count, 1).bit_length() - 1
    return SEVERITY[alert.severity] + min(MOST_VOLUME, 2 * doublings)
