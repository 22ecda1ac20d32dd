"""What about an activity is new for its user."""

from __future__ import annotations

from casbd.activity_log.people import person_of
from casbd.activity_log.reading import ActivityLog
from casbd.model.activity import Activity

FIELDS = ("country", "isp", "ip_address", "app", "action_type", "browser", "os")
"""What is compared."""
BEFORE = 30 * 86_400_000
"""Milliseconds before the activity with which it is compared."""


def new_for_user(log: ActivityLog, activity: Activity) -> dict[str, str] | None:
    """The fields whose values no activity of the same user had in the 30 days before, and these values.

    None where there is nothing to compare with: no user is known, or did anything in that time.
    """
    if activity.user is None:
        return None
    wanted = person_of(activity).wanted()
    own = {field: value for field in FIELDS if (value := getattr(activity, field)) is not None}
    seen: dict[str, set[str]] = {field: set() for field in FIELDS}
    compared = False
    for batch in log.arrow(wanted, FIELDS, activity.timestamp - BEFORE, activity.timestamp - 1):
        compared = compared or batch.num_rows > 0
        for field in FIELDS:
            seen[field].update(value.casefold() for value in batch.column(field).unique().to_pylist() if value is not None)
    return {field: value for field, value in own.items() if value.casefold() not in seen[field]} if compared else None
