"""An account that was active, was not for long, and is again."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StrictInt

from casbd.counting.match import Match, Step
from casbd.documents import durations
from casbd.habits.anomaly import DAY, HOUR
from casbd.habits.values_seen import SURE
from casbd.habits.waking import Waking
from casbd.model.facts import Facts
from casbd.policies import evidence_words
from casbd.policies.counted_fields import Different, Length, MatchKeys, between
from casbd.policies.kinds import Plain, detection
from casbd.policies.policy import is_of_one_user
from casbd.records.timestamps import iso


class DormantKeys(MatchKeys):
    """`match: {dormant: 60d}`."""

    dormant: Annotated[Length, between((SURE // 24 + 1) * DAY, 10 * 365 * DAY)]
    """Active again after so long without any activity that meets the filters (at least 8d). One alert is its first day."""
    active_days: Annotated[StrictInt, Field(ge=1, le=365)] = 1
    """On so many days it was active before it fell asleep."""
    familiar: Different | None = None
    """A field, such as user_agent: no alert where most of its first day is done with values that it had before, or that a managed
    device has, or in a block of addresses that it had, other than rented servers'. Then it is the owner who is back."""


@detection
class Dormant(Plain):
    """A dormant account."""

    Options: ClassVar[type[MatchKeys]] = DormantKeys
    example: ClassVar[str] = "dormant: 60d"

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
