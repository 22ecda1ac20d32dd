"""Activities of one subject, one after the other, within a length of time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import StrictBool, model_validator

from casbd.counting.match import Match, Step
from casbd.counting.sequenced import MOST_REPEATED, MOST_STEPS, Sequenced
from casbd.documents import Where, durations
from casbd.filters.reading import FilterReader
from casbd.filters.tree import AllOf
from casbd.model.facts import Facts, Part
from casbd.policies import evidence_words
from casbd.policies.counted_fields import Length, MatchKeys
from casbd.policies.explain import clause
from casbd.policies.kinds import detection
from casbd.policies.policy import is_of_one_user

_NO_STEP = {
    "filters": "write the fields themselves: {activity_type: {eq: Log on}}",
    "repeat": "did you mean `repeated`?",
    "count": "did you mean `repeated`?",
    "within": "it stands beside `sequence`, for all steps",
    "by": "it stands beside `sequence`, for all steps",
}
_SCHEMA = {
    "type": "array",
    "items": {"$ref": "#/$defs/step"},
    "minItems": 2,
    "maxItems": MOST_STEPS,
    "description": "these, one after the other",
}


class SequenceKeys(MatchKeys):
    """`match: {sequence: [{...}, {...}], within: 1h}`."""

    sequence: list[dict[str, Any]]
    """These, one after the other; each has filters, and perhaps `repeated`: so many activities."""
    within: Length
    """From the first to the last: s, m, h, d of event time."""
    any_order: StrictBool = False
    """It does not matter which comes first."""

    @model_validator(mode="after")
    def _so_many(self) -> Self:
        if not 2 <= len(self.sequence) <= MOST_STEPS:
            raise ValueError(f"a sequence has 2 to {MOST_STEPS} steps")
        return self


@detection
class Sequence:
    """A sequence."""

    Options: ClassVar[type[MatchKeys]] = SequenceKeys
    schema: ClassVar[Mapping[str, Any]] = {"sequence": _SCHEMA}
    example: ClassVar[str] = "sequence: [{...}, {...}]"
    needs_filters: ClassVar[bool] = False

    @classmethod
    def steps(cls, given: Mapping[str, Any], filters: FilterReader) -> tuple[Step, ...]:
        """Each filters and perhaps `repeated`; what has another shape is told when the keys are checked."""
        sequence = given["sequence"]
        steps = enumerate(sequence if isinstance(sequence, list) else ())
        return tuple(_step(step, ["match", "sequence", index], filters) for index, step in steps if isinstance(step, dict))

    @classmethod
    def match(cls, keys: SequenceKeys, steps: tuple[Step, ...], by: tuple[str, ...]) -> Match:
        """Which, and in which order."""
        return Sequenced(steps=steps, within=keys.within, by=by, single_app=keys.single_app, any_order=keys.any_order)

    @classmethod
    def meaning(cls, match: Sequenced, subject: str) -> str:
        """`activities of the same user within 1h: 10 where ..., then one where ...`."""
        told = (", and " if match.any_order else ", then ").join(
            f"{step.repeated if step.repeated > 1 else 'one'} where {clause(step.filters)}" for step in match.steps
        )
        order = " (in any order)" if match.any_order else ""
        return f"activities of the same {subject} within {durations.written(match.within)}: {told}{order}"

    @classmethod
    def evidence(cls, match: Sequenced, facts: Facts, span: int) -> str:
        """`10 failed log ons to Microsoft Entra ID from 203.0.113.7 (NO), then a successful one, in 4 min 12 s`."""
        named = not is_of_one_user(match)
        said, before = [], None
        for part in facts.parts:
            said.append(_said(part, before, named=named))
            before = part
        return (", and " if match.any_order else ", then ").join(said) + f",{evidence_words.lasting(span)}"


def _said(part: Part, before: Part | None, *, named: bool) -> str:
    """One step; where it came from only where that is another place than that of the step before."""
    where = evidence_words.place(part)
    if before is None:
        return evidence_words.done(part, named=named) + where
    where = "" if where == evidence_words.place(before) else where
    again = evidence_words.log_ons_after_failed(part, before)
    if again and part["app"].first.keys() == before["app"].first.keys():
        users = evidence_words.several(part, "user", "user")
        return again + (f" by {users}" if named and users else "") + where
    return evidence_words.done(part, named=named) + where


def _step(given: Mapping[str, Any], where: Where, filters: FilterReader) -> Step:
    repeated = given.get("repeated", 1)
    if not isinstance(repeated, int) or isinstance(repeated, bool) or not 1 <= repeated <= MOST_REPEATED:
        filters.wrong([*where, "repeated"], f"`repeated` of a step is never `{repeated}`", f"a whole number from 1 to {MOST_REPEATED}")
        repeated = 1
    fields = {key: value for key, value in given.items() if key != "repeated"}
    for key in _NO_STEP.keys() & fields.keys():
        filters.wrong([*where, key], f"`{key}` is no part of a step", _NO_STEP[key], at_key=True)
        del fields[key]
    tree = filters.read(fields, where) if fields else None
    if not given.keys() - {"repeated"}:
        filters.wrong(where, "a step without filters", "such as {activity_type: {eq: Log on}}")
    return Step(filters=tree or AllOf(()), repeated=repeated)
