"""Of when a message is: what stands in headers, and where receivers look for the time of an event."""

from __future__ import annotations

from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand


def moment(item: Alert | Activity | GovernanceCommand) -> int:
    """Milliseconds since 1970: an activity's own time; when an alert was raised or changed; when something became of a command.

    Not when an alert's activities were: receivers take this for the event's time, and who looks at the last minutes there would never
    see an alert of records that came late.
    """
    if isinstance(item, Activity):
        return item.timestamp
    if isinstance(item, Alert):
        return item.changed or item.closed or item.created or item.last_activity
    return item.finished or item.approved or item.created
