"""What happened, step by step: the activities of an alert, with what is telling in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from casbd.activity_log import ActivityLog, Wanted, search
from casbd.activity_log.people import Known
from casbd.activity_log.unusual import Seen, new_in, seen_before
from casbd.filters.tree import Condition
from casbd.model.activity import FIELDS, Activity
from casbd.model.alert import Alert

MOST = 10
"""So many of the first and of the last activities; how many are between is said."""
_READ = frozenset(FIELDS) - {"raw"}


class Timeline(msgspec.Struct):
    """steps: the first and the last activities, oldest first. left_out: how many of the alert's are not among them.

    new: of each step, the fields with a value that the user did not have in the 30 days before the alert began, nor in a step before;
    None where there is nothing to compare with. policies: whose filters how many of the alert's activities meet.
    """

    steps: list[Activity]
    left_out: int
    new: list[list[str] | None]
    policies: dict[str, int]


def timeline(log: ActivityLog, alert: Alert, whom: Known | None, most: int = MOST) -> Timeline:
    """The timeline of an alert. whom: whose it is. Activities that retention has removed are among those that are left out."""
    wanted = Wanted([Condition("activity_id", "eq", alert.activity_ids)], lambda: 0)  # no such filter asks for the time
    found = [*search(log, wanted, since=alert.first_activity, until=alert.last_activity, sort="timestamp", fields=_READ)]
    policies = Counter(policy for activity in found for policy in activity.matched_policies)
    new = _new(found, whom, seen_before(log, alert.first_activity, whom) if whom is not None else None)
    if len(found) > 2 * most:
        found, new = found[:most] + found[-most:], new[:most] + new[-most:]
    return Timeline(found, max(alert.activity_count - len(found), 0), new, dict(policies.most_common()))


def _new(found: Sequence[Activity], whom: Known | None, seen: Seen | None) -> list[list[str] | None]:
    """Of each activity what its user never had before; what one had is not new in the next."""
    new_of_each: list[list[str] | None] = []
    for activity in found:
        if whom is None or seen is None or not whom.is_named(activity.user, activity.app, activity.app_instance):
            new_of_each.append(None)
            continue
        new = new_in(activity, seen)
        for field, value in new.items():
            seen[field].add(value.casefold())
        new_of_each.append([*new])
    return new_of_each
