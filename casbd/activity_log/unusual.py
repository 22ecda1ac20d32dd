"""What about an activity is new for its user."""

from __future__ import annotations

from casbd.activity_log.people import Known, person_of
from casbd.activity_log.reading import ActivityLog
from casbd.model.activity import Activity

FIELDS = ("country", "isp", "ip_address", "app", "action_type", "browser", "os")
"""What is compared."""
BEFORE = 30 * 86_400_000
"""Milliseconds before the activity with which it is compared."""


Seen = dict[str, set[str]]
"""Of each of `FIELDS` the values, without regard to case."""


def new_for_user(log: ActivityLog, activity: Activity) -> dict[str, str] | None:
    """The fields whose values no activity of the same user had in the 30 days before, and these values.

    None where there is nothing to compare with: no user is known, or did anything in that time.
    """
    seen = seen_before(log, activity.timestamp, person_of(activity)) if activity.user is not None else None
    return None if seen is None else new_in(activity, seen)


def seen_before(log: ActivityLog, moment: int, whom: Known) -> Seen | None:
    """What a user's activities had in the 30 days before a moment (ms); None where there were none."""
    seen: Seen = {field: set() for field in FIELDS}
    compared = False
    for batch in log.arrow(whom.wanted(), FIELDS, moment - BEFORE, moment - 1, ordered=False):
        compared = compared or batch.num_rows > 0
        for field in FIELDS:
            seen[field].update(value.casefold() for value in batch.column(field).unique().to_pylist() if value is not None)
    return seen if compared else None


def new_in(activity: Activity, seen: Seen) -> dict[str, str]:
    """The fields whose values have not been seen, and these values."""
    own = {field: value for field in FIELDS if (value := getattr(activity, field)) is not None}
    return {field: value for field, value in own.items() if value.casefold() not in seen[field]}
