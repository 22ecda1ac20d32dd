"""Filters made into functions, every different tree once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from casbd.clock import Clock
from casbd.filters.compile import Predicate, Writer
from casbd.filters.effort import Effort
from casbd.filters.glance import Glance
from casbd.filters.tree import AllOf, AnyOf, Condition, Node
from casbd.model.activity import Activity
from casbd.policies.conditions_by_value import Place, folded, required
from casbd.policies.policy import Policy
from casbd.records.record_path import RawReader, Step, texts
from casbd.remembered import Remembered

_REMEMBERED_SIGNS = 20_000


TRUE = AllOf(())


FALSE = AnyOf(())


class Indexed(msgspec.Struct, frozen=True, gc=False, eq=False):
    """A policy, and what of its filter is left to ask.

    position: among all policies. holds: asks it; None: nothing is left, it is met. needs: by place, the values of which an activity
    must have one to meet it.
    """

    position: int
    policy: Policy
    left: Node
    holds: Predicate | None
    needs: Mapping[Place, frozenset[Any]]


class Compiler:
    """Compiles every different tree once: of a thousand policies, many leave the same to ask, or nothing at all."""

    def __init__(self, now: Clock, effort: Effort) -> None:
        self._now = now
        self._effort = effort
        self.reader = RawReader()
        self.forget()

    def forget(self) -> None:
        """Begin anew, without what was compiled."""
        self._writer = Writer(self._now, self.reader, self._effort)
        self._predicates: dict[Node, Predicate] = {}
        self._indexed: dict[tuple[int, Node], Indexed] = {}
        self._asks: dict[tuple[Indexed, ...], Callable[[Activity], list[Indexed]]] = {}

    @property
    def compiled(self) -> int:
        """How many functions there are: also of activities whose combination was too long to be remembered."""
        return len(self._asks)

    def key(
        self, few: Sequence[str], signed: Mapping[str, Sequence[Condition]], glanced: Mapping[str, Glance]
    ) -> Callable[[Activity], tuple[Any, ...]]:
        """A function that gives the values of some fields, the signs of others' values, and what a glance at the rest of them says."""
        values = [f"a.{field}" for field in few]
        values += [f"{self._writer.bind(self._signs(field, several))}[a.{field}]" for field, several in signed.items()]
        values += [f"{self._writer.bind(glance)}(a.{field})" for field, glance in glanced.items()]
        function: Callable[[Activity], tuple[Any, ...]] = self._writer.function([f"return ({', '.join(values)})"])
        return function

    def _signs(self, field: str, several: Sequence[Condition]) -> Remembered[Any, int]:
        """Which of the conditions on a field its value meets, one bit each.

        Hundreds of policies may name users, each another one: what a value is equal to is looked up, and the rest is asked.
        """
        equal: dict[Any, int] = {}
        unequal: dict[Any, int] = {}
        all_unequal = 0
        tests = []
        for number, condition in enumerate(several):
            if condition.operator != "eq":
                tests.append((1 << number, self.predicate(condition)))
                continue
            table = unequal if condition.negated else equal
            for one in set(map(folded, condition.values)):
                table[one] = table.get(one, 0) | 1 << number
            all_unequal |= condition.negated << number
        activity = Activity()

        def ask(value: Any) -> int:
            setattr(activity, field, value)
            bits = all_unequal
            for one in value if isinstance(value, tuple) else () if value is None else (value,):
                text = folded(one)
                bits = (bits | equal.get(text, 0)) & ~unequal.get(text, 0)
            return bits | sum(bit for bit, holds in tests if holds(activity))

        return Remembered(ask, _REMEMBERED_SIGNS)

    def at(self, path: tuple[Step, ...]) -> Callable[[Activity], list[str]]:
        """A function that gives the texts that a path leads to."""
        return lambda activity: texts(self.reader.find(activity.raw, path))

    def predicate(self, node: Node) -> Predicate:
        """A function that says whether an activity meets a tree."""
        predicate = self._predicates.get(node)
        if predicate is None:
            predicate = self._predicates[node] = self._writer.predicate(node)
        return predicate

    def indexed(self, position: int, policy: Policy, left: Node) -> Indexed:
        """A policy with what of its filter is left to ask."""
        indexed = self._indexed.get((position, left))
        if indexed is None:
            holds = None if left is TRUE else self.predicate(left)
            indexed = self._indexed[position, left] = Indexed(position, policy, left, holds, required(left))
        return indexed

    def ask(self, policies: Sequence[Indexed]) -> Callable[[Activity], list[Indexed]]:
        """A function that gives those of some policies that an activity meets, in their order."""
        key = tuple(policies)
        function = self._asks.get(key)
        if function is None:
            lines = ["met = []"]
            for one in policies:
                condition = "" if one.left is TRUE else f"if {self._writer.expression(one.left)}: "
                lines.append(f"{condition}met.append({self._writer.bind(one)})")
            function = self._asks[key] = self._writer.function([*lines, "return met"])
        return function
