"""What is left to ask of filters, where some fields of an activity are known: worked out once for all that are alike in what decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from casbd.filters.compile import Predicate
from casbd.filters.tree import AllOf, Condition, Node, NoneOf, conditions
from casbd.model.activity import Activity
from casbd.policies.compiler import FALSE, TRUE, Compiler, Remaining
from casbd.policies.conditions_by_value import FEW_VALUES, Place, has_sign, required
from casbd.policies.policy import Policy
from casbd.remembered import length_of

LONGEST_REMEMBERED = 512
"""Records may name any operation: what is remembered must not grow with them."""
MOST_REMEMBERED = 50_000

Needs = tuple[Remaining, Mapping[Place, frozenset[Any]]]
"""A policy with what of its filter is left to ask, and the values that an activity must have, by `required`."""


class RemainingFilters:
    """What is left of policies' filters.

    signed: the fields whose signs are looked at besides FEW_VALUES, and the conditions on them.
    """

    def __init__(self, compiler: Compiler, signed: Mapping[str, Sequence[Condition]]) -> None:
        self._compiler = compiler
        self._signed = signed
        self._holds: dict[int, Predicate] = {}
        self._by: dict[int, list[str]] = {}
        self._remembered: dict[Any, Needs] = {}

    def add(self, position: int, filters: Node) -> None:
        """The whole filter of a policy."""
        decided = [one for one in conditions(filters) if one.field in FEW_VALUES or (one.field in self._signed and has_sign(one))]
        self._holds |= {id(condition): self._compiler.predicate(condition) for condition in decided}
        self._by[position] = sorted({condition.field for condition in decided})

    def of(self, position: int, policy: Policy, filters: Node, key: Mapping[str, Any], activity: Activity) -> Needs:
        """What an activity leaves to ask of a filter. key: its key, by field."""
        deciding = position, *[key[field] for field in self._by[position]]
        needs = self._remembered.get(deciding)
        if needs is None:
            needs = self.needs(position, policy, self.left(filters, activity))
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            if length_of(deciding) <= LONGEST_REMEMBERED:
                self._remembered[deciding] = needs
        return needs

    def needs(self, position: int, policy: Policy, left: Node) -> Needs:
        """A policy with this left to ask."""
        return (self._compiler.indexed(position, policy, left), left), required(left)

    def left(self, node: Node, activity: Activity) -> Node:
        """The filter without the conditions that the activity's key decides; TRUE or FALSE where it decides everything."""
        if isinstance(node, Condition):
            holds = self._holds.get(id(node))
            return node if holds is None else TRUE if holds(activity) else FALSE
        decides, nothing = (FALSE, TRUE) if isinstance(node, AllOf) else (TRUE, FALSE)
        left = []
        for child in node.nodes:
            one = self.left(child, activity)
            if one is decides:
                return FALSE if isinstance(node, NoneOf) else decides
            if one is not nothing:
                left.append(one)
        if not left:
            return TRUE if isinstance(node, NoneOf) else nothing
        return left[0] if len(left) == 1 and not isinstance(node, NoneOf) else type(node)(tuple(left))
