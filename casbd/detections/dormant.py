"""An account that was active, was not for long, and is again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, StrictInt, model_validator

from casbd.counting.match import Match, Step
from casbd.documents import durations
from casbd.filters.reading import FilterReader
from casbd.habits.anomaly import HOUR
from casbd.habits.values_seen import SURE
from casbd.habits.waking import Waking
from casbd.model.facts import Facts
from casbd.policies import evidence_words
from casbd.policies.counted_fields import Different, Length, MatchKeys
from casbd.policies.kinds import detection
from casbd.policies.policy import is_of_one_user
from casbd.records.timestamps import iso


class DormantKeys(MatchKeys):
    """`match: {dormant: 60d}`."""

    dormant: Length
    """Active again after so long without any activity that meets the filters (at least 8d). One alert is its first day."""
    active_days: Annotated[StrictInt, Field(ge=1, le=365)] = 1
    """On so many days it was active before it fell asleep."""
    familiar: Different | None = None
    """A field, such as user_agent: no alert where most of its first day is done with values that it had before. Then it is the owner who is
    back."""

    @model_validator(mode="after")
    def _so_long(self) -> Self:
        if self.dormant <= SURE * HOUR:
            raise ValueError("`dormant` is at least 8d")
        return self


@detection
class Dormant:
    """A dormant account."""

    Options: ClassVar[type[MatchKeys]] = DormantKeys
    schema: ClassVar[Mapping[str, Any]] = {}
    example: ClassVar[str] = "dormant: 60d"
    needs_filters: ClassVar[bool] = True

    @classmethod
    def steps(cls, given: Mapping[str, Any], filters: FilterReader) -> tuple[Step, ...]:  # noqa: ARG003  it has no filters of its own
        """None."""
        return ()

    @classmethod
    def match(cls, keys: DormantKeys, steps: tuple[Step, ...], by: tuple[str, ...]) -> Match:  # noqa: ARG003
        """How long it slept."""
        return Waking(dormant=keys.dormant, fewest=keys.active_days, familiar=keys.familiar, by=by, single_app=keys.single_app)

    @classmethod
    def meaning(cls, match: Waking, subject: str) -> str:
        """`activities of a user that was not active for 60d`."""
        return f"activities of one {subject} that was active once, and was not for {durations.written(match.dormant)}"

    @classmethod
    def evidence(cls, match: Waking, facts: Facts, span: int) -> str:  # noqa: ARG003  a first day is never longer
        """`3 log ons to Okta from 203.0.113.7 (NO); not active for 74 days, since 2026-01-05; before that on 12 days`."""
        (part,) = facts.parts
        said = evidence_words.done(part, named=not is_of_one_user(match)) + evidence_words.place(part)
        usual = facts.usual
        if not usual:
            return said
        first = min(part["app"].first.values(), default=usual["asleep_since"])
        slept = max((first - usual["asleep_since"]) // (24 * HOUR), match.dormant // (24 * HOUR))
        days = usual["days"]
        return f"{said}; not active for {slept} days, since {iso(usual['asleep_since'])[:10]}; before that on {days} day{'s' * (days != 1)}"
