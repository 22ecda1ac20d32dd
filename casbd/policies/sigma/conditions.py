"""A Sigma detection, as pySigma has parsed it, to the filter tree.

Text compares without regard to case, `*` and `?` are wildcards, `cased` and `re` regard case, `re` searches anywhere in the value
(https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html,
https://sigmahq.io/sigma-specification/specification/sigma-appendix-modifiers.html).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sigma.conditions import ConditionAND, ConditionFieldEqualsValueExpression, ConditionNOT, ConditionOR, ConditionValueExpression
from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

from casbd.filters.fields import FieldRef, parse_field
from casbd.filters.operators import OPERATORS
from casbd.filters.tree import AllOf, AnyOf, Condition, Node, NoneOf
from casbd.filters.values import FilterError, check
from casbd.policies.sigma.targets import GENERIC, Source, Target, Unmapped
from casbd.records.plain_parts import plain_part
from casbd.records.record_path import EVERY

_RESULTS = {"success": "success", "succeeded": "success", "failure": "failure", "failed": "failure"}
_FLAGS = {
    SigmaRegularExpressionFlag.IGNORECASE: "i",
    SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}


class WrongField(Unmapped):
    """A condition on a field that cannot be mapped, or that casbd has no operator for."""

    def __init__(self, field: str | None, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.field = field


def tree(parsed: Any, source: Source) -> Node:
    """The filter of a rule: its condition, on records of its log source. Unmapped where something cannot be said."""
    native, anybodys = (_Writer(source, native=flag).node(parsed) for flag in (True, False))
    if native == anybodys:
        return AllOf((Condition("source", "eq", (*source.formats, *GENERIC)), native))
    sides = []
    if source.formats:
        sides.append(AllOf((Condition("source", "eq", source.formats), native)))
    sides.append(AllOf((Condition("source", "eq", GENERIC), anybodys)))
    return sides[0] if len(sides) == 1 else AnyOf(tuple(sides))


class _Writer:
    """native: for records that the log source's own format has read."""

    def __init__(self, source: Source, *, native: bool) -> None:
        self._source = source
        self._native = native

    def node(self, parsed: Any) -> Node:
        """One node of pySigma's tree."""
        match parsed:
            case ConditionAND():
                return AllOf(tuple(self.node(argument) for argument in parsed.args))
            case ConditionOR():
                return _any_of([self.node(argument) for argument in parsed.args])
            case ConditionNOT():
                inside = self.node(parsed.args[0])
                twice = isinstance(inside, NoneOf) and len(inside.nodes) == 1
                return inside.nodes[0] if twice and isinstance(inside, NoneOf) else NoneOf((inside,))
            case ConditionFieldEqualsValueExpression():
                return self._field(parsed.field, parsed.value)
            case ConditionValueExpression():
                return _keyword(parsed.value)
        raise Unmapped("this condition is empty, or of a kind that is not known")

    def _field(self, name: str, value: SigmaType) -> Node:
        if isinstance(value, SigmaExpansion):
            return _any_of([self._field(name, one) for one in value.values])
        if isinstance(value, SigmaFieldReference):
            return self._same_as(name, value)
        chosen = self._targets(name)
        nodes, why = [], WrongField(name, f"`{name}`: this value is not known")
        for target in chosen:
            try:
                nodes.append(_condition(target, value))
            except FilterError as error:
                why = WrongField(name, f"`{name}`: {error.message}", error.hint)
            except Unmapped as error:
                raise WrongField(name, f"`{name}`: {error}", error.hint) from None
        if not nodes:
            raise why
        if isinstance(value, SigmaNull) or (isinstance(value, SigmaExists) and not value):
            return nodes[0] if len(nodes) == 1 else AllOf(tuple(nodes))  # it is nowhere
        return _any_of(nodes)

    def _targets(self, name: str) -> list[Target]:
        try:
            targets = self._source.targets(name)
        except Unmapped as error:
            raise WrongField(name, str(error), error.hint) from None
        native = [target for target in targets if target.native and self._native]
        return native or [target for target in targets if not target.native]

    def _same_as(self, name: str, value: SigmaFieldReference) -> Node:
        """`fieldref`: what the record has in one place, it has in the other."""
        if value.starts_with or value.ends_with:
            raise WrongField(name, f"`{name}`: a part of another field cannot be compared")
        others = self._targets(value.field)
        sides = [(own, other) for own in self._targets(name) for other in others]
        ordered = [(own, other) if own.field.startswith("raw.") else (other, own) for own, other in sides]
        try:
            return _any_of([_checked(parse_field(own.field), "same_as", other.field) for own, other in ordered])
        except FilterError as error:
            raise WrongField(name, f"`{name}`: {error.message}", error.hint) from None


def _any_of(nodes: Sequence[Node]) -> Node:
    """Any of the nodes; conditions that differ in their values alone are one."""
    merged: dict[Any, Node] = {}
    for number, node in enumerate(nodes):
        key: Any = number
        if isinstance(node, Condition) and not node.negated and node.operator != "isset":
            key = (node.field, node.path, node.operator)
        before = merged.get(key)
        if isinstance(before, Condition) and isinstance(node, Condition):
            node = Condition(node.field, node.operator, (*before.values, *node.values), path=node.path)
        merged[key] = node
    return next(iter(merged.values())) if len(merged) == 1 else AnyOf(tuple(merged.values()))


def _condition(target: Target, value: SigmaType) -> Condition:
    """A value at one place. FilterError where the place cannot hold it."""
    field = parse_field(target.field)
    if type(value) is SigmaString:  # as nearly all are; the kinds below it are abstract classes, which are slow to tell apart
        return _text(field, value, target)
    match value:
        case SigmaNull():
            return field.condition(OPERATORS["isset"], (False,))
        case SigmaExists():
            return field.condition(OPERATORS["isset"], (bool(value),))
        case SigmaBool():
            return _checked(field, "eq", value.boolean if field.kind in ("raw", "flag") else str(value.boolean))
        case SigmaTimestampPart():
            return _checked(field, "matches", _part_of_a_time(value))
        case SigmaNumber():
            text = str(value.number)
            return _checked(field, "eq", text if field.kind == "raw" else value.number)
        case SigmaCIDRExpression():
            return _checked(field, "cidr", value.cidr)
        case SigmaCompareExpression() if value.op.name.lower() in OPERATORS:
            condition = _checked(field, "eq" if value.op.name == "NEQ" else value.op.name.lower(), value.number.number)
            return Condition(condition.field, condition.operator, condition.values, value.op.name == "NEQ", condition.path)
        case SigmaRegularExpression():
            return _checked(field, "matches", _searched(value))
        case SigmaCasedString():
            return _checked(field, "matches", f"(?-i){_anchored(value)}")
    raise Unmapped(f"casbd has no operator for {type(value).__name__.removeprefix('Sigma')}")


def _text(field: FieldRef, value: SigmaString, target: Target) -> Condition:
    """Text with wildcards: the plainest operator that says it."""
    parts = _plain(value, value.s)
    texts = [part for part in parts if isinstance(part, str)]
    stars = [part is SpecialChars.WILDCARD_MULTI for part in parts]
    if not parts:
        return field.condition(OPERATORS["eq"], ("",)) if field.kind == "raw" else field.condition(OPERATORS["isset"], (False,))
    if SpecialChars.WILDCARD_SINGLE not in parts:
        if all(stars):
            return field.condition(OPERATORS["isset"], (True,))
        if not any(stars):
            return _checked(field, "eq", _own(field, texts[0].removesuffix(target.suffix)))
        if len(texts) == 1:
            return _checked(field, _AROUND[stars[0], stars[-1]], texts[0])
    return _checked(field, "matches", _anchored(value))


def _plain(value: SigmaString, parts: Sequence[Any]) -> Sequence[Any]:
    if not all(isinstance(part, str | SpecialChars) for part in parts):
        raise Unmapped(f"`{value}` has a placeholder", "write the values into the rule")
    return parts


_AROUND = {(True, False): "endswith", (False, True): "startswith", (True, True): "substring"}


def _own(field: FieldRef, text: str) -> str:
    """The word of an activity's field for a vendor's; FilterError where there is none."""
    if field.name != "result":
        return text
    if text.casefold() not in _RESULTS:
        raise FilterError(f"`{text}` is no result", "Success or Failure")
    return _RESULTS[text.casefold()]


def _checked(field: FieldRef, operator: str, value: Any) -> Condition:
    """A condition, its value checked as that of a rule file is."""
    chosen = field.operator(operator)
    return field.condition(chosen, (check(field.name, field.kind, chosen, value),))


def _anchored(value: SigmaString) -> str:
    """The whole text as a regular expression."""
    return _expression(_plain(value, value.s), whole=True)


def _expression(parts: Sequence[Any], *, whole: bool = False) -> str:
    """A text with wildcards as a regular expression, for a whole value or for a part of one."""
    wild: dict[Any, str] = {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}
    text = "".join(wild[part] if isinstance(part, SpecialChars) else re.escape(part) for part in parts)
    return rf"(?s)\A{text}\z" if whole else f"(?s){text}"


def _searched(value: SigmaRegularExpression) -> str:
    """The expression with its flags, regarding case unless they say otherwise."""
    flags = "".join(sorted(_FLAGS[flag] for flag in value.flags))
    return f"(?{flags}){value.regexp.original}" if "i" in flags else f"(?{flags}-i){value.regexp.original}"


_TIME_PARTS = {
    "YEAR": (1, 9999, r"\A{:04d}-"),
    "MONTH": (1, 12, r"\A\d{{4}}-{:02d}-"),
    "DAY": (1, 31, r"\A\d{{4}}-\d\d-{:02d}"),
    "HOUR": (0, 23, r"\A\d{{4}}-\d\d-\d\d[T ]{:02d}:"),
    "MINUTE": (0, 59, r"\A\d{{4}}-\d\d-\d\d[T ]\d\d:{:02d}"),
}


def _part_of_a_time(value: SigmaTimestampPart) -> str:
    """A time as the record has it (ISO 8601, in its own zone) whose hour, say, is this one."""
    name, number = value.timestamp_part.name, int(float(str(value.number)))
    if name not in _TIME_PARTS:
        raise Unmapped(f"the {name.lower()} of a time cannot be compared", f"known: {', '.join(_TIME_PARTS).lower()}")
    least, most, pattern = _TIME_PARTS[name]
    if not least <= number <= most:
        raise Unmapped(f"the {name.lower()} of a time is never {number}", f"{least} to {most}")
    return pattern.format(number)


_ANYWHERE = FieldRef("raw", (EVERY,))


def _keyword(value: SigmaType) -> Node:
    """A value without a field: in some value of the record. Names of fields are no values."""
    match value:
        case SigmaExpansion():
            return _any_of([_keyword(one) for one in value.values])
        case SigmaRegularExpression():
            return _checked(_ANYWHERE, "matches", _searched(value))
        case SigmaCIDRExpression():
            return _checked(_ANYWHERE, "cidr", value.cidr)
        case SigmaNumber() | SigmaBool():
            return _checked(_ANYWHERE, "substring", str(value).lower())
        case SigmaString():
            parts = _plain(value, _within(value))
            if isinstance(value, SigmaCasedString):
                return _with_a_clue(parts, _checked(_ANYWHERE, "matches", f"(?-i){_expression(parts)}"))
            if not parts:
                raise Unmapped("an empty keyword is in every record")
            if len(parts) == 1 and isinstance(parts[0], str):
                return _checked(_ANYWHERE, "substring", parts[0])
            return _with_a_clue(parts, _checked(_ANYWHERE, "matches", _expression(parts)))
    raise Unmapped(f"casbd has no operator for {type(value).__name__.removeprefix('Sigma')} without a field")


def _with_a_clue(parts: Sequence[Any], condition: Condition) -> Node:
    """The condition, after one that it implies and that costs a hundredth of it: most records have no such text."""
    longest = max((part for part in parts if isinstance(part, str)), key=lambda part: len(plain_part(part)), default="")
    return AllOf((_checked(_ANYWHERE, "substring", longest), condition)) if plain_part(longest) else condition


def _within(value: SigmaString) -> Sequence[Any]:
    """The parts of a text that is looked for anywhere: `*` at its ends says nothing."""
    parts = [*value.s]
    while parts and parts[0] is SpecialChars.WILDCARD_MULTI:
        parts.pop(0)
    while parts and parts[-1] is SpecialChars.WILDCARD_MULTI:
        parts.pop()
    return parts
