"""More activities, or more different values, in a session than a subject's own history and that of others explain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr, WithJsonSchema, model_validator

from casbd.counting.match import Match, Step
from casbd.documents import durations
from casbd.habits.anomaly import DAY, HOUR, Sensitivity
from casbd.habits.known_places import Users
from casbd.habits.unusual import Unusual
from casbd.model.facts import Facts, Part
from casbd.policies import evidence_words
from casbd.policies.counted_fields import Different, Length, MatchKeys, different, fields_schema
from casbd.policies.explain import name_of
from casbd.policies.kinds import Plain, detection
from casbd.policies.policy import is_of_one_user
from casbd.records.timestamps import iso

ACTIVITIES = "activities"
_SHORTEST, _LONGEST = HOUR, 6 * HOUR
MOST_COMMON = Users.MOST - 1
"""`unless_common` asks for no more others."""
_AT_LEAST = Field(ge=2, le=1_000_000)


def _counted(name: str) -> str:
    return name if name == ACTIVITIES else different(name)


def _session(length: int) -> int:
    if not _SHORTEST <= length <= _LONGEST:
        raise ValueError("a session is 1h to 6h long")
    return length


def _learning(length: int) -> int:
    if length > 60 * DAY:
        raise ValueError("at most 60d")
    return length


class UnusualKeys(MatchKeys):
    """`match: {unusual: activities, session: 1h, at_least: 20, learning: 7d, sensitivity: medium}`."""

    unusual: Annotated[
        StrictStr,
        AfterValidator(_counted),
        WithJsonSchema({"anyOf": [{"const": ACTIVITIES}, *fields_schema(different)["anyOf"]]}),
    ]
    """What is counted: `activities`, or different values of this field."""
    session: Annotated[Length, AfterValidator(_session)] = HOUR
    """In a window of this length: 1h to 6h of event time. An alert is of all windows that are not an hour apart, if it is 1h."""
    at_least: Annotated[StrictInt, _AT_LEAST] = 20
    """Fewer are never unusual."""
    first_time: Annotated[StrictInt, _AT_LEAST] | None = None
    """Unless it is so many of a subject that did it on two days at most: for what is not everybody's work."""
    learning: Annotated[Length, AfterValidator(_learning)] = 7 * DAY
    """So long nothing is unusual, as nobody's history is known yet; at most 60d."""
    while_learning: Annotated[StrictInt, _AT_LEAST] | None = None
    """Unless it is so many."""
    sensitivity: Sensitivity = "medium"
    """What explains a lot: the subject's and others' busiest sessions (low); the subject's repeated, weekly and monthly ones, and what is
    usual for others (medium); only what the subject does on most days, and is usual for others (high)."""
    unknown: Different | None = None
    """A field that says where, such as `asn` (without a value, or of `ip_address`, its network): only failures are counted, at places
    where the subject had no success three days before or earlier. The filters must let successes through, too."""
    unless_common: Annotated[StrictInt, Field(ge=1, le=MOST_COMMON)] | None = None
    """With `unknown`: where so many others had a success on two days each, as at a carrier's of telephones, it takes three times as many
    failures. Of different objects: what so many others do as much of in the same folder (a site, or the first two folders of a path), from
    four days before to ten hours afterwards, is explained, as at a month's end."""

    then_succeeded: StrictBool = False
    """With `unknown`: only where one then succeeded at such a place: what was tried was guessed."""

    @model_validator(mode="after")
    def _of_places(self) -> Self:
        if self.unless_common is not None and self.unusual != ("object_id" if self.unknown is None else ACTIVITIES):
            raise ValueError("`unless_common` asks where activities fail, with `unknown`, or where objects are, with `unusual: object_id`")
        if self.then_succeeded and (self.unknown is None or self.unusual != ACTIVITIES):
            raise ValueError("`then_succeeded` asks where activities fail, with `unknown`")
        return self


@detection
class UnusualAmount(Plain):
    """An unusual amount."""

    Options: ClassVar[type[MatchKeys]] = UnusualKeys
    example: ClassVar[str] = "unusual: activities"

    @classmethod
    def match(cls, keys: UnusualKeys, steps: tuple[Step, ...], by: tuple[str, ...]) -> Match:  # noqa: ARG003
        """How much of what is unusual."""
        return Unusual(
            unique=None if keys.unusual == ACTIVITIES else keys.unusual,
            session=keys.session,
            at_least=keys.at_least,
            first_time=keys.first_time,
            learning=keys.learning,
            while_learning=keys.while_learning,
            sensitivity=keys.sensitivity,
            unknown=keys.unknown,
            unless_common=keys.unless_common,
            then_succeeded=keys.then_succeeded,
            by=by,
            single_app=keys.single_app,
        )

    @classmethod
    def meaning(cls, match: Unusual, subject: str) -> str:
        """`at least 20 activities of the same user within 1h, and more than its own history and that of others explain`."""
        counted = f"activities with at least {match.at_least} different values of {name_of(match.unique)}" if match.unique else ""
        counted = counted or f"at least {match.at_least} activities"
        if match.first_time:
            counted += f" ({match.first_time} of who hardly ever did it)"
        if match.unknown:
            common = f" (thrice as many where {match.unless_common} others did)" if match.unless_common else ""
            counted += f" that failed where (by {name_of(match.unknown)}) none succeeded before{common},"
            counted += " then one that succeeded there," if match.then_succeeded else ""
        elif match.unless_common:
            counted += f", beside what {match.unless_common} others do in the same folder,"
        learning = f" (in the first {durations.written(match.learning)}: {f'{match.while_learning}' if match.while_learning else 'never'})"
        return (
            f"{counted} of the same {subject} within {durations.written(match.session)}{learning if match.learning else ''},"
            f" and more than its own history and that of others explain at sensitivity {match.sensitivity}"
        )

    @classmethod
    def evidence(cls, match: Unusual, facts: Facts, span: int) -> str:
        """`Download file 412 times on 410 objects from 14:02 to 14:31 UTC; 412 in 1h, on 29 days before never more than 23`."""
        (part,) = facts.parts
        usual = facts.usual
        fields = {name: values for name, values in part.fields.items() if name != "object_name" or not part.partly}
        known = Part(part.number, fields.items())  # of most only the number is kept: which others there are is said once
        said = evidence_words.done(known, named=not is_of_one_user(match) or match.unique == "user", on=_objects(match, part, usual))
        said += evidence_words.place(part)
        if not usual:
            return said + evidence_words.lasting(span)
        before = _before(match, usual)
        if "entered" in usual:
            from_to = _times(usual["from"], usual["to"])
            return f"{_failures(part)} from {from_to}, then a successful one at {iso(usual['entered'])[11:16]}; {before}"
        return f"{said} from {_times(usual['from'], usual['to'])}; {before}"


def _failures(part: Part) -> str:
    """`14 failed log ons to Microsoft Entra ID from 203.0.113.7 (NO)`: all but the one that succeeded."""
    what = "failed log ons" if "Failed log on" in part[evidence_words.ACTIVITY].first else "activities that failed"
    apps = evidence_words.listed(part["app"]) if len(part["app"]) else ""
    return f"{part.number - 1:,} {what}" + (f" to {apps}" if apps else "") + evidence_words.place(part)


def _objects(match: Unusual, part: Part, usual: Mapping[str, Any]) -> str:
    """` on 412 objects, such as "a" and "b"`; of other fields ` with 12 different values of country`."""
    if match.unique is None or not usual:
        return ""
    if match.unique not in ("object_id", "object_name"):
        return f" with {usual['all']:,} different values of {name_of(match.unique)}"
    some = [f'"{name}"' for name in part["object_name"].earliest()[:2]]
    return f" on {usual['all']:,} objects" + (f" such as {' and '.join(some)}" if some else "")


def _times(first: int, last: int) -> str:
    """`14:02 to 14:31 UTC`, of another day with that."""
    begin, end = iso(first), iso(last)
    return (
        f"{begin[11:16]} to {end[11:16]} UTC" if begin[:10] == end[:10] else f"{begin[:10]} {begin[11:16]} to {end[:10]} {end[11:16]} UTC"
    )


def _before(match: Unusual, usual: Mapping[str, Any]) -> str:
    """`at most 380 in 1h; on 29 days before never more than 23; most others at most 61`."""
    days, own, most, others = usual["days"], usual["own"], usual["before"], usual["others"]
    on = f"on {days} day{'' if days == 1 else 's'} before"
    if not days:
        history = "on no day before"
    elif own == most:
        history = f"{on} never more than {own:,}"
    else:
        history = f"{on} at most {most:,}" + (f", mostly not more than {own:,}" if days > 1 else "")
    if others is not None:
        history += f"; others in their first week often {others:,}"
    elif match.unknown is None and not usual["learned"]:
        history += "; nothing is known of others yet"
    return f"{usual['most']:,} in {durations.written(match.session)}, {history}"
