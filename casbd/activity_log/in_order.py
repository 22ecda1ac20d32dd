"""What a policy looks at, in event time: the log has it as it came, which may be month after month of one input and then of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from casbd.activity_log.reading import ActivityLog
from casbd.model.activity import Activity
from casbd.policies.policy import Policy

HOUR = 3_600_000
LEARNS_FROM = 120 * 24 * HOUR
"""Milliseconds; so far back is read to know what is usual: of what is older little is left in any memory."""
LONGEST = 8 * 24 * HOUR
MANY, FEW = 20_000, 5_000
"""Activities of a span, which are held and sorted: with more the next one is half as long, with fewer twice."""


def in_order(log: ActivityLog, policy: Policy, since: int, until: int) -> Iterator[Sequence[Activity]]:
    """What a policy might look at of a span of event time (ms, both ends included), some hours or days at a time, none left out."""
    start, length = since, 24 * HOUR
    while start <= until:
        end = min(start + length - 1, until)
        several = sorted(log.matching(policy, start, end), key=lambda one: (one.timestamp, one.activity_id))
        yield several
        start = end + 1
        if len(several) > MANY:
            length = max(length // 2, HOUR)
        elif len(several) < FEW:
            length = min(2 * length, LONGEST)
