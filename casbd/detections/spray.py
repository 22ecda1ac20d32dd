"""A password spray: a log on from a network from which many others failed, or many failures from one address, whether or not one got in."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, StrictInt, model_validator

from casbd.counting.match import Match, Step
from casbd.documents import durations
from casbd.habits.anomaly import HOUR
from casbd.habits.sprayed import LONGEST, Sprayed
from casbd.habits.sprayed_from import AS_MANY, SprayedFrom
from casbd.habits.sprayed_from import LONGEST as LONGEST_FROM
from casbd.model.facts import Facts
from casbd.policies import evidence_words
from casbd.policies.counted_fields import Length, MatchKeys, between
from casbd.policies.kinds import Plain, detection


class SprayKeys(MatchKeys):
    """`match: {spray: 5, within: 12h}`, or `match: {spray: 5, within: 10m, by: ip_address}`."""

    spray: Annotated[StrictInt, Field(ge=2, le=50)]
    """So many other users failed to log on from the network (autonomous system, else block of addresses) from which this one, for whom it
    is new, logged on; and did not get in within an hour. A network from which six others logged on before is looked at block by block.
    With `by: ip_address`: so many users failed from an address (or others of its /24, of IPv6 its /48), whether or not one got in, who did
    not log on from there in the twelve hours before nor soon after; three times as many where people of the organization are usually."""
    within: Annotated[Length, between(1000, LONGEST)] = 12 * HOUR
    """So long before or after, at most 1d. With `by: ip_address` at most 3h; up to twice as long, as time is cut into such pieces."""

    @model_validator(mode="after")
    def _by_user_or_address(self) -> Self:
        if self.by not in (["user"], ["user_id"], ["ip_address"]) or self.single_app:
            raise ValueError("such a policy goes by `user` or by `ip_address`, in all apps")
        if self.by == ["ip_address"] and self.within > LONGEST_FROM:
            raise ValueError(f"by `ip_address` `within` is at most {durations.written(LONGEST_FROM)}")
        return self


@detection
class Spray(Plain):
    """A password spray that succeeded; by address any."""

    Options: ClassVar[type[MatchKeys]] = SprayKeys
    example: ClassVar[str] = "spray: 5"

    @classmethod
    def match(cls, keys: SprayKeys, steps: tuple[Step, ...], by: tuple[str, ...]) -> Match:  # noqa: ARG003
        """How many others."""
        if keys.by == ["ip_address"]:
            return SprayedFrom(spray=keys.spray, within=keys.within)
        return Sprayed(spray=keys.spray, within=keys.within, by=by, single_app=keys.single_app)

    @classmethod
    def meaning(cls, match: Sprayed | SprayedFrom, subject: str) -> str:
        """`a log on of a user from a network that is new for it, from which 5 others failed within 12h`."""
        length = durations.written(match.within)
        if isinstance(match, SprayedFrom):
            usual = f"{AS_MANY * match.spray} where people are usually"
            return f"{match.spray} users ({usual}) that failed to log on within {length} near one address, and did not get in there"
        return f"a log on of a {subject} from a network that is new for it, from which {match.spray} others failed within {length}"

    @classmethod
    def evidence(cls, match: Sprayed | SprayedFrom, facts: Facts, span: int) -> str:
        """`a@contoso.com fell: 2 log ons and 1 failed in 3 min from 203.0.113.7 (RU), from whose network 11 others failed within 12 h`."""
        if isinstance(match, SprayedFrom):
            return _from_one_address(facts, span)
        (part,) = facts.parts
        usual, user = facts.usual, evidence_words.listed(part["user"]) or "an account"
        failed = usual.get("failed", 0)
        succeeded = part.number - failed
        said = f"{user} fell: {succeeded} log on{'' if succeeded == 1 else 's'}" + (f" and {failed} failed" if failed else "")
        said += (evidence_words.lasting(usual.get("lasted", span)) if part.number > 1 else "") + evidence_words.place(part)
        within = evidence_words.length(match.within)
        return said + (f", from whose network {usual['others']} others failed within {within}" if usual else "")


def _from_one_address(facts: Facts, span: int) -> str:
    """`11 failed log ons by 9 users (a, b, c and 6 more) to Okta in 4 min from 203.0.113.7; 8 users failed who did not get in there`."""
    (part,) = facts.parts
    strangers = facts.usual.get("users", 0)
    said = evidence_words.done(part, named=True, users=strangers) + evidence_words.lasting(span) + evidence_words.place(part)
    if not facts.usual:
        return said
    usual = ", though people of the organization usually do" if facts.usual["usual"] else ""
    number = f"{'at least ' if part.partly else ''}{strangers:,}"  # of many by a sketch, which says rather too few
    return f"{said}; {number} users failed who did not get in there{usual}"
