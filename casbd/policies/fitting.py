"""Of which formats a policy's activities can be, as far as the tables of activities and the policy's own tests tell.

It errs on the side of more: a format is left out only where a condition can never hold for what it writes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from casbd.documents import Document
from casbd.filters.tree import AllOf, AnyOf, Condition, Node, NoneOf
from casbd.plugins import registry
from casbd.policies.policy import Example, Policy

_DATA = Path(__file__).parent.parent / "data"
_TABLES = {"aws_cloudtrail": ("aws",), "azure_activity": ("azure",), "m365": ("m365", "entra")}
"""The tables of formats that have another than one of their own name."""
_OWN = ("action_type", "raw")
"""Fields that hold a vendor's own words: what asks for them can say nothing of a record that a mapping reads."""


class Vocabulary(NamedTuple):
    """What a format writes, in small letters. apps: patterns of fnmatch. types: of activities. operations: of a table. None: anything."""

    apps: frozenset[str] | None
    types: frozenset[str] | None
    operations: frozenset[str]


def formats_of(policy: Policy) -> frozenset[str]:
    """The formats whose activities may meet a policy's filters."""
    fitting = by_conditions(policy)
    shown = {form for example in policy.tests if example.alerts for form in shown_in(example)}
    if not any(condition.field in _OWN for condition in asked(policy.whole_filter())):
        return fitting
    # Where a path leads, and whose an unlisted operation is, no table knows: so those count that the policy's own tests show it in.
    return fitting & shown or fitting


def by_conditions(policy: Policy) -> frozenset[str]:
    """Those that are left when the tables alone are asked."""
    node = policy.whole_filter()
    own = any(condition.field in _OWN for condition in asked(node))
    return frozenset(name for name, words in vocabularies().items() if _may_hold(node, name, words) and not (own and words.types is None))


def shown_in(example: Example) -> frozenset[str]:
    """The formats that the activities of a test name, as `source` or as `format`."""
    named = ((one.format or (one.activity.source if one.activity is not None else None)) for one in example.activities)
    return frozenset(form for form in named if form)


def asked(node: Node) -> Iterator[Condition]:
    """The conditions that ask for something; others only leave something out."""
    if isinstance(node, Condition):
        yield from () if node.negated else (node,)
    elif not isinstance(node, NoneOf):
        for one in node.nodes:
            yield from asked(one)


def _may_hold(node: Node, name: str, words: Vocabulary) -> bool:
    match node:
        case AllOf():
            return all(_may_hold(one, name, words) for one in node.nodes)
        case AnyOf():
            return any(_may_hold(one, name, words) for one in node.nodes)
        case NoneOf():
            return True
    return _condition_may_hold(node, name, words)


def _condition_may_hold(condition: Condition, name: str, words: Vocabulary) -> bool:
    if condition.operator != "eq":
        return True
    wanted = {str(value).casefold() for value in condition.values}
    if condition.field == "source":
        return (name in wanted) != condition.negated
    if condition.negated:
        return True
    if condition.field == "app":
        return words.apps is None or any(fnmatchcase(value, pattern) for value in wanted for pattern in words.apps)
    if condition.field == "activity_type":
        return words.types is None or not words.types.isdisjoint(wanted)
    if condition.field == "action_type":
        wanted = {value.rstrip(".") for value in wanted}
        return not words.operations.isdisjoint(wanted) or not wanted <= _listed()
    return True


@cache
def vocabularies() -> Mapping[str, Vocabulary]:
    """By format."""
    return {name: _vocabulary(name, cls.words) for name, cls in registry.load_all("formats").items()}


@cache
def _listed() -> frozenset[str]:
    """The operations that some format's table has."""
    return frozenset(operation for words in vocabularies().values() for operation in words.operations)


def _vocabulary(name: str, words: Mapping[str, Collection[str] | None]) -> Vocabulary:
    tables = [_DATA / f"{table}_activities.yaml" for table in _TABLES.get(name, (name,))]
    parts = [part for table in tables if table.exists() for part in _parts(Document(table).data)]
    operations = {str(operation).casefold().rstrip(".") for part in parts for several in part.values() for operation in several}
    apps, types = words.get("app"), words.get("activity_type", () if parts else None)
    return Vocabulary(
        None if apps is None else frozenset(app.casefold() for app in apps),
        None if types is None else frozenset(kind.casefold() for kind in (*types, *(kind for part in parts for kind in part), *_ANYBODYS)),
        frozenset(operations | {operation.rpartition(".")[2] for operation in operations} if name == "google_workspace" else operations),
    )


_ANYBODYS = ("Log on", "Failed log on", "Security alert", "Unspecified")
"""Types that formats give by more than an operation's name."""


def _parts(table: Mapping[str, Any]) -> Iterator[Mapping[str, Collection[str]]]:
    """`{type: operations}` as often as a table has it: once, by service, or by workload."""
    for part in (table, *table.get("workloads", {}).values()):
        activities = part.get("activities", {})
        nested = [below for below in activities.values() if isinstance(below, Mapping)]
        yield from nested or [activities]
