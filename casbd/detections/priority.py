"""An investigation priority that rises past that of nearly all others (docs/priority.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, StrictFloat, StrictInt

from casbd.counting.match import Match, Step
from casbd.filters.reading import FilterReader
from casbd.filters.tree import AnyOf
from casbd.habits.rise import Rise
from casbd.model.facts import Facts
from casbd.policies.counted_fields import MatchKeys, OfOneUser
from casbd.policies.kinds import detection


def _whole(percentile: float) -> float:
    """As it is written, so that 99 has the same hash as ever."""
    return int(percentile) if percentile.is_integer() else percentile


class PriorityKeys(OfOneUser):
    """`match: {priority: 99, at_least: 150, people: 50}`."""

    priority: Annotated[StrictFloat, AfterValidator(_whole), Field(ge=50, lt=100, description="past this percentile of all users")]
    """Past this percentile of all users. It looks at alerts of other policies, not at activities: `filters` are left out."""
    at_least: Annotated[StrictInt, Field(ge=1, le=100_000)] = 150
    """With fewer points nobody is looked at."""
    people: Annotated[StrictInt, Field(ge=2, le=100_000_000)] = 50
    """Where fewer users were active in a week, a percentile says nothing."""


@detection
class Priority:
    """A rise of the investigation priority."""

    Options: ClassVar[type[MatchKeys]] = PriorityKeys
    schema: ClassVar[Mapping[str, Any]] = {}
    example: ClassVar[str] = "priority: 99"
    needs_filters: ClassVar[bool] = False

    @classmethod
    def steps(cls, given: Mapping[str, Any], filters: FilterReader) -> tuple[Step, ...]:  # noqa: ARG003  it has no filters of its own
        """One that no activity is: alerts are what it is about."""
        return (Step(filters=AnyOf(())),)

    @classmethod
    def match(cls, keys: PriorityKeys, steps: tuple[Step, ...], by: tuple[str, ...]) -> Match:  # noqa: ARG003
        """How far."""
        return Rise(priority=keys.priority, at_least=keys.at_least, people=keys.people, by=by, single_app=keys.single_app)

    @classmethod
    def meaning(cls, match: Rise, subject: str) -> str:
        """`alerts of one user that add up to more than those of 99 % of all users, and to 150 points at least`."""
        past = f"more than those of {match.priority:g} % of all users"
        return f"alerts of one {subject} that add up to {past}, and to {match.at_least} points at least"

    @classmethod
    def evidence(cls, match: Rise, facts: Facts, span: int) -> str:  # noqa: ARG003  a sum is of seven days, however long it lasts
        """`investigation priority 172 in 7 days (impossible-travel 90, role-member-added 82); nobody else of 240 users has as much`."""
        usual = facts.usual
        if not usual:
            return "investigation priority past that of nearly all others"
        parts = ", ".join(f"{policy} {adds}" for policy, adds in usual["parts"])
        number = usual["no_less"]
        others = "nobody else" if not number else f"{number} other{'s' * (number > 1)}"
        ha = "have" if number > 1 else "has"
        return f"investigation priority {usual['score']} in 7 days ({parts}); {others} of {usual['users']} users {ha} as much"
