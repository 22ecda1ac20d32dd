"""Which policies an activity meets: indexed, so that a thousand policies do not cost ten times a hundred.

Most policies name an operation or an app. From each filter tree comes which values an activity must have in one of its
fields for the policy to have a chance at all; a policy is only asked about the activities that have one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from casbd import clock
from casbd.clock import Clock
from casbd.model.activity import FIELDS, Activity
from casbd.policies.compile import Predicate, compile_filter
from casbd.policies.policy import Policy
from casbd.policies.raw_path import RawReader
from casbd.policies.tree import AllOf, AnyOf, Condition, Node

_TRIPLE = ("action_type", "activity_type", "app")
"""What tells activities apart best. There are few different triples; the policies with a chance are remembered for each."""
_REMEMBERED = 4096
_Triple = tuple[str | None, str, str | None]
_OTHERS = tuple(
    sorted(
        (field.name for field in FIELDS.values() if field.kind in ("choice", "list", "text", "flag") and field.name not in _TRIPLE),
        key=lambda name: ("choice", "list", "text", "flag").index(FIELDS[name].kind),
    )
)
"""The fields for policies that name none of the triple, the telling ones first."""


class _Indexed(msgspec.Struct, frozen=True, gc=False):
    """A policy in the index. needs: per field of the triple, the values of which it must have one.

    holds: what is left to ask once these are known to fit; None: nothing.
    """

    position: int
    policy: Policy
    needs: dict[str, frozenset[Any]]
    holds: Predicate | None

    def fits(self, values: dict[str, Any]) -> bool:
        return all(values[field] in needed for field, needed in self.needs.items())


class Matcher:
    """Finds the enabled policies whose filters an activity meets. Not for several threads at once."""

    def __init__(self, policies: Sequence[Policy], *, now: Clock = clock.now) -> None:
        reader = RawReader()
        self._tables: dict[str, dict[Any, list[_Indexed]]] = {}
        self._always: list[_Indexed] = []
        self._remembered: dict[_Triple, tuple[_Indexed, ...]] = {}
        for position, policy in enumerate(sorted((policy for policy in policies if policy.enabled), key=lambda policy: policy.id)):
            needs = {field: values for field in _TRIPLE if (values := required(policy.filters, field)) is not None}
            left = _left(policy.filters)
            holds = None if left is None else compile_filter(left, now=now, reader=reader)
            self._add(_Indexed(position, policy, needs, holds))
        self._others = [(attrgetter(field), FIELDS[field].kind, table) for field, table in self._tables.items() if field not in _TRIPLE]

    def _add(self, indexed: _Indexed) -> None:
        for field in (*indexed.needs, *_OTHERS):
            values = required(indexed.policy.filters, field)
            if values is not None:
                table = self._tables.setdefault(field, {})
                for value in values:
                    table.setdefault(value, []).append(indexed)
                return
        self._always.append(indexed)

    def match(self, activity: Activity) -> tuple[Policy, ...]:
        """The policies by id; the empty tuple for most activities."""
        triple = (activity.action_type, activity.activity_type, activity.app)
        candidates = self._remembered.get(triple)
        if candidates is None:
            candidates = self._candidates(triple)
        found: dict[int, Policy] = {}
        for indexed in candidates:
            if indexed.holds is None or indexed.holds(activity):
                found[indexed.position] = indexed.policy
        for get, kind, table in self._others:
            value = get(activity)
            if value is None or value == ():
                continue
            for one in value if kind == "list" else (value,):
                for indexed in table.get(_folded(one), ()):
                    if indexed.holds is None or indexed.holds(activity):
                        found[indexed.position] = indexed.policy
        if not found:
            return ()
        return tuple(found[position] for position in sorted(found))

    def _candidates(self, triple: _Triple) -> tuple[_Indexed, ...]:
        """The policies that this triple gives a chance, and those that no index knows."""
        values = {field: _folded(value) for field, value in zip(_TRIPLE, triple, strict=True)}
        named = [
            indexed for field, value in values.items() for indexed in self._tables.get(field, {}).get(value, ()) if indexed.fits(values)
        ]
        candidates = tuple(sorted([*named, *self._always], key=lambda indexed: indexed.position))
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()  # records may name any operation: what is remembered must not grow with them
        if sum(len(text or "") for text in triple) < 512:
            self._remembered[triple] = candidates
        return candidates


def required(node: Node, field: str) -> frozenset[Any] | None:
    """The folded values of which an activity must have one in the field, to meet the filter; None: any may do."""
    match node:
        case Condition(operator="eq", negated=False, role="actor", path=()) if node.field == field:
            return frozenset(map(_folded, node.values))
        case AllOf():
            return min((values for child in node.nodes if (values := required(child, field)) is not None), key=len, default=None)
        case AnyOf() if node.nodes:
            branches = [required(child, field) for child in node.nodes]
            return _union(branches)
    return None


def _union(branches: Iterable[frozenset[Any] | None]) -> frozenset[Any] | None:
    values: frozenset[Any] = frozenset()
    for branch in branches:
        if branch is None:
            return None
        values |= branch
    return values


def _left(node: Node) -> Node | None:
    """The filter without what the index has already asked: conditions that name values of the triple."""
    nodes = node.nodes if isinstance(node, AllOf) else (node,)
    left = tuple(child for child in nodes if not _asked(child))
    if not left:
        return None
    return left[0] if len(left) == 1 else AllOf(left)


def _asked(node: Node) -> bool:
    return isinstance(node, Condition) and node.operator == "eq" and not node.negated and node.field in _TRIPLE


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
