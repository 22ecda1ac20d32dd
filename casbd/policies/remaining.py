"""What is left to ask of filters, where some fields of an activity are known: worked out once for all that are alike in what decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from casbd.filters.compile import Predicate
from casbd.filters.tree import AllOf, Condition, Node, NoneOf, conditions
from casbd.model.activity import Activity
from casbd.policies.compiler import FALSE, TRUE, Compiler, Indexed
from casbd.policies.conditions_by_value import FEW_VALUES, folded, has_sign, required, told_at_a_glance
from casbd.policies.policy import Policy
from casbd.remembered import length_of

LONGEST_REMEMBERED = 512
"""Records may name any operation: what is remembered must not grow with them."""
MOST_REMEMBERED = 500_000
"""Answers, and policies in them."""

Key = Mapping[str, Any]
"""What decides of an activity, by field: its value, the sign of its value, or what a glance at it says."""
_Member = tuple[int, Policy, Node]


class _Alike:
    """Policies of which the same fields decide. Most name some values of one of these: the activity's own value finds them."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        self.fields = fields
        self._named: dict[str, dict[Any, list[_Member]]] = {}
        self._unnamed: list[_Member] = []

    def add(self, member: _Member, by: Sequence[str]) -> None:
        """One more. by: the fields that may find it, the best one first."""
        values = required(member[2])
        for field in by:
            if field in values:
                table = self._named.setdefault(field, {})
                for value in values[field]:
                    table.setdefault(value, []).append(member)
                return
        self._unnamed.append(member)

    def found(self, activity: Activity) -> Iterator[_Member]:
        """Those that the activity may meet; a list may find one twice."""
        yield from self._unnamed
        for field, table in self._named.items():
            value = getattr(activity, field)
            for one in set(map(folded, value)) if isinstance(value, tuple) else (folded(value),):
                yield from table.get(one, ())


class RemainingFilters:
    """What is left of policies' filters.

    signed: the fields whose signs are looked at besides FEW_VALUES. glanced: those that are glanced at.
    """

    def __init__(self, compiler: Compiler, signed: Sequence[str], glanced: Sequence[str]) -> None:
        self._compiler = compiler
        self._signed = signed
        self._glanced = glanced
        self._holds: dict[int, Predicate] = {}
        self._alike: dict[tuple[str, ...], _Alike] = {}
        self._remembered: dict[Any, Sequence[Indexed]] = {}
        self._number = 0

    def add(self, position: int, policy: Policy, filters: Node) -> None:
        """A policy with its whole filter."""
        decided = [condition for condition in conditions(filters) if self._decides(condition)]
        self._holds |= {id(condition): self._compiler.predicate(condition) for condition in decided}
        fields = tuple(sorted({condition.field for condition in decided}))
        alike = self._alike.setdefault(fields, _Alike(fields))
        alike.add((position, policy, filters), (*FEW_VALUES, *self._signed))

    def _decides(self, condition: Condition) -> bool:
        field = condition.field
        if field in self._glanced:
            return told_at_a_glance(condition)
        return field in FEW_VALUES or (field in self._signed and has_sign(condition))

    def of(self, key: Key, activity: Activity) -> list[Indexed]:
        """The policies that an activity may meet, each with what is left to ask. key: the activity's."""
        left: list[Indexed] = []
        for number, alike in enumerate(self._alike.values()):
            deciding = number, *[key[field] for field in alike.fields]
            some = self._remembered.get(deciding)
            if some is None:
                some = self._of(alike, key, activity)
                self._remember(deciding, some)
            left += some
        return left

    def _of(self, alike: _Alike, key: Key, activity: Activity) -> list[Indexed]:
        """The same of the policies of which the same fields decide."""
        left = {}
        for position, policy, filters in alike.found(activity):
            node = self.left(filters, key, activity)
            if node is not FALSE:
                left[position] = self._compiler.indexed(position, policy, node)
        return [*left.values()]

    def _remember(self, deciding: tuple[Any, ...], some: Sequence[Indexed]) -> None:
        if length_of(deciding) > LONGEST_REMEMBERED:
            return
        self._number += 1 + len(some)
        if self._number > MOST_REMEMBERED:
            self._remembered.clear()
            self._number = 1 + len(some)
        self._remembered[deciding] = some

    def left(self, node: Node, key: Key, activity: Activity) -> Node:
        """The filter without the conditions that the activity's key decides; TRUE or FALSE where it decides everything."""
        if isinstance(node, Condition):
            holds = self._holds.get(id(node))
            if holds is None or (node.field in self._glanced and key[node.field]):
                return node
            return TRUE if holds(activity) else FALSE
        decides, nothing = (FALSE, TRUE) if isinstance(node, AllOf) else (TRUE, FALSE)
        left = []
        for child in node.nodes:
            one = self.left(child, key, activity)
            if one is decides:
                return FALSE if isinstance(node, NoneOf) else decides
            if one is not nothing:
                left.append(one)
        if not left:
            return TRUE if isinstance(node, NoneOf) else nothing
        return left[0] if len(left) == 1 and not isinstance(node, NoneOf) else type(node)(tuple(left))
