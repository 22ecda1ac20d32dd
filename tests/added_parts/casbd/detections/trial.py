"""One subject at so many doors, in any window of a length of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import msgspec
from pydantic import Field, StrictInt

from casbd.counting.different_values import Different
from casbd.counting.match import Aliased, Match, Step
from casbd.counting.subjects import different
from casbd.counting.window_tests import WindowTest
from casbd.documents import durations
from casbd.filters.reading import FilterReader
from casbd.filters.sql import Sql
from casbd.model.activity import Activity
from casbd.model.alert import PolicyType
from casbd.model.counted import Entry
from casbd.model.facts import Facts
from casbd.policies.counted_fields import Length, MatchKeys
from casbd.policies.kinds import detection
from casbd.records.record_path import RawReader


class Doors(msgspec.Struct, frozen=True, kw_only=True):
    """So many doors."""

    kind: ClassVar[str] = "trial"
    policy_type: ClassVar[PolicyType] = "anomaly"
    nobodys: ClassVar[bool] = False
    steps: ClassVar[tuple[Step, ...]] = ()
    aliased: ClassVar[tuple[Aliased, ...]] = ()
    fewest: ClassVar[int] = 1
    held_in_order: ClassVar[int] = 0
    looks_at: ClassVar[tuple[str, ...]] = ("raw.door",)
    counts: ClassVar[str] = "doors"

    needed: int
    within: int
    by: tuple[str, ...]
    single_app: bool

    def value(self, activity: Activity, reader: RawReader, met: Sequence[int]) -> str | None:
        """The door."""
        return different("raw.door", activity, reader)

    def placed(self, entry: Entry) -> Entry:
        """As it is."""
        return entry

    def window_test(self, entries: list[Entry]) -> WindowTest:
        """So many different ones."""
        return Different(self.needed, self.within, entries)

    def enough(self) -> Sql | None:
        """As many activities as doors."""
        return Sql("count(*) >= ?", [self.needed])

    def counted(self, entries: Sequence[Entry]) -> int:
        """So many different ones."""
        return len({entry.value for entry in entries} - {None})


class TrialKeys(MatchKeys):
    """`match: {trial: 2, within: 5m}`."""

    trial: Annotated[StrictInt, Field(ge=2)]
    """So many doors."""
    within: Length
    """In any window of this length."""


@detection
class Trial:
    """Doors."""

    Options: ClassVar[type[MatchKeys]] = TrialKeys
    schema: ClassVar[Mapping[str, Any]] = {}
    example: ClassVar[str] = "trial: 2"
    needs_filters: ClassVar[bool] = True

    @classmethod
    def steps(cls, given: Mapping[str, Any], filters: FilterReader) -> tuple[Step, ...]:
        """None."""
        return ()

    @classmethod
    def match(cls, keys: TrialKeys, steps: tuple[Step, ...], by: tuple[str, ...]) -> Match:
        """How many."""
        return Doors(needed=keys.trial, within=keys.within, by=by, single_app=keys.single_app)

    @classmethod
    def meaning(cls, match: Doors, subject: str) -> str:
        """`activities of the same user at 2 doors within 5m`."""
        return f"activities of the same {subject} at {match.needed} doors within {durations.written(match.within)}"

    @classmethod
    def evidence(cls, match: Doors, facts: Facts, span: int) -> str:
        """How many it takes."""
        return f"At least {match.needed} doors"
