"""Activities of one subject, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from casbd.counting.match import Aliased, Step
from casbd.counting.steps import Steps, step_entry, steps_done
from casbd.counting.window_tests import WindowTest
from casbd.filters.sql import Sql, may
from casbd.model.activity import Activity
from casbd.model.alert import PolicyType
from casbd.model.counted import Entry
from casbd.records.record_path import RawReader

MOST_STEPS = 20
MOST_REPEATED = 100
"""So many activities a step of a sequence may ask for."""


class Sequenced(msgspec.Struct, frozen=True, kw_only=True):
    """Which activities of one subject, one after the other, make an alert.

    within: milliseconds of event time from the first to the last. any_order: it does not matter which comes first. aliased: see Match;
    one for each step.
    """

    kind: ClassVar[str] = "sequence"
    nobodys: ClassVar[bool] = False
    policy_type: ClassVar[PolicyType] = "sequence"
    looks_at: ClassVar[tuple[str, ...]] = ("app",)
    counts: ClassVar[str] = "steps"

    steps: tuple[Step, ...]
    within: int
    by: tuple[str, ...] = ("user",)
    single_app: bool = False
    any_order: bool = False
    aliased: tuple[Aliased, ...] = ()

    @property
    def fewest(self) -> int:
        """See Match. In any order an activity may be several steps."""
        return max(step.repeated for step in self.steps) if self.any_order else sum(step.repeated for step in self.steps)

    @property
    def held_in_order(self) -> int:
        """See Match."""
        return 0 if self.any_order else sum(step.repeated for step in self.steps)

    def value(self, activity: Activity, reader: RawReader, met: Sequence[int]) -> str | None:  # noqa: ARG002  the steps are all it is
        """See Match. The steps that it is, as a number with a bit for each."""
        return str(sum(1 << number for number in met))

    def placed(self, entry: Entry) -> Entry:
        """See Match. Exports have times by the second: without this the order in which records come would decide."""
        return step_entry(entry)

    def window_test(self, entries: list[Entry]) -> WindowTest:
        """See Match."""
        return Steps([step.repeated for step in self.steps], self.within, entries, any_order=self.any_order)

    def enough(self) -> Sql | None:
        """See Match."""
        steps = [(may(step.filters, None), step.repeated) for step in self.steps]
        text = " AND ".join(f"count(*) FILTER (WHERE {where.text}) >= ?" for where, _ in steps)
        return Sql(text, [value for where, repeated in steps for value in (*where.parameters, repeated)])

    @property
    def needed(self) -> int:
        """See Match."""
        return len(self.steps)

    def counted(self, entries: Sequence[Entry]) -> int:
        """See Match."""
        done = steps_done(entries, len(self.steps))
        return sum(number >= step.repeated for number, step in zip(done, self.steps, strict=True))
