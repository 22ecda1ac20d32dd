"""When what waits for a recipient is told: a message at once, then fewer and longer ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from casbd.config.notifications import Notification
from casbd.documents.quiet_hours import QuietHours
from casbd.model.alert import Severity
from casbd.notifications.recipients import RANK
from casbd.store.state.told import Told

HOUR = 3_600_000
WAKES: Severity = "high"
"""What is told in quiet hours as well."""


class Waiting(NamedTuple):
    """What waits for a recipient: how many alerts, and the highest severity among them."""

    number: int = 0
    severity: Severity = "informational"

    def and_one_of(self, severity: Severity) -> Waiting:
        """One more."""
        return Waiting(self.number + 1, max(self.severity, severity, key=RANK.__getitem__))


def due(waiting: Waiting, told: Sequence[Told], care: Notification, now: int, *, gather: bool = True) -> int:
    """When a message with all that waits is due (ms), `now` or before where it is at once. gather: False sends no digest later than it can.

    told: the messages of the last hour, oldest first. Whoever floods a recipient with what is little does not hide what is worse: what is
    more severe than all that was told in this hour waits neither for a digest nor for the limit, which makes three messages at most.
    """
    latest = [one for one in told if now - HOUR < one.at <= now]  # a clock that was set back leaves none in the future to wait for
    moments = [now]
    if care.quiet_hours and RANK[waiting.severity] < RANK[WAKES]:
        moments.append(QuietHours.read(care.quiet_hours).end_of(now) or now)
    if latest and RANK[waiting.severity] <= max(RANK[one.severity] for one in latest):
        if len(latest) >= care.max_per_hour:
            moments.append(latest[-care.max_per_hour].at + HOUR)
        if gather:
            moments.append(latest[-1].at + care.digest)
    return max(moments)
