"""Exceptions that would have spared people false alerts, found in what alerts have in common, and proven on the stored log.

An exception is proposed where one value (or two) stands in every activity of several false alerts and in none of a real one. The policy is
then run over the log as it is and with the exceptions: every real alert must come as before, or nothing is proposed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, combinations
from typing import NamedTuple

from msgspec.structs import replace

from casbd.activity_log import ActivityLog
from casbd.backtest.stored_log import would_have_raised
from casbd.filters.fields import parse_field
from casbd.filters.operators import OPERATORS
from casbd.filters.sql import may
from casbd.filters.tree import AllOf, Condition
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.policies.policy import Exemption, Policy

FIELDS = (
    *("user", "object_name", "object_id", "ip_address", "user_agent", "app_instance", "isp", "action_type", "browser", "os", "country"),
    "app",
)
"""By which an exception can tell activities apart: of values that explain as many alerts the first, which is the narrowest, is taken."""
ENOUGH = 2
"""False alerts that one exception must explain: one alone is chance."""
MOST = 5
"""Exceptions of one proposal: of more nobody reviews each."""
DAY = 86_400_000

Value = tuple[str, str]
"""A field and what stands there."""


class Suggested(NamedTuple):
    """One exception. values: all must hold. explains: the false alerts that it is for."""

    values: tuple[Value, ...]
    explains: tuple[str, ...]

    def filters(self) -> dict[str, dict[str, str]]:
        """As a rule file has them."""
        return {field: {"eq": value} for field, value in self.values}


class Proposal(NamedTuple):
    """Exceptions, and what they would have done. Numbers are of the alerts that the policy raises of the stored log.

    false, true: those that were closed as such. removed: of the false ones. others, others_removed: those that nobody has judged.
    lost, unproven: ids of the real alerts that would be gone, and of those that the log does not give any more.
    """

    exceptions: tuple[Suggested, ...]
    false: int
    removed: int
    true: int
    others: int
    others_removed: int
    lost: tuple[str, ...]
    unproven: tuple[str, ...]

    @property
    def proven(self) -> bool:
        """Whether it takes away false alerts, and no real one."""
        return bool(self.exceptions) and self.removed > 0 and not self.lost and not self.unproven


def propose(policy: Policy, log: ActivityLog, false: Sequence[Alert], true: Sequence[Alert]) -> Proposal:
    """What would have spared the false alerts of a policy. false, true: alerts that people closed as such."""
    held = _held(policy, log, [*false, *true])
    exceptions = tuple(_explaining([one for one in false if one.alert_id in held], true, held))
    return _proven(policy, log, exceptions, false, true)


def _held(policy: Policy, log: ActivityLog, alerts: Sequence[Alert]) -> dict[str, frozenset[Value]]:
    """By alert, the values that stand in each of its activities, as far as the log has them; one of which it has none is left out."""
    if not alerts:
        return {}
    of_activity: defaultdict[str, list[str]] = defaultdict(list)
    for alert in alerts:
        for activity_id in alert.activity_ids:
            of_activity[activity_id].append(alert.alert_id)
    since, until = min(alert.first_activity for alert in alerts), max(alert.last_activity for alert in alerts)
    held: dict[str, frozenset[Value]] = {}
    scanned = log.scan(since, until, may(policy.filters, None), {*FIELDS, "activity_id", "timestamp"})
    for activity in chain.from_iterable(scanned):
        for alert_id in of_activity.get(activity.activity_id, ()):
            values = frozenset(_values(activity))
            held[alert_id] = held[alert_id] & values if alert_id in held else values
    return held


def _values(activity: Activity) -> Iterable[Value]:
    for field in FIELDS:
        value = getattr(activity, field)
        if value:
            yield field, value


def _explaining(false: Sequence[Alert], true: Sequence[Alert], held: Mapping[str, frozenset[Value]]) -> Iterable[Suggested]:
    """The exception that explains most alerts, then the one for most of what is left. Of two values where one would cost a real alert."""
    real = [held.get(alert.alert_id, frozenset()) for alert in true]
    broad = frozenset.intersection(*(held[alert.alert_id] for alert in false)) if false and not true else frozenset()
    left = {alert.alert_id: held[alert.alert_id] for alert in false}
    for _ in range(MOST):
        best = _best(left, real, broad, 1) or _best(left, real, broad, 2)
        if best is None:
            return
        yield best
        left = {alert_id: values for alert_id, values in left.items() if alert_id not in best.explains}


def _best(
    left: Mapping[str, frozenset[Value]], real: Sequence[frozenset[Value]], broad: frozenset[Value], several: int
) -> Suggested | None:
    """several: values of the exception. broad: what all alerts have in common where none is real: without it the policy is at its end."""
    explains: defaultdict[tuple[Value, ...], list[str]] = defaultdict(list)
    for alert_id, values in left.items():
        for some in combinations(sorted(values, key=_narrowness), several):
            explains[some].append(alert_id)
    harmless = {
        some: ids
        for some, ids in explains.items()
        if len(ids) >= ENOUGH
        and not any(set(some) <= values for values in real)
        and any(one not in broad or one[0] in ("user", "object_name", "object_id") for one in some)
    }
    if not harmless:
        return None
    best = min(harmless, key=lambda some: (-len(harmless[some]), [_narrowness(value) for value in some]))
    return Suggested(best, tuple(harmless[best]))


def _narrowness(value: Value) -> tuple[int, str]:
    return FIELDS.index(value[0]), value[1]


def _proven(policy: Policy, log: ActivityLog, exceptions: Sequence[Suggested], false: Sequence[Alert], true: Sequence[Alert]) -> Proposal:
    """The policy over the log, without the exceptions and with them. Alerts are the same that have one id, or begin with one activity."""
    judged = [*false, *true]
    if not judged:
        return Proposal((), 0, 0, 0, 0, 0, (), ())
    since = min(alert.first_activity for alert in judged) - DAY  # and to the end of the log: what is newest nobody has judged yet
    spared = replace(policy, exemptions=(*policy.exemptions, *map(_exemption, exceptions)))
    before, after = (_known(would_have_raised(one, log, since, None)) for one in (policy, spared))
    of_false, of_true = ({alert.alert_id: _names(alert) for alert in alerts} for alerts in (false, true))
    here = {alert_id: names for alert_id, names in of_false.items() if not before.isdisjoint(names)}
    names_of_judged = frozenset(chain.from_iterable([*of_false.values(), *of_true.values()]))
    others = {name for name in before - names_of_judged if name.startswith(_BEGINS)}
    return Proposal(
        exceptions=tuple(exceptions),
        false=len(false),
        removed=sum(after.isdisjoint(names) for names in here.values()),
        true=len(true),
        others=len(others),
        others_removed=len(others - after),
        lost=tuple(name for name, names in of_true.items() if not before.isdisjoint(names) and after.isdisjoint(names)),
        unproven=tuple(name for name, names in of_true.items() if before.isdisjoint(names)),
    )


_BEGINS = "begins:"


def _names(alert: Alert) -> frozenset[str]:
    return frozenset({alert.alert_id, *(f"{_BEGINS}{one}" for one in alert.activity_ids[:1])})


def _known(alerts: Iterable[Alert]) -> frozenset[str]:
    return frozenset(chain.from_iterable(map(_names, alerts)))


def _exemption(one: Suggested) -> Exemption:
    nodes = tuple(_equal(field, value) for field, value in one.values)
    return Exemption(policies=(), filters=AllOf(nodes), reason="proposed", expires=None)


def _equal(field: str, value: str) -> Condition:
    return parse_field(field).condition(OPERATORS["eq"], (value,))
