"""The kinds of `match:` of a rule file: each is one file of `casbd/detections/`, named as its key there.

@detection
class Repeated: ...         # casbd/detections/repeated.py is `match: {repeated: 10, within: 5m}`
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar, cast

from pydantic import BaseModel, ValidationError, create_model
from pydantic.fields import FieldInfo

from casbd.counting.match import Match, Step
from casbd.documents import Document, nearest
from casbd.errors import Mistake
from casbd.filters.reading import FilterReader
from casbd.model.facts import Facts
from casbd.plugins import registry
from casbd.policies.counted_fields import MatchKeys


class Detection(Protocol):
    """One kind of `match:`.

    Options: the keys that may stand in `match:`, its own name among them; each with what it is below it. schema: the JSON Schema of those
    whose type does not tell it (`#/$defs/step`: filters and perhaps `repeated`). example: of these, as it is shown to whoever wrote
    none. needs_filters: `filters:` cannot be left out. Where it has steps as well, these say what else it looks at, and the filters are
    the last step; else each step's activities must meet the filters, too. What is counted, and when it is a window, says the Match that
    `match` makes.
    """

    schema: ClassVar[Mapping[str, Any]]
    Options: ClassVar[type[MatchKeys]]
    example: ClassVar[str]
    needs_filters: ClassVar[bool]

    @classmethod
    def steps(cls, given: Mapping[str, Any], filters: FilterReader) -> tuple[Step, ...]:
        """The filters that stand in `match:` itself; mistakes in them are noted by the reader."""

    @classmethod
    def match(cls, keys: Any, steps: tuple[Step, ...], by: tuple[str, ...]) -> Match:
        """What is asked for. keys: the checked Options. by: their fields, and those that governance needs besides."""

    @classmethod
    def meaning(cls, match: Any, subject: str) -> str:
        """What raises an alert, in English: `10 activities of the same user within 5m`. subject: whose, for people."""

    @classmethod
    def evidence(cls, match: Any, facts: Facts, span: int) -> str:
        """What an alert says of its activities, with the numbers that decide: `11 failed log ons in 4 min 12 s from 203.0.113.7 (NO)`.

        facts: what is known of them; it may lack anything but their number. span: from the first to the last (ms).
        """


class Plain:
    """What most kinds are: one without filters of its own besides those of the rule."""

    schema: ClassVar[Mapping[str, Any]] = {}
    needs_filters: ClassVar[bool] = True

    @classmethod
    def steps(cls, given: Mapping[str, Any], filters: FilterReader) -> tuple[Step, ...]:  # noqa: ARG003
        """None."""
        return ()


D = TypeVar("D", bound=Detection)


def detection(cls: type[D]) -> type[D]:
    """Register a kind of `match:`."""
    return registry.detection(cls)


def load_all() -> Mapping[str, type[Detection]]:
    """All kinds, by name."""
    return cast("Mapping[str, type[Detection]]", registry.load_all("detections"))


def of(match: Match) -> type[Detection]:
    """The kind of a policy's match."""
    return cast("type[Detection]", registry.load("detections", match.kind))


class Asked(NamedTuple):
    """`match:` of one document. keys: None where something is wrong in it."""

    kind: type[Detection]
    keys: MatchKeys | None
    steps: tuple[Step, ...]

    def match(self, *, acts: bool) -> Match | None:
        """What it asks for; None where something is wrong in it. acts: something will be done to the user."""
        if self.keys is None:
            return None
        by = tuple(self.keys.by)
        if acts and "user_id" in by and "user" not in by:
            by += ("user",)  # where a log has one id for several names, whoever happens to be last would be acted on
        return self.kind.match(self.keys, self.steps, by)


def read(document: Document, filters: FilterReader, mistakes: list[Mistake]) -> Asked | None:
    """`match:` of a document; None where there is none, or nobody knows of which kind it is.

    mistakes: takes what is wrong in its keys; what is wrong in filters in it, `filters` has.
    """
    given = document.data.get("match")
    if given is None:
        return None
    if not isinstance(given, dict):
        mistakes.append(document.mistake(["match"], "`match`: should be a mapping of keys and values", at_key=False))
        return None
    kinds = load_all()
    named = [name for name in kinds if given.get(name) is not None]
    if len(named) != 1:
        mistakes += _of_no_kind(document, given, kinds, named)
        for name in named:  # all that is wrong is said at once
            mistakes += [one for one in _keys(document, given, name)[1] if one not in mistakes]
            kinds[name].steps(given, filters)
        return None
    kind = kinds[named[0]]
    keys, wrong = _keys(document, given, named[0])
    if not wrong:
        wrong = [
            document.mistake(["match"], f"`match`: `{key}` goes with {', '.join(f'`{other}`' for other in others)}", at_key=False)
            for key, (others, default) in _of_others(named[0]).items()
            if key in given and given[key] is not None and given[key] is not default
        ]
    mistakes += wrong
    return Asked(kind, None if wrong else keys, kind.steps(given, filters))


def _keys(document: Document, given: Mapping[Any, Any], name: str) -> tuple[MatchKeys | None, list[Mistake]]:
    """The keys as a kind has them, without those of others; and what is wrong in them."""
    model = _rule_with(load_all()[name])
    others = _of_others(name)
    try:
        return model.model_validate({"match": {key: value for key, value in given.items() if key not in others}}).match, []
    except ValidationError as error:
        return None, document.mistakes_of(error, model)


@cache
def _of_others(name: str) -> Mapping[str, tuple[list[str], Any]]:
    """The keys that a kind does not have: which kinds have each, and what stands for it where it is not given."""
    kinds = load_all()
    own = keys_of(kinds[name])
    found: dict[str, tuple[list[str], Any]] = {}
    for other in sorted(kinds):
        for key, field in keys_of(kinds[other]).items():
            if key not in own:
                found.setdefault(key, ([], field.get_default()))[0].append(other)
    return found


def keys_of(kind: type[Detection]) -> Mapping[str, FieldInfo]:
    """The keys that a kind's `match:` may have, as they are written."""
    return {field.alias or name: field for name, field in kind.Options.model_fields.items()}


class _Rule(BaseModel):
    match: Any


@cache
def _rule_with(kind: type[Detection]) -> type[_Rule]:
    """A rule as far as its match: so mistakes in it have the name and place that they have in the file."""
    return create_model("Rule", __base__=_Rule, match=(kind.Options, ...))


def _of_no_kind(document: Document, given: Mapping[Any, Any], kinds: Mapping[str, type[Detection]], named: list[str]) -> list[Mistake]:
    known = {key for kind in kinds.values() for key in keys_of(kind)}
    if unknown := [key for key in given if key not in known]:
        return [document.mistake(["match", key], f"unknown key `{key}`", nearest(str(key), known)) for key in unknown]
    examples = [kind.example for name, kind in kinds.items() if not named or name in named]
    either = " or ".join(f"`{example}`" for example in examples)
    return [document.mistake(["match"], f"`match`: either {either}" + (", not both" if named else ""), at_key=False)]
