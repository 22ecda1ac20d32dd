"""Activity of a subject after something happened to it (it was deleted, say), or after it did something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from casbd.counting.match import Match, Step
from casbd.documents import durations
from casbd.filters.reading import FilterReader
from casbd.filters.tree import AllOf
from casbd.habits.afterwards import Afterwards, Role
from casbd.model.facts import Facts
from casbd.policies import evidence_words
from casbd.policies.counted_fields import Length, MatchKeys, OfOneUser
from casbd.policies.explain import clause
from casbd.policies.kinds import detection
from casbd.policies.policy import is_of_one_user
from casbd.records.timestamps import iso

_FILTERS = {"$ref": "#/$defs/filters"}


class AfterKeys(OfOneUser):
    """`match: {after: {activity_type: {eq: Delete user}}, as: object, within: 90d}`."""

    after: dict[str, Any]
    """What happened before: filters. Those beside `match` say which activities afterwards are looked at."""
    as_: Role = Field("object", alias="as")
    """object: it happened to the user (who is known as the one who acts afterwards, in any app); actor: the user did it."""
    within: Length
    """So long afterwards at most."""
    until: dict[str, Any] | None = None
    """Filters of what ends it: the account is restored or made anew."""
    grace: Length = 0
    """What is done so soon afterwards is no news: sessions may live on for an hour. What is done in the same hour of the clock never is."""


@detection
class After:
    """Activity after something."""

    Options: ClassVar[type[MatchKeys]] = AfterKeys
    schema: ClassVar[Mapping[str, Any]] = {"after": _FILTERS, "until": _FILTERS}
    example: ClassVar[str] = "after: {...}"
    needs_filters: ClassVar[bool] = True

    @classmethod
    def steps(cls, given: Mapping[str, Any], filters: FilterReader) -> tuple[Step, ...]:
        """What happened, and what ends it."""
        parts = [(name, given.get(name)) for name in ("after", "until") if isinstance(given.get(name), dict)]
        return tuple(Step(filters=filters.read(part, ["match", name]) or AllOf(())) for name, part in parts)

    @classmethod
    def match(cls, keys: AfterKeys, steps: tuple[Step, ...], by: tuple[str, ...]) -> Match:
        """What happened, and what is done afterwards."""
        return Afterwards(steps=steps, role=keys.as_, within=keys.within, ends=keys.until is not None, grace=keys.grace, by=by)

    @classmethod
    def meaning(cls, match: Afterwards, subject: str) -> str:
        """`activities of a user where ..., within 90d after one where ... was done to it`."""
        done = "was done to it" if match.role == "object" else "was done by it"
        ended = f", unless one where {clause(match.steps[1].filters)} ended that" if match.ends else ""
        said = f"activities of one {subject} where {clause(match.steps[-1].filters)}, within {durations.written(match.within)} after"
        return f"{said} one where {clause(match.steps[0].filters)} {done}{ended}"

    @classmethod
    def evidence(cls, match: Afterwards, facts: Facts, span: int) -> str:
        """`3 activities in AWS from 203.0.113.7 (NO), 4 d 2 h after Delete user in Microsoft Entra ID by admin@...`."""
        part = facts.parts[-1]
        said = evidence_words.done(part, named=not is_of_one_user(match)) + evidence_words.place(part)
        usual = facts.usual
        if not usual:
            return said
        where = "".join(f" {word} {usual[key]}" for word, key in (("in", "app"), ("by", "by")) if usual[key])
        lasting = evidence_words.lasting(span) if part.number > 1 else ""
        return f"{said}{lasting}, after {usual['what']}{where} at {iso(usual['at'])[:16].replace('T', ' ')}"
