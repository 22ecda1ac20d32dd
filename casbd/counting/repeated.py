"""So many activities of one subject, or so many different values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from casbd.counting.different_values import Different
from casbd.counting.match import Aliased, Step
from casbd.counting.subjects import different
from casbd.counting.window_tests import Number, WindowTest
from casbd.filters.sql import Sql
from casbd.model.activity import Activity
from casbd.model.alert import PolicyType
from casbd.model.counted import Entry
from casbd.records.record_path import RawReader


class Repeated(msgspec.Struct, frozen=True, kw_only=True):
    """How many matching activities of one subject make an alert.

    within: milliseconds of event time. by: the fields that make the subject. single_app: each app is counted apart.
    unique: the field whose different values are counted; None counts activities. aliased: see Match.
    """

    kind: ClassVar[str] = "repeated"
    nobodys: ClassVar[bool] = False
    policy_type: ClassVar[PolicyType] = "repeated_activity"
    steps: ClassVar[tuple[Step, ...]] = ()
    held_in_order: ClassVar[int] = 0

    repeated: int
    within: int
    by: tuple[str, ...] = ("user",)
    single_app: bool = False
    unique: str | None = None
    aliased: tuple[Aliased, ...] = ()

    @property
    def looks_at(self) -> tuple[str, ...]:
        """See Match."""
        return (self.unique or "app",)

    @property
    def fewest(self) -> int:
        """See Match."""
        return self.repeated

    def value(self, activity: Activity, reader: RawReader, met: Sequence[int]) -> str | None:
        """See Match. Casefolded text where different values are counted."""
        unique = self.aliased[met[0]].unique if self.aliased else self.unique
        return different(unique, activity, reader) if unique else None  # of most policies: each activity is asked about

    def placed(self, entry: Entry) -> Entry:
        """See Match."""
        return entry

    def window_test(self, entries: list[Entry]) -> WindowTest:
        """See Match."""
        return (Number if self.unique is None else Different)(self.repeated, self.within, entries)

    def enough(self) -> Sql | None:
        """See Match."""
        return Sql("count(*) >= ?", [self.repeated]) if self.repeated > 1 else None

    @property
    def counts(self) -> str:
        """See Match."""
        return self.unique or "activities"

    @property
    def needed(self) -> int:
        """See Match."""
        return self.repeated

    def counted(self, entries: Sequence[Entry]) -> int:
        """See Match."""
        return len({entry.value for entry in entries} - {None}) if self.unique else len(entries)
