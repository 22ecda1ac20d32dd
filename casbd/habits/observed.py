"""What anomaly policies observe of an activity."""

from __future__ import annotations

from casbd.model.activity import Activity
from casbd.model.counted import Entry


def observation(activity: Activity, key: int, value: str | None) -> Entry:
    """An activity with what is remembered of it, and whose it is. key: its hash."""
    return Entry(activity.timestamp, key, activity.activity_id, value, None, belongs(activity))


def belongs(activity: Activity) -> tuple[str, ...] | None:
    """See Entry: of what groups it is who did it; None: of nobody's of the organization's own."""
    outsider = activity.is_external_user or activity.user_type == "Guest"
    return None if outsider else activity.user_groups
