"""So many activities of one subject, or so many different values of a field, in any window of a length of time."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StrictInt

from casbd.counting.match import Match, Step
from casbd.counting.repeated import Repeated
from casbd.documents import durations
from casbd.model.facts import Facts, Part
from casbd.policies import evidence_words
from casbd.policies.counted_fields import Different, Length, MatchKeys
from casbd.policies.explain import name_of
from casbd.policies.kinds import Plain, detection
from casbd.policies.policy import is_of_one_user


class RepeatedKeys(MatchKeys):
    """`match: {repeated: 10, within: 5m}`."""

    repeated: Annotated[StrictInt, Field(ge=1, le=1_000_000, description="at least so many activities")]
    """At least so many activities."""
    within: Length
    """In any window of this length of event time: s, m, h, d."""
    unique: Different | None = None
    """Different values of this field are counted, in the place of activities."""


@detection
class RepeatedActivity(Plain):
    """Repeated activity."""

    Options: ClassVar[type[MatchKeys]] = RepeatedKeys
    example: ClassVar[str] = "repeated: 10"

    @classmethod
    def match(cls, keys: RepeatedKeys, steps: tuple[Step, ...], by: tuple[str, ...]) -> Match:  # noqa: ARG003
        """How many of which."""
        return Repeated(repeated=keys.repeated, within=keys.within, by=by, single_app=keys.single_app, unique=keys.unique)

    @classmethod
    def meaning(cls, match: Repeated, subject: str) -> str:
        """`10 activities of the same user within 5m`."""
        counted = f"activities with {match.repeated} different values of {name_of(match.unique)}" if match.unique else ""
        counted = counted or (f"{match.repeated} activities" if match.repeated > 1 else "each series of activities")
        subject += " (without one, of the same address)" if match.nobodys else ""
        return f"{counted} of the same {subject} within {durations.written(match.within)}"

    @classmethod
    def evidence(cls, match: Repeated, facts: Facts, span: int) -> str:
        """`11 failed log ons to Microsoft Entra ID in 4 min 12 s from 3 addresses in 2 countries (NO, SE)`."""
        (part,) = facts.parts
        said = evidence_words.done(part, named=not is_of_one_user(match) or match.unique == "user", on=_different(match.unique, part))
        said += _whose(match.by, part) + (evidence_words.lasting(span) if part.number > 1 else "") + evidence_words.place(part)
        return said + (evidence_words.why(part) if part.number == 1 else "")


_SAID = frozenset(
    {"user", "user_id", "ip_address", "country", "app", "app_instance", "action_type", "activity_type", "object_id", "object_name"}
)
"""Fields that each sentence has a place for."""


def _different(unique: str | None, part: Part) -> str:
    """` on 57 objects ("a", "b", "c" and 54 more)`."""
    if unique in ("object_id", "object_name"):
        return f" on {evidence_words.how_many(part, unique)} objects ({evidence_words.listed(part['object_name'], evidence_words.QUOTE)})"
    if unique is None or unique in _SAID or not len(part[unique]):
        return ""
    values = f" with {evidence_words.how_many(part, unique)} different values of {name_of(unique)}"
    shown = evidence_words.listed(part[unique])
    return values if shown.startswith(("{", "[")) else f"{values} ({shown})"  # JSON says nothing to people


def _whose(by: tuple[str, ...], part: Part) -> str:
    """Where it is counted by what the sentence has no other place for: ` for session id 4711`."""
    return "".join(f" for {name_of(field)} {evidence_words.listed(part[field])}" for field in by if field not in _SAID and len(part[field]))
