"""What had been counted when an activity came: its subject's last window until then, as the store has it."""

from __future__ import annotations

from typing import Any

import msgspec

from casbd.counting.match import Windowed
from casbd.counting.runs import Runs
from casbd.counting.steps import steps_done
from casbd.counting.subjects import subject
from casbd.filters.compile import compile_filter
from casbd.model.activity import Activity
from casbd.records.record_path import RawReader, parse_path
from casbd.store.database import Store
from casbd.store.state.window_entries import WindowEntries


class StepCount(msgspec.Struct, frozen=True):
    """How many activities were a step of a sequence, and how many it takes."""

    counted: int
    needed: int


class LastWindow(msgspec.Struct, frozen=True):
    """by: the fields whose values say whose the activity is. subject: these values; None where one of them is unknown.

    counted: how many, of what `counts` says (`activities`, `steps`, or the field whose different values count); None where the activity
    itself is not among what was counted. needed: so many make an alert. steps: of a sequence. within: milliseconds. alert_id: of the
    alert that the activity is part of.
    """

    by: list[str]
    subject: list[Any] | None
    counted: int | None
    counts: str
    needed: int
    steps: list[StepCount] | None
    within: int
    alert_id: str | None


def window_of(store: Store, match: Windowed, window_key: str, activity: Activity) -> LastWindow:
    """What a policy had counted when this activity came. window_key: under which the store holds the policy's entries."""
    reader = RawReader()
    fields = next((one.by for one in match.aliased if compile_filter(one.filters, now=lambda: activity.timestamp)(activity)), match.by)
    who = subject(match, activity, reader, fields)
    entries = [*WindowEntries(store.connection).of((window_key, who))] if who is not None else []
    own = next((entry for entry in entries if entry.activity_id == activity.activity_id), None)
    until = [entry for entry in entries if activity.timestamp - match.within <= entry.timestamp <= activity.timestamp]
    done = zip(steps_done(until, len(match.steps)), match.steps, strict=True)
    steps = [StepCount(number, step.repeated) for number, step in done] or None
    by = [*fields, *(["app"] if match.single_app and "app" not in fields else [])]
    return LastWindow(
        by=by,
        subject=None if who is None else [_held(activity, field, reader) for field in by],
        counted=None if own is None else match.counted(until),
        counts=match.counts,
        needed=match.needed,
        steps=steps,
        within=match.within,
        alert_id=None if own is None else Runs(match, entries).alert_of(own),
    )


def _held(activity: Activity, field: str, reader: RawReader) -> Any:
    """A field's value, or what stands in the record at a path."""
    return reader.find(activity.raw, parse_path(field[4:])) if field.startswith("raw.") else getattr(activity, field)
