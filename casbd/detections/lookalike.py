"""A name that imitates another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, StrictStr, WithJsonSchema

from casbd.counting.match import Match, Step
from casbd.filters.reading import FilterReader
from casbd.habits.lookalikes import Lookalike
from casbd.model.facts import Facts
from casbd.policies import evidence_words
from casbd.policies.counted_fields import Different, MatchKeys, as_list, different, fields_schema
from casbd.policies.explain import name_of
from casbd.policies.kinds import detection
from casbd.policies.policy import is_of_one_user

_FIELD = fields_schema(different)
_Names = Annotated[list[Annotated[StrictStr, Field(min_length=1)]], Field(min_length=1, max_length=1000)]


class LookalikeKeys(MatchKeys):
    """`match: {lookalike: object_name, of: organization}`."""

    lookalike: Annotated[
        list[Different],
        BeforeValidator(as_list),
        Field(min_length=1, max_length=10),
        WithJsonSchema({"anyOf": [_FIELD, {"type": "array", "items": _FIELD, "minItems": 1, "maxItems": 10}]}),
    ]
    """A name in this field (of several the first that is known) that imitates another one: with letters of other alphabets, with others
    that look alike, or with one letter changed. One alert is its first day."""
    of: Literal["organization"] | _Names = "organization"
    """Which names are imitated: organization, those that anybody in it has used on an earlier day and those that everybody knows; or a
    list."""


@detection
class Imitation:
    """A name that imitates another one."""

    Options: ClassVar[type[MatchKeys]] = LookalikeKeys
    schema: ClassVar[Mapping[str, Any]] = {}
    example: ClassVar[str] = "lookalike: object_name"
    needs_filters: ClassVar[bool] = True

    @classmethod
    def steps(cls, given: Mapping[str, Any], filters: FilterReader) -> tuple[Step, ...]:  # noqa: ARG003  it has no filters of its own
        """None."""
        return ()

    @classmethod
    def match(cls, keys: LookalikeKeys, steps: tuple[Step, ...], by: tuple[str, ...]) -> Match:  # noqa: ARG003
        """Names of what, and which they imitate."""
        of = () if isinstance(keys.of, str) else tuple(keys.of)
        return Lookalike(lookalike=tuple(keys.lookalike), of=of, by=by, single_app=keys.single_app)

    @classmethod
    def meaning(cls, match: Lookalike, subject: str) -> str:
        """`activities of one user with an object name that imitates one that the organization or everybody knows`."""
        of = f"one of {len(match.of)} names" if match.of else "one that the organization or everybody knows"
        return f"activities of one {subject} with a {' or '.join(map(name_of, match.lookalike))} that imitates {of}"

    @classmethod
    def evidence(cls, match: Lookalike, facts: Facts, span: int) -> str:  # noqa: ARG003  a first day is never longer
        """`Consent to application "Micros0ft Teams" in ...; the name micros0ft teams imitates Microsoft Teams`."""
        (part,) = facts.parts
        said = evidence_words.done(part, named=not is_of_one_user(match)) + evidence_words.place(part)
        usual = facts.usual
        if not usual:
            return said
        imitates = f" imitates {usual['of']}" if usual["of"] else ""
        disguised = "has letters of another alphabet, or some that nobody sees" if usual["disguised"] else ""
        joined = " and".join(filter(None, (imitates, f" {disguised}" if disguised else "")))
        return f"{said}; the name {usual['name']}{joined}"
