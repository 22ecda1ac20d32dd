"""A name that imitates another one."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, StrictStr

from casbd.counting.match import Match, Step
from casbd.documents.wording import nearest
from casbd.habits.lookalikes import Lookalike
from casbd.model.facts import Facts
from casbd.policies import evidence_words
from casbd.policies.counted_fields import Fields, MatchKeys
from casbd.policies.explain import name_of
from casbd.policies.kinds import Plain, detection
from casbd.policies.policy import is_of_one_user

ORGANIZATION: Literal["organization"] = "organization"
_MOST = 1000
_Names = Annotated[list[Annotated[StrictStr, Field(min_length=1)]], Field(min_length=1, max_length=_MOST)]


def _known_names(given: Any) -> Any:
    """So that what is wrong is told once, and not for each of what it may be."""
    names = given if isinstance(given, list) else []
    if given == ORGANIZATION or (0 < len(names) <= _MOST and all(isinstance(name, str) and name for name in names)):
        return given
    hint = nearest(given, [ORGANIZATION]) if isinstance(given, str) else ""
    told = f"should be {ORGANIZATION}, or a list of 1 to {_MOST} names, such as [Microsoft Teams, DocuSign]"
    raise ValueError(f"{told} ({hint})" if hint.startswith("did") else told)


class LookalikeKeys(MatchKeys):
    """`match: {lookalike: object_name, of: organization}`."""

    lookalike: Fields
    """A name in this field (of several the first that is known) that imitates another one: with letters of other alphabets, with others
    that look alike, or with one letter changed. One alert is its first day."""
    of: Annotated[Literal["organization"] | _Names, BeforeValidator(_known_names)] = ORGANIZATION
    """Which names are imitated: organization, those that anybody in it has used on an earlier day and those that everybody knows; or a
    list."""


@detection
class Imitation(Plain):
    """A name that imitates another one."""

    Options: ClassVar[type[MatchKeys]] = LookalikeKeys
    example: ClassVar[str] = "lookalike: object_name"

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
