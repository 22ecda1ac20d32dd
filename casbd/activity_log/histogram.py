"""How many activities there are by time or by the values of a field."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.wanted import Wanted
from casbd.model.activity import FIELDS

STEPS = {"day": (timedelta(days=1), "%Y-%m-%d"), "hour": (timedelta(hours=1), "%Y-%m-%d %H")}
"""The units of time, and how each is written."""
BY = (*STEPS, *(field.name for field in FIELDS.values() if field.kind not in ("time", "objects") and field.name != "raw"))
"""What can be counted by."""


def histogram(log: ActivityLog, wanted: Wanted, by: str, since: int | None = None, until: int | None = None) -> list[tuple[Any, int]]:
    """The activities of a span of event time (milliseconds, both ends included) that are wanted, counted by one of `BY`.

    Days and hours (UTC) are in their order, those between without any included; values of a field with the most first.
    None stands for unknown; of a list each element counts.
    """
    counts = {value: number for (value,), number in log.counts(wanted, [by], since, until).items()}
    if by not in STEPS:
        return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0] is None, str(entry[0])))
    if not counts:
        return []
    step, form = STEPS[by]
    moment, last = (datetime.strptime(end(counts), form) for end in (min, max))  # noqa: DTZ007  all of it is UTC
    steps = []
    while moment <= last:
        steps.append((name := moment.strftime(form), counts.get(name, 0)))
        moment += step
    return steps
