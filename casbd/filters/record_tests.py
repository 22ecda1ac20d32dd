"""What conditions ask of the record as it was exported: of the values at a path, or of the elements of a list, each for itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from casbd.filters.effort import Effort
from casbd.filters.text_tests import HOLDING, LONG, TEXT, WORDS, any_test
from casbd.filters.tree import AllOf, AnyOf, Condition, Node, nodes_inside
from casbd.filters.values import words
from casbd.model.activity import Activity
from casbd.records.opening import elements
from casbd.records.plain_parts import plain_part
from casbd.records.record_path import EVERY, RawReader, find, parse_path, texts

ValuesTest = Callable[[list[Any], Activity], bool]
"""Asks of the values at a condition's path, which other fields may be compared with."""
ElementTest = Callable[[Any, Activity], bool]


def record_test(condition: Condition, reader: RawReader, effort: Effort) -> Callable[[Activity], bool]:
    """The test of an activity for a positive operator at a path into its record. effort: counts what long records take, and may end it."""
    path = condition.path
    if condition.operator in ("isset", "same_as", "mentions", "element"):
        holds = _values_test(condition, reader, effort)

        def asked(activity: Activity) -> bool:
            if len(activity.raw) > LONG:
                effort.spend(len(activity.raw))
            return holds(reader.find(activity.raw, path), activity)

        return asked
    fit = any_test(condition, effort)
    parts = [plain_part(str(value)) for value in condition.values] if EVERY in path and condition.operator in HOLDING else []
    clues = parts if all(parts) else []

    def some(activity: Activity) -> bool:
        raw = activity.raw
        if len(raw) > LONG:
            effort.spend(len(raw))
        if clues and not reader.may_hold(raw, clues):
            return False
        values = reader.find(raw, path)
        return bool(values) and fit(texts(values))

    return some


def _values_test(condition: Condition, reader: RawReader, effort: Effort) -> ValuesTest:
    match condition.operator:
        case "isset":
            return lambda values, _activity: any(value not in (None, "", [], {}) for value in values)
        case "same_as":
            return _same_as(condition, reader)
        case "mentions":
            return _mentions(condition, reader, effort)
        case "element":
            return _some_element(condition, reader, effort)
    fit = any_test(condition, effort)
    return lambda values, _activity: bool(values) and fit(texts(values))


def _same_as(condition: Condition, reader: RawReader) -> ValuesTest:
    """Whether a value is one that another field has, or another path leads to."""
    elsewhere = _elsewhere(condition, reader)

    def same(values: list[Any], activity: Activity) -> bool:
        own = {text.casefold() for text in texts(values)}
        return any(text.casefold() in own for text in elsewhere(activity))

    return same


def _mentions(condition: Condition, reader: RawReader, effort: Effort) -> ValuesTest:
    """Whether a value has in it, as whole words, what another field has, or another path leads to."""
    elsewhere = _elsewhere(condition, reader)

    def mentioned(values: list[Any], activity: Activity) -> bool:
        others = elsewhere(activity)
        effort.spend(WORDS * sum(map(len, others)))
        phrases = tuple(other for other in others if words(other).strip())
        return any_test(Condition("raw", "contains", phrases), effort)(texts(values))

    return mentioned


def _elsewhere(condition: Condition, reader: RawReader) -> Callable[[Activity], list[str]]:
    """What other fields have, and other paths lead to, that a condition compares with. They begin in the record, also within an element."""
    others = [str(value) for value in condition.values]
    paths = [parse_path(other[4:]) for other in others if other.startswith("raw.")]
    fields = [other for other in others if not other.startswith("raw.")]

    def elsewhere(activity: Activity) -> list[str]:
        found = [text for path in paths for text in texts(reader.find(activity.raw, path))]
        return found + [text for field in fields if (text := getattr(activity, field)) is not None]

    return elsewhere


def _some_element(condition: Condition, reader: RawReader, effort: Effort) -> ValuesTest:
    """Whether one and the same element meets all of a filter."""
    tests = [element_test(node, reader, effort) for node in nodes_inside(condition)]
    return lambda values, activity: any(test(element, activity) for element in elements(values) for test in tests)


def element_test(node: Node, reader: RawReader, effort: Effort) -> ElementTest:
    """The test of one element, for a filter whose paths begin in it."""
    if isinstance(node, Condition):
        path, holds, negated = node.path, _values_test(node, reader, effort), node.negated

        def held(element: Any, activity: Activity) -> bool:
            # A list may have as many elements as there are characters, and each condition may decode JSON that is in one.
            effort.spend(TEXT + len(activity.raw))
            return holds(find(element, path), activity) is not negated

        return held
    tests = [element_test(child, reader, effort) for child in node.nodes]
    match node:
        case AllOf():
            return lambda element, activity: all(test(element, activity) for test in tests)
        case AnyOf():
            return lambda element, activity: any(test(element, activity) for test in tests)
    return lambda element, activity: not any(test(element, activity) for test in tests)
