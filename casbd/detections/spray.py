"""A log on from a network from which many others failed: of a password spray the one that succeeded."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StrictInt

from casbd.counting.match import Match, Step
from casbd.documents import durations
from casbd.habits.anomaly import HOUR
from casbd.habits.sprayed import LONGEST, Sprayed
from casbd.model.facts import Facts
from casbd.policies import evidence_words
from casbd.policies.counted_fields import Length, MatchKeys, OfOneUser, between
from casbd.policies.kinds import Plain, detection


class SprayKeys(OfOneUser):
    """`match: {spray: 5, within: 12h}`."""

    spray: Annotated[StrictInt, Field(ge=2, le=50)]
    """So many other users failed to log on from the network (autonomous system, else block of addresses) from which this one, for whom it
    is new, logged on; and did not get in within an hour. A network from which six others logged on before is looked at block by block."""
    within: Annotated[Length, between(1000, LONGEST)] = 12 * HOUR
    """So long before or after, at most 1d."""


@detection
class Spray(Plain):
    """A password spray that succeeded."""

    Options: ClassVar[type[MatchKeys]] = SprayKeys
    example: ClassVar[str] = "spray: 5"

    @classmethod
    def match(cls, keys: SprayKeys, steps: tuple[Step, ...], by: tuple[str, ...]) -> Match:  # noqa: ARG003
        """How many others."""
        return Sprayed(spray=keys.spray, within=keys.within, by=by, single_app=keys.single_app)

    @classmethod
    def meaning(cls, match: Sprayed, subject: str) -> str:
        """`a log on of a user from a network that is new for it, from which 5 others failed within 12h`."""
        length = durations.written(match.within)
        return f"a log on of a {subject} from a network that is new for it, from which {match.spray} others failed within {length}"

    @classmethod
    def evidence(cls, match: Sprayed, facts: Facts, span: int) -> str:
        """`a@contoso.com fell: 2 log ons and 1 failed in 3 min from 203.0.113.7 (RU), from whose network 11 others failed within 12 h`."""
        (part,) = facts.parts
        usual, user = facts.usual, evidence_words.listed(part["user"]) or "an account"
        failed = usual.get("failed", 0)
        succeeded = part.number - failed
        said = f"{user} fell: {succeeded} log on{'' if succeeded == 1 else 's'}" + (f" and {failed} failed" if failed else "")
        said += (evidence_words.lasting(usual.get("lasted", span)) if part.number > 1 else "") + evidence_words.place(part)
        within = evidence_words.length(match.within)
        return said + (f", from whose network {usual['others']} others failed within {within}" if usual else "")
