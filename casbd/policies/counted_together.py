"""What several policies count of one activity: worked out once for each combination of policies, so that little is left to ask.

Nearly every activity meets the filters of a dozen policies. Those that count alike are asked once, and whose an activity is, where the
same fields say so, is looked up once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple

from casbd.counting.match import apart
from casbd.model.activity import Activity
from casbd.policies.policy import Policy
from casbd.records.record_path import RawReader

Counted = tuple[str, str | None]
Subject = Callable[[Activity], str | None]
Count = Callable[[Policy, Activity], tuple[Counted, ...]]
_Ask = Callable[[Activity], list[tuple[Counted, ...]]]
_REMEMBERED = 8192


class _Asks(NamedTuple):
    """Of one combination. places: for each policy which of the answers is its own."""

    asks: tuple[_Ask, ...]
    places: tuple[int, ...]


class CountedTogether:
    """subjects: by policy, whose an activity is, the same function for the same fields. count: what one policy counts."""

    def __init__(self, policies: Sequence[Policy], subjects: Mapping[str, Subject], count: Count, reader: RawReader) -> None:
        self._policies = {policy.id: policy for policy in policies}
        self._subjects, self._count, self._reader = subjects, count, reader
        self._alike = {policy.id: _alike(policy) for policy in policies}
        self._known: dict[tuple[str, ...], _Asks] = {}

    def __call__(self, ids: tuple[str, ...], activity: Activity) -> tuple[tuple[Counted, ...], ...]:
        """What each of some policies, by id, counts of an activity that it has just met."""
        asks, places = self._known.get(ids) or self._asks(ids)
        answers: list[tuple[Counted, ...]] = []
        for ask in asks:
            answers += ask(activity)
        return tuple([answers[place] for place in places])

    def _asks(self, ids: tuple[str, ...]) -> _Asks:
        of = {self._alike[policy_id]: self._policies[policy_id] for policy_id in reversed(ids)}
        plain: dict[Subject, list[Hashable]] = {}
        asks: list[_Ask] = []
        order: list[Hashable] = []
        for alike, policy in of.items():
            match = policy.match
            if match is None or match.steps or match.aliased or apart(match) is not None:
                asks.append(_alone(self._count, policy))
                order.append(alike)
            else:
                plain.setdefault(self._subjects[policy.id], []).append(alike)
        for subject, several in plain.items():
            values = [match.value for alike in several if (match := of[alike].match) is not None]
            asks.append(_by(subject, values, self._reader))
            order += several
        found = _Asks(tuple(asks), tuple(order.index(self._alike[policy_id]) for policy_id in ids))
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[ids] = found
        return found


def _alone(count: Count, policy: Policy) -> _Ask:
    return lambda activity: [count(policy, activity)]


def _by(subject: Subject, values: Sequence[Callable[[Activity, RawReader, Sequence[int]], str | None]], reader: RawReader) -> _Ask:
    nothing: list[tuple[Counted, ...]] = [()] * len(values)

    def ask(activity: Activity) -> list[tuple[Counted, ...]]:
        who = subject(activity)
        return nothing if who is None else [((who, value(activity, reader, ())),) for value in values]

    return ask


def _alike(policy: Policy) -> Hashable:
    """The same of two policies that count the same of any activity that meets both."""
    match = policy.match
    if match is None:
        return None
    if match.steps or match.aliased:
        return policy.id
    return match.kind, match.by, match.nobodys, match.single_app, match.looks_at, match.counts
