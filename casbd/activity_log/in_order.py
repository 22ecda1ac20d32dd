"""What policies look at, in event time: the log has it as it came, which may be month after month of one input and then of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from casbd.activity_log.reading import ActivityLog
from casbd.model.activity import Activity
from casbd.policies.policy import Policy

HOUR = 3_600_000
LEARNS_FROM = 120 * 24 * HOUR
"""Milliseconds; so far back is read to know what is usual: of what is older little is left in any memory."""
LONGEST = 8 * 24 * HOUR
MANY, FEW = 6_000, 1_500
"""Activities of a span, which are held and sorted: with more the next one is half as long, with fewer twice."""
AT_A_TIME = 1_000
"""Activities that are read without a pause."""
MOST = 4 * MANY
"""With more it is read again in parts, unless it is as short as can be: a quiet month before an attack does not fill the memory."""


def in_order(
    log: ActivityLog, policies: Sequence[Policy], since: int, until: int, newest_block: int | None = None
) -> Iterator[Sequence[Activity]]:
    """What any of these policies might look at of a span of event time (ms, both ends included), some hours or days at a time, none left
    out. newest_block: what was stored later is left out; None: nothing is. Nothing, now and then while it reads: others may have a turn.
    """
    start, length = since, 24 * HOUR
    while start <= until:
        end = min(start + length - 1, until)
        read = log.meeting_any(policies, start, end, newest_block)
        several: list[Activity] = []
        while some := [*islice(read, AT_A_TIME)]:
            several += some
            if len(several) > MOST and length > HOUR:
                length = max(length // 4, HOUR)
                break
            yield ()
        else:
            yield sorted(several, key=lambda one: (one.timestamp, one.activity_id))
            start = end + 1
            if len(several) > MANY:
                length = max(length // 2, HOUR)
            elif len(several) < FEW:
                length = min(2 * length, LONGEST)
