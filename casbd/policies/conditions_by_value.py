"""What of a filter its values decide: the fields whose values have signs, and the places whose value finds a policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from casbd.filters.text_tests import clues
from casbd.filters.tree import AllOf, AnyOf, Condition, Node, conditions
from casbd.model.activity import FIELDS
from casbd.records.record_path import Step

FEW_VALUES = ("action_type", "activity_type", "app", "user_type", "ip_category", "result", "is_impersonated", "is_admin_operation")
"""The fields that are decided beforehand, those that rule out most policies first."""


_EVER_NEW = frozenset({"activity_id", "object_id", "object_name", "result_detail", "input_file"})
"""Nearly every activity brings a new value of these fields, so what it meets is not remembered: it is glanced at."""

WORTH_A_GLANCE = 4
"""Fewer conditions are asked of the few activities that come to them."""


def signed_fields(filters: Iterable[Node]) -> dict[str, list[Condition]]:
    """The fields whose values have signs, with the different conditions on them."""
    return _by_field(filters, has_sign)


def glanced_fields(filters: Iterable[Node]) -> dict[str, list[Condition]]:
    """The fields that are glanced at, with the different conditions that a glance may decide."""
    return {field: several for field, several in _by_field(filters, told_at_a_glance).items() if len(several) >= WORTH_A_GLANCE}


def _by_field(filters: Iterable[Node], which: Callable[[Condition], bool]) -> dict[str, list[Condition]]:
    by_field: dict[str, dict[Condition, None]] = {}
    for node in filters:
        for condition in conditions(node):
            if which(condition):
                by_field.setdefault(condition.field, {})[condition] = None
    return {field: list(several) for field, several in by_field.items()}


def has_sign(condition: Condition) -> bool:
    """Whether the condition is about a field's value alone, and the values come again and again."""
    field = condition.field
    if condition.path or condition.role != "actor" or field in FEW_VALUES or field in _EVER_NEW or field == "raw":
        return False
    return FIELDS[field].kind in ("text", "choice", "list", "flag")


def told_at_a_glance(condition: Condition) -> bool:
    """Whether the condition is about a field of ever new values, and such a value must hold a certain text to meet it."""
    return condition.field in _EVER_NEW and (condition.operator == "eq" or bool(clues(condition)))


Place = str | tuple[Step, ...]
"""A field, or the path to a value in the record."""


def required(node: Node) -> dict[Place, frozenset[Any]]:
    """Per place the folded values of which an activity must have one, to meet the filter; other places may hold anything."""
    match node:
        case Condition(operator="eq", negated=False, role="actor") if node.path or FIELDS[node.field].kind != "objects":
            return {node.path or node.field: frozenset(map(folded, node.values))}
        case AllOf():
            places: dict[Place, frozenset[Any]] = {}
            for child in node.nodes:
                for field, values in required(child).items():
                    places[field] = min(places.get(field, values), values, key=len)
            return places
        case AnyOf() if node.nodes:
            branches = [required(child) for child in node.nodes]
            return {field: frozenset().union(*(b[field] for b in branches)) for field in branches[0] if all(field in b for b in branches)}
    return {}


_KINDS = ("text", "integer", "choice", "list", "number", "time", "flag")


def rank(place: Place) -> int:
    """Places by how few policies one of their values is likely to find; the record's are dear."""
    return _KINDS.index(FIELDS[place].kind) if isinstance(place, str) else len(_KINDS)


def folded(value: Any) -> Any:
    """A value as values are compared: text without regard to case."""
    return value.casefold() if isinstance(value, str) else value
