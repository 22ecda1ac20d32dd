"""Which policies an activity meets: indexed, so that a thousand policies do not cost ten times a hundred.

Three steps, each of which leaves less to do for the next one:

- Few different values occur in fields such as the operation, the app or the kind of user. Of users, addresses or user agents
  there are many, but few matter to any policy: a value's *signs* are the conditions that it meets, and most have none.
  What values and signs decide of each policy is worked out once for every combination of them, and remembered. For most
  activities nothing is left to ask.
- Where several policies are left that name values of the same field, the activity's own value finds those it may meet.
- What is left of a filter is asked, cheap conditions first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Any

import msgspec

from casbd.clock import Clock
from casbd.counting.match import Aliased, Match, Step
from casbd.counting.subjects import subject
from casbd.filters.compile import Predicate
from casbd.filters.effort import Effort
from casbd.filters.tree import Condition, Node, conditions
from casbd.model.activity import FIELDS, Activity
from casbd.policies.compiler import FALSE, Compiler, Indexed, Remaining
from casbd.policies.conditions_by_value import FEW_VALUES, Place, folded, rank, required, signed_fields
from casbd.policies.policy import Policy
from casbd.policies.remaining import LONGEST_REMEMBERED, Needs, RemainingFilters

_REMEMBERED = 8192
_WORTH_A_TABLE = 3
"""A look-up by an activity's value costs as much as asking about so many policies."""
Counted = tuple[str, str | None]
Subjects = dict[tuple[tuple[str, ...], bool], str | None]
"""Whose an activity is, by the fields that say so and whether each app is counted apart."""


class _Candidates(msgspec.Struct, frozen=True, gc=False, eq=False):
    """The policies that an activity may meet: a function that asks some, and those to be found by the value of a field."""

    ask: Callable[[Activity], list[Indexed]]
    tables: tuple[tuple[Callable[[Activity], Any], bool, Mapping[Any, Sequence[Indexed]]], ...]


_Table = tuple[Callable[[Activity], Any], bool, Mapping[Any, Sequence[Indexed]]]
_position = attrgetter("position")


class Moment:
    """A time that stands until it is set: milliseconds since 1970."""

    def __init__(self) -> None:
        self.at = 0

    def __call__(self) -> int:
        """As a clock."""
        return self.at


class Matcher:
    """Finds the enabled policies whose filters an activity meets. Not for several threads at once.

    policies: those that are not enabled are left out. now: asked by `within_days` alone; else it counts back from what `moment` was set
    to, so that the same records give the same answer whenever they are scanned. `effort` bounds what takes long.
    """

    def __init__(self, policies: Sequence[Policy], *, now: Clock | None = None) -> None:
        self.effort = Effort()
        self.moment = Moment()
        self._policies = sorted((policy for policy in policies if policy.enabled), key=lambda policy: policy.id)
        self._filters = {policy.id: policy.whole_filter() for policy in self._policies}
        self._compiler = Compiler(now or self.moment, self.effort)
        self._decide_by(signed_fields(self._filters.values()))

    def _decide_by(self, signed: Mapping[str, Sequence[Condition]]) -> None:
        """Arrange the policies. signed: the fields whose signs are looked at besides FEW_VALUES, and the conditions on them."""
        self._compiler.forget()
        self._steps: dict[str, list[Predicate]] = {}
        self._remembered: dict[Any, _Candidates] = {}
        self._signed = signed
        self._named: dict[str, dict[Any, list[tuple[int, Policy]]]] = {}
        self._unnamed: list[tuple[int, Policy]] = []
        apart: list[tuple[int, Policy, Node]] = []
        mentioned = set()
        self._remaining = RemainingFilters(self._compiler, signed)
        for position, policy in enumerate(self._policies):
            filters = self._filters[policy.id]
            fields = {condition.field for condition in conditions(filters)}
            mentioned |= fields
            self._remaining.add(position, filters)
            if fields.isdisjoint((*FEW_VALUES, *signed)):
                apart.append((position, policy, filters))
            else:
                self._add(position, policy)
        few = [*FEW_VALUES[:2], *(field for field in FEW_VALUES[2:] if field in mentioned)]
        self._few = len(few)
        self._in_key = (*few, *signed)
        self._key = self._compiler.key(few, signed)
        self._apart = self._arranged([self._remaining.needs(*one) for one in apart])

    def _add(self, position: int, policy: Policy) -> None:
        values = required(self._filters[policy.id])
        for field in (*FEW_VALUES, *self._signed):
            if field in values:
                table = self._named.setdefault(field, {})
                for value in values[field]:
                    table.setdefault(value, []).append((position, policy))
                return
        self._unnamed.append((position, policy))

    @property
    def policies(self) -> Sequence[Policy]:
        """Those that are asked, by id."""
        return self._policies

    def do_without(self, ids: Collection[str]) -> None:
        """Ask some policies no more."""
        self._policies = [policy for policy in self._policies if policy.id not in ids]
        self._filters = {policy.id: self._filters[policy.id] for policy in self._policies}
        self._decide_by(signed_fields(self._filters.values()))

    def alone(self, policy: Policy) -> Callable[[Activity], None]:
        """A function that asks one policy all that an activity may have it asked, to see what that takes."""
        filters = self._filters[policy.id]
        meets = self._compiler.predicate(filters)

        def ask(activity: Activity) -> None:
            self._remaining.left(filters, activity)
            if meets(activity):
                self.counted(policy, activity)

        return ask

    def match(self, activity: Activity) -> tuple[Policy, ...]:
        """The policies by id; the empty tuple for most activities."""
        key = self._key(activity)
        candidates = self._remembered.get(key)
        if candidates is None:
            candidates = self._candidates(key, activity)
        met = candidates.ask(activity)
        for get, many, table in candidates.tables:
            value = get(activity)
            for text in value if many else (value,):
                met += [one for one in table.get(folded(text), ()) if one.holds is None or one.holds(activity)]
        if not met:
            return ()
        if candidates.tables:  # a list field may have found one twice
            met = sorted(set(met), key=_position)
        return tuple([one.policy for one in met])

    def counted(self, policy: Policy, activity: Activity, subjects: Subjects | None = None) -> tuple[Counted, ...]:
        """What a policy of repeated activity counts of an activity that it has just met: whose it is, and the value.

        The value is casefolded text where different ones are counted; where a sequence is looked for, the steps that the activity
        is, as a number with a bit for each. Nothing where nothing is counted, several where it is several subjects'.
        subjects: of this activity, which policies that count by the same fields find there.
        """
        match = policy.match
        if match is None:
            return ()
        if match.aliased:
            return self._counted_of_each(policy, match, activity)
        reader = self._compiler.reader
        subjects = {} if subjects is None else subjects
        by = match.by, match.single_app
        if by not in subjects:
            subjects[by] = subject(match, activity, reader)
        who = subjects[by]
        if who is None:
            return ()
        met = self._met(policy.id, match.steps, activity) if match.steps else ()
        return ((who, match.value(activity, reader, met)),)

    def _counted_of_each(self, policy: Policy, match: Match, activity: Activity) -> tuple[Counted, ...]:
        """The same where each filter has its own fields for the subject."""
        reader = self._compiler.reader
        met: dict[str, list[int]] = {}
        for number in self._met(policy.id, match.aliased, activity):
            who = subject(match, activity, reader, match.aliased[number].by)
            if who is not None:
                met.setdefault(who, []).append(number)
        return tuple((who, match.value(activity, reader, numbers)) for who, numbers in met.items())

    def _met(self, policy_id: str, parts: Sequence[Step | Aliased], activity: Activity) -> list[int]:
        """The numbers of the parts of a policy whose filters an activity meets."""
        predicates = self._steps.get(policy_id)
        if predicates is None:
            predicates = self._steps[policy_id] = [self._compiler.predicate(part.filters) for part in parts]
        return [number for number, meets in enumerate(predicates) if meets(activity)]

    def _candidates(self, key: Any, activity: Activity) -> _Candidates:
        """The policies that activities with this key may meet, each with what is left to ask."""
        named = [*self._unnamed]
        for field, table in self._named.items():
            value = getattr(activity, field)
            for one in set(map(folded, value)) if isinstance(value, tuple) else (folded(value),):
                named += table.get(one, ())
        named = sorted(set(named), key=itemgetter(0))  # a list may have found one twice
        known = dict(zip(self._in_key, key, strict=True))
        left = [self._remaining.of(position, policy, self._filters[policy.id], known, activity) for position, policy in named]
        own = self._arranged([one for one in left if one[0][1] is not FALSE])
        to_ask = sorted(own[0] + self._apart[0], key=lambda one: one[0].position)
        candidates = _Candidates(self._compiler.ask(to_ask), own[1] + self._apart[1])
        if max(len(self._remembered), self._compiler.compiled) >= _REMEMBERED:
            values = {other[: self._few] for other in self._remembered}
            # Where hundreds of policies name users or groups, it is the signs that make so many combinations: do without.
            self._decide_by({} if len(values) < _REMEMBERED // 4 else self._signed)
            return self._candidates(self._key(activity), activity)
        if sum(len(part) for part in key if isinstance(part, str)) <= LONGEST_REMEMBERED:
            self._remembered[key] = candidates
        return candidates

    def _arranged(self, several: Sequence[Needs]) -> tuple[list[Remaining], tuple[_Table, ...]]:
        """The policies with what is left of their filters, those that name values of one field in a table by value."""
        one_by_one: list[Remaining] = []
        by_field: dict[Place, list[tuple[Remaining, frozenset[Any]]]] = {}
        named = Counter(field for _, values in several for field in values)
        for one, values in several:
            if values:
                field = min(values, key=lambda field: (rank(field), -named[field], str(field)))
                by_field.setdefault(field, []).append((one, values[field]))
            else:
                one_by_one.append(one)
        tables: list[_Table] = []
        for field, own in by_field.items():
            if len(own) < _WORTH_A_TABLE:
                one_by_one += [one for one, _ in own]
            elif isinstance(field, str):
                tables.append((attrgetter(field), FIELDS[field].kind == "list", _by_value(own)))
            else:
                tables.append((self._compiler.at(field), True, _by_value(own)))
        return one_by_one, tuple(tables)


def _by_value(policies: Iterable[tuple[Remaining, frozenset[Any]]]) -> dict[Any, list[Indexed]]:
    table: dict[Any, list[Indexed]] = {}
    for (indexed, _), values in policies:
        for value in values:
            table.setdefault(value, []).append(indexed)
    return table
