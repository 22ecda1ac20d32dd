"""Alerts for tests of reports, in and around January 2026."""

import itertools

from builders import NOON
from msgspec.structs import replace

from casbd.model.alert import Alert
from casbd.reports.month import Month

HOUR = 3_600_000
DAY = 24 * HOUR
MONTH = Month(2026, 1)
FEBRUARY = Month(2026, 2).since
HOSTILE = '<script>alert(1)</script>|`[x](javascript:y)\x1b[31m\u202e"&'

numbers = itertools.count(1)


def alert(at=0, **fields):
    """An open one of the policy `noisy`; at: ms after NOON (2026-01-01T12:00)."""
    base = {"policy_id": "noisy", "policy_name": "Noisy", "policy_type": "activity", "severity": "medium", "category": "access_control"}
    times = {"first_activity": NOON + at, "last_activity": NOON + at, "created": NOON + at}
    return Alert(alert_id=f"{next(numbers):032x}", **(base | times | fields))


def closed(resolution, hours=2, **fields):
    """A closed one, so many hours after it was raised."""
    raised = alert(**fields)
    return replace(raised, status="closed", resolution=resolution, closed=raised.created + hours * HOUR)
