"""Which policies an activity meets: indexed, so that a thousand policies do not cost ten times a hundred.

Three steps, each of which leaves less to do for the next one:

- Few different values occur in fields such as the operation, the app or the kind of user. Of users, addresses or user agents
  there are many, but few matter to any policy: a value's *signs* are the conditions that it meets, and most have none.
  A glance at an object's name, which is new each time, says whether it holds any text that a policy looks for.
  What these decide of each policy is worked out once for every combination of them, and remembered (`remaining.py`). For
  most activities nothing is left to ask.
- Where several policies are left that name values of the same field, the activity's own value finds those it may meet
  (`arranging.py`).
- What is left of a filter is asked, cheap conditions first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from casbd.clock import Clock
from casbd.counting.match import Aliased, Match, Step, apart, by_role
from casbd.counting.subjects import subject, subjects
from casbd.filters.compile import Predicate
from casbd.filters.effort import Effort
from casbd.filters.glance import glance_of
from casbd.filters.tree import Condition, conditions
from casbd.model.activity import Activity
from casbd.policies.arranging import Arranging, Ask
from casbd.policies.compiler import Compiler
from casbd.policies.conditions_by_value import FEW_VALUES, glanced_fields, signed_fields
from casbd.policies.counted_together import Counted, CountedTogether
from casbd.policies.policy import Policy
from casbd.policies.remaining import LONGEST_REMEMBERED, RemainingFilters
from casbd.records.record_path import RawReader

_REMEMBERED = 8192

_position = attrgetter("position")


__all__ = ["Counted", "Matcher", "Moment"]


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
        self._subjects = _subjects(self._policies, self._compiler.reader)
        self._counted_together = CountedTogether(self._policies, self._subjects, self.counted, self._compiler.reader)
        self._decide_by(signed_fields(self._filters.values()))

    def _decide_by(self, signed: Mapping[str, Sequence[Condition]]) -> None:
        """Arrange the policies. signed: the fields whose signs are looked at besides FEW_VALUES, and the conditions on them."""
        self._compiler.forget()
        self._steps: dict[str, list[Predicate]] = {}
        self._remembered: dict[Any, Sequence[Ask]] = {}
        self._arranging = Arranging(self._compiler)
        self._signed = signed
        glances = {field: glance_of(several) for field, several in glanced_fields(self._filters.values()).items()}
        glanced = {field: glance for field, glance in glances.items() if glance is not None}
        self._remaining = RemainingFilters(self._compiler, [*signed], [*glanced])
        for position, policy in enumerate(self._policies):
            self._remaining.add(position, policy, self._filters[policy.id])
        mentioned = {condition.field for filters in self._filters.values() for condition in conditions(filters)}
        few = [*FEW_VALUES[:2], *(field for field in FEW_VALUES[2:] if field in mentioned)]
        self._few = len(few)
        self._in_key = (*few, *signed, *glanced)
        self._key = self._compiler.key(few, signed, glanced)

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
        no_glance = dict.fromkeys(self._in_key, False)  # what others ask costs this one nothing

        def ask(activity: Activity) -> None:
            self._remaining.left(filters, no_glance, activity)
            if meets(activity):
                self.counted(policy, activity)

        return ask

    def match(self, activity: Activity) -> tuple[Policy, ...]:
        """The policies by id; the empty tuple for most activities."""
        key = self._key(activity)
        asks = self._remembered.get(key)
        if asks is None:
            asks = self._asks(key, activity)
        if not asks:
            return ()
        met = asks[0](activity)
        if len(asks) > 1:
            for ask in asks[1:]:
                met += ask(activity)
            met = sorted(set(met), key=_position) if met else met  # a list field may have found one twice
        return tuple([one.policy for one in met]) if met else ()

    def counted_by(self, ids: tuple[str, ...], activity: Activity) -> tuple[tuple[Counted, ...], ...]:
        """What each of some policies, by id, counts of an activity that it has just met."""
        return self._counted_together(ids, activity)

    def counted(self, policy: Policy, activity: Activity) -> tuple[Counted, ...]:
        """What a policy of repeated activity counts of an activity that it has just met: whose it is, and the value.

        The value is casefolded text where different ones are counted; where a sequence is looked for, the steps that the activity
        is, as a number with a bit for each. Nothing where nothing is counted, several where it is several subjects'.
        """
        match = policy.match
        if match is None:
            return ()
        if match.aliased:
            return self._counted_of_each(policy, match, activity)
        if (own := apart(match)) is not None:
            return tuple(own.counted_apart(activity, self._compiler.reader, self._met(policy.id, match.steps, activity)))
        who = self._subjects[policy.id](activity)
        if who is None:
            return ()
        met = self._met(policy.id, match.steps, activity) if match.steps else ()
        return ((who, match.value(activity, self._compiler.reader, met)),)

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

    def _asks(self, key: tuple[Any, ...], activity: Activity) -> Sequence[Ask]:
        """Functions that ask the policies which activities with this key may meet, each for what is left to ask."""
        asks = self._arranging.asks(self._remaining.of(self._known(key), activity))
        if max(len(self._remembered), len(self._arranging)) >= _REMEMBERED:
            values = {other[: self._few] for other in self._remembered}
            # Where hundreds of policies name users or groups, it is the signs that make so many combinations: do without.
            self._decide_by({} if len(values) < _REMEMBERED // 4 else self._signed)
            return self._asks(self._key(activity), activity)
        if sum(len(part) for part in key if isinstance(part, str)) <= LONGEST_REMEMBERED:
            self._remembered[key] = asks
        return asks

    def _known(self, key: tuple[Any, ...]) -> Mapping[str, Any]:
        return dict(zip(self._in_key, key, strict=True))


def _subjects(policies: Sequence[Policy], reader: RawReader) -> Mapping[str, Callable[[Activity], str | None]]:
    """By policy, what says whose an activity is: one for all that tell it by the same fields."""
    alike: dict[Hashable, Callable[[Activity], str | None]] = {}
    of = {}
    for policy in policies:
        if (match := policy.match) is not None:
            by = match.by, match.single_app, match.nobodys, by_role(match)
            if by not in alike:
                alike[by] = subjects(match, reader)
            of[policy.id] = alike[by]
    return of
