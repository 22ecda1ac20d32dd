"""The filter tree: what a rule file's `filters:` and a command line's `--filter` mean, as plain frozen data.

One tree, several readers: `compile.py` makes the stream's predicate of it, and SQL for the activity log can be made of the
same tree. Negation stands in one place, `Condition.negated`, so that a negative operator is the exact complement of its
positive one, null included.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Union

import msgspec

from casbd.records.record_path import Step

Role = Literal["actor", "object", "any"]
Value = Union[str, int, float, bool, tuple[float, float], "Condition", "AllOf", "AnyOf", "NoneOf"]
"""Text as written; numbers; times in milliseconds since 1970-01-01 UTC; true or false; both ends of a range; of `element` a filter."""


class Condition(msgspec.Struct, frozen=True, tag=True):
    """One operator on one field.

    operator: always the positive one (`eq`, not `neq`). values: any of them; `isset` has none.
    path: for `raw` alone, the way into the exported record; in a filter that is a value of `element`, the way into a list's
    element. role: whom a `user*` filter is about.
    """

    field: str
    operator: str
    values: tuple[Value, ...] = ()
    negated: bool = False
    path: tuple[Step, ...] = ()
    role: Role = "actor"


class AllOf(msgspec.Struct, frozen=True, tag=True):
    """Every node holds."""

    nodes: tuple[Node, ...]


class AnyOf(msgspec.Struct, frozen=True, tag=True):
    """At least one node holds."""

    nodes: tuple[Node, ...]


class NoneOf(msgspec.Struct, frozen=True, tag=True):
    """No node holds."""

    nodes: tuple[Node, ...]


Node = Condition | AllOf | AnyOf | NoneOf


def depth(node: Node) -> int:
    """How many groups lie within each other."""
    return 0 if isinstance(node, Condition) else 1 + max(map(depth, node.nodes), default=0)


def fields(node: Node) -> frozenset[str]:
    """The fields that a filter looks at."""
    own = [*conditions(node)]
    read = frozenset(condition.field for condition in own)
    if any(condition.operator == "means" for condition in own):
        read |= {"source"}
    return read if all(condition.role == "actor" for condition in own) else read | {"objects"}


def conditions(node: Node) -> Iterator[Condition]:
    """All conditions of a filter."""
    if isinstance(node, Condition):
        yield node
        return
    for child in node.nodes:
        yield from conditions(child)


def nodes_inside(condition: Condition) -> tuple[Node, ...]:
    """The filters that are a condition's values, whose paths begin in an element: those of `element`."""
    return tuple(value for value in condition.values if isinstance(value, Node))
