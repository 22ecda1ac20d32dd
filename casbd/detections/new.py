"""A value of a field that the subject did not have before, nor so many others of the organization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, StrictBool, StrictInt, model_validator

from casbd.counting.match import Match, Step
from casbd.documents import durations
from casbd.habits.anomaly import DAY, HOUR, Sensitivity
from casbd.habits.new_values import MOST_COMMON, NewValue
from casbd.habits.values_seen import SURE
from casbd.model.facts import Facts
from casbd.policies import evidence_words
from casbd.policies.counted_fields import Different, Fields, Length, MatchKeys, between
from casbd.policies.explain import name_of
from casbd.policies.kinds import Plain, detection
from casbd.policies.policy import is_of_one_user
from casbd.records.timestamps import iso

_LONGEST = 400 * DAY


class NewKeys(MatchKeys):
    """`match: {new: country, history: 60d, learning: 7d, unless_common: 3}`."""

    new: Fields
    """A value of this field (or path into the record; of several the first that is known) that the subject did not have before. One alert
    is its first day. The field of `by`: the first day of such activities at all, in whatever app (with `first_use`)."""
    history: Annotated[Length, between(SURE * HOUR, _LONGEST)] = 60 * DAY
    """So far back it is looked whether it had it (at least 7d)."""
    learning: Length = 7 * DAY
    """No alert in the first days of a subject. At high sensitivity there is one for what nobody in the organization had before."""
    unless_common: Annotated[StrictInt, Field(ge=1, le=MOST_COMMON)] | None = None
    """No alert for what so many others have had for as long as `learning` (with the device that the subject always has: what so many have
    who are active for so long). Guests and users of other domains are not among them."""
    familiar: Different | None = None
    """A field, such as user_agent, whose values somebody who moves takes along: no alert where all is done with those that the subject
    had before or a managed device has, and nothing with another value in the ten hours after (but from a phone). Not asked at high
    sensitivity."""
    sessions: Fields | None = None
    """Path into the record (of several the first that is known) with the id of the session that a log on is of. Who nearly always goes on
    in one of an earlier day is not spared by `familiar` where all begin and nobody else of the organization was."""
    first_use: StrictBool = False
    """What a subject without any history has is news, too, as soon as it is known for `learning` what others have: of what few do."""
    domains_only: StrictBool = False
    """Of all addresses in these fields only the domains count, and the user's own is no news: where mail is forwarded to."""
    sensitivity: Sensitivity = "medium"
    """low: what anybody else had is no news either. high: without `familiar`, and also of who is new."""

    @model_validator(mode="after")
    def _so_long(self) -> Self:
        if self.learning > self.history:
            raise ValueError("`learning` is not longer than `history`")
        if self.sessions and (self.new != ["country"] or self.familiar != "user_agent"):
            raise ValueError("`sessions` belongs to `new: country` with `familiar: user_agent`")
        if set(self.new) <= set(self.by) and not self.first_use:
            raise ValueError(f"`new: {self.new[0]}` is of who did none of this before, so `first_use: true` belongs to it")
        return self


@detection
class New(Plain):
    """A new value."""

    Options: ClassVar[type[MatchKeys]] = NewKeys
    example: ClassVar[str] = "new: country"

    @classmethod
    def match(cls, keys: NewKeys, steps: tuple[Step, ...], by: tuple[str, ...]) -> Match:  # noqa: ARG003
        """Which value of what."""
        return NewValue(
            new=tuple(keys.new),
            history=keys.history,
            learning=keys.learning,
            unless_common=keys.unless_common,
            familiar=keys.familiar,
            sessions=tuple(keys.sessions or ()),
            first_use=keys.first_use,
            domains_only=keys.domains_only,
            sensitivity=keys.sensitivity,
            by=by,
            single_app=keys.single_app,
        )

    @classmethod
    def meaning(cls, match: NewValue, subject: str) -> str:
        """`activities of a user with a country that it did not have in 60d, nor 3 others`."""
        common = f", nor {match.unless_common} others" if match.unless_common else ""
        moved = f" (unless its {name_of(match.familiar)} is known and it stays there)" if match.familiar else ""
        length = durations.written(match.history)
        if match.at_all:
            return f"first activities of one {subject}, of which there was none in {length}{common}{moved}"
        names = " or ".join(map(name_of, match.new))
        return f"activities of one {subject} with a {names} that it did not have in {length}{common}{moved}"

    @classmethod
    def evidence(cls, match: NewValue, facts: Facts, span: int) -> str:  # noqa: ARG003  a first day is never longer
        """`3 log ons to Okta from 203.0.113.7 (BR); country BR is new: on 41 days since 2026-01-05 only NO and SE; nobody else ...`."""
        (part,) = facts.parts
        said = evidence_words.done(part, named=not is_of_one_user(match)) + evidence_words.place(part)
        usual = facts.usual
        if not usual:
            return said
        if match.at_all:
            return f"{said}; none of this in {durations.written(match.history)} before; {_others(usual, 'did so')}"
        field = match.new[0]
        name, values = "domain" if match.domains_only else name_of(field), [_shown(field, value) for value in usual["before"]]
        before = f" only {' and '.join(filter(None, (', '.join(values[:-1]), *values[-1:])))}" if values else " none"
        if match.first_use and not values:
            told = f"{said}; {name} {_shown(field, usual['value'])} is new, as all of this is"
            return f"{told}; {_others(usual)}"
        said += f"; {name} {_shown(field, usual['value'])} is new: on {usual['days']} days since {iso(usual['since'])[:10]}{before}"
        if usual["elsewhere"]:
            said += ", and one of these in the same hours, too, where a journey would be without"
        elif usual.get("unmanaged"):
            said += ", always with a managed device, but not here"
        elif usual["strange"] and match.familiar:
            said += f", never with this {name_of(match.familiar)}"
        elif usual.get("began"):
            said += ", nearly always in a session of an earlier day, but not here"
        return f"{said}; {_others(usual)}"


def _others(usual: Mapping[str, Any], verb: str = "had it") -> str:
    """`3 others in the organization had it on an earlier day, 2 of them for some days only`."""
    number, lately = usual["others"], usual.get("lately", 0)
    who = f"{number if number < MOST_COMMON else f'at least {MOST_COMMON}'} other{'' if number == 1 else 's'}" if number else "nobody else"
    told = f"{who} in the organization {verb} on an earlier day"
    which = "" if number == 1 else "all of them " if lately == number else f"{lately} of them "
    return f"{told}, {which}for some days only" if lately else told


def _shown(field: str, value: str) -> str:
    return value.upper() if field == "country" else value
