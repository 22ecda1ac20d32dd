"""What one policy raises of some activities, in memory: for its inline tests, and for a look back at the log.

The counting and the alerts are the stream's own; the store, the daily limit and governance have no part in it.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import msgspec

from casbd.alerting import evidence, raising
from casbd.alerting.watching import watching
from casbd.clock import Clock
from casbd.counting.match import Windowed
from casbd.counting.runs import Change, Runs
from casbd.counting.subjects import entry
from casbd.counting.windows import KEEP_WINDOWS
from casbd.errors import BadRecord
from casbd.filters.values import FilterError, time
from casbd.habits.anomaly import Finding
from casbd.habits.habits import Habits, InMemory
from casbd.habits.observed import observation
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.model.counted import Entry
from casbd.model.facts import Facts
from casbd.policies.examples import activities
from casbd.policies.matcher import Matcher
from casbd.policies.policy import Example, Policy
from casbd.records.timestamps import iso
from casbd.wire.json_lines import ALERT_TIMES

FORGET_EVERY = 100_000
"""Counted activities."""
JUDGE_EVERY = 5_000
"""Counted activities."""
MOST_KEPT = 50_000
"""Of so many counted activities it is kept what they say (some 50 MB)."""

Read = Callable[[str, str], Sequence[Activity]]
"""The activities of a raw record, by the name of its format and its text. Raises BadRecord."""


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an inline test came to. expected, got: numbers of alerts, or the alerts' fields as far as the test names them.

    error: why a raw record of it could not be read, if so.
    """

    policy_id: str
    test: str
    passed: bool
    expected: int | list[dict[str, Any]]
    got: int | list[dict[str, Any]]
    error: str = ""


def alerts_of(policy: Policy, activities: Iterable[Activity], now: Clock, since: int = 0) -> list[Alert]:
    """The alerts that a policy raises of these activities, in the order in which they come; enabled or not.

    now: asked for the time that `within_days` counts back from, and for that of the alerts' creation. since: an anomaly that was over
    before (ms) is none to be raised; what is usual is learned from it all the same.
    """
    matcher = Matcher([msgspec.structs.replace(policy, enabled=True)], now=now)
    met = (activity for activity in activities if matcher.match(activity))
    if policy.match is None:
        witness = evidence.Witness(policy)
        return [raising.of_one(policy, activity, now(), witness) for activity in met]
    counted = ((number, activity, *one) for number, activity in enumerate(met) for one in matcher.counted(policy, activity))
    return _by_windows(policy, policy.windowed, counted, now) if policy.windowed else _by_habits(policy, counted, now, since)


_Counted = Iterable[tuple[int, Activity, str, str | None]]
"""Activities with a number each, whose they are, and what is counted of them."""


def _by_windows(policy: Policy, match: Windowed, counted: _Counted, now: Clock) -> list[Alert]:
    raised: dict[str, Alert] = {}
    told = _Told(policy)
    counted_ones = 0
    windows: defaultdict[str, Runs] = defaultdict(partial(Runs, match))
    for number, activity, who, value in counted:
        one = entry(match, activity, number, value)
        counted_ones += 1
        if counted_ones % FORGET_EVERY == 0:
            _forget(windows, activity.timestamp - KEEP_WINDOWS - match.within)
        told.note(one, activity)
        change = windows[who].add(one, partial(raising.run_identity, policy, who, activity))
        if change is None:
            continue
        run = raised.get(change.alert_id) or raising.of_a_run(policy, activity, change.alert_id, now())
        growth = raising.Growth()
        growth.add_change(change)
        for other in change.joined:
            growth.join(raised.pop(other), None)
        raised[change.alert_id] = told.by(raising.grown(run, growth), change)
    return list(raised.values())


def _by_habits(policy: Policy, counted: _Counted, now: Clock, since: int = 0) -> list[Alert]:
    """The same of a policy that compares with what is usual, which it learns from these activities. since: see `alerts_of`."""
    watched = watching([policy])[policy.id]
    raised: dict[str, Alert] = {}
    told, habits = _Told(policy), Habits(InMemory(), [watched])
    activities: dict[tuple[int, str], Activity] = {}
    habits.begin()

    def judge() -> None:
        for _, _, verdict in habits.verdicts():
            change, finding = verdict.change, verdict.finding
            for other in change.joined if change is not None else ():
                raised.pop(other, None)
            if change is None or finding is None or finding.last < since:
                raised.pop(verdict.alert_id, None)
                continue
            shown = activities.get((finding.shown.timestamp, finding.shown.activity_id))
            if shown is None:
                continue  # it began with what is kept no longer
            own = raised.get(change.alert_id)
            run = raising.of_a_run(policy, shown, change.alert_id, now() if own is None else own.created)
            growth = raising.Growth()
            growth.exact = finding
            raised[change.alert_id] = told.of(raising.grown(run, growth), finding)
        habits.save()

    for number, activity, who, value in counted:
        one = observation(activity, number, value)
        told.note(one, activity)
        activities[one.timestamp, one.activity_id] = activity
        if len(activities) > MOST_KEPT:
            del activities[next(iter(activities))]
        habits.add(watched, who, one)
        if number % JUDGE_EVERY == 0:
            judge()
    judge()
    return list(raised.values())


class _Told:
    """What the activities of alerts say; of those that are in none yet it is kept of the latest alone."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._witness = evidence.Witness(policy)
        self._kept: OrderedDict[tuple[int, str], dict[str, list[str]]] = OrderedDict()
        self._facts: dict[str, Facts] = {}

    def note(self, counted: Entry, activity: Activity) -> None:
        """One more that is counted."""
        self._kept[counted.timestamp, counted.activity_id] = self._witness.told(activity)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)

    def by(self, alert: Alert, change: Change) -> Alert:
        """The alert with its sentence, after a change of its run."""
        facts = self._facts.setdefault(change.alert_id, self._witness.nothing())
        for other in change.joined:
            facts.join(self._facts.pop(other))
        evidence.count(facts, self._witness, change)
        self._add(facts, change.members)
        return evidence.told_by(alert, self._policy, facts)

    def of(self, alert: Alert, finding: Finding) -> Alert:
        """The alert with its sentence, of an anomaly."""
        facts = self._witness.nothing()
        self._add(facts, finding.members)
        evidence.compare(facts, finding)
        return evidence.told_by(alert, self._policy, facts)

    def _add(self, facts: Facts, members: Iterable[Entry]) -> None:
        for member in members:
            told = self._kept.get((member.timestamp, member.activity_id))
            if told is None:
                evidence.unknown(facts, self._witness, member)
            else:
                evidence.add(facts, self._witness, member, told)


def _forget(windows: dict[str, Runs], before: int) -> None:
    """Let go of what is too old to become part of anything, as the stream does."""
    for who, runs in [*windows.items()]:
        runs.prune(before)
        if not len(runs):
            del windows[who]


def run(policy: Policy, example: Example, read: Read) -> Outcome:
    """Run one inline test. It is about the rule as it is written, so exceptions have no part in it."""
    policy = msgspec.structs.replace(policy, exemptions=())
    read_activities: list[Activity] = []
    try:
        for activity, source in activities(example):
            read_activities += [activity] if activity is not None else read(source.format or "", source.raw or "")
    except BadRecord as error:
        return Outcome(policy.id, example.name, False, example.alerts, 0, f"a raw record cannot be read: {error}")
    latest = max((activity.timestamp for activity in read_activities), default=0)
    alerts = alerts_of(policy, read_activities, lambda: latest)
    if not example.fields:
        return Outcome(policy.id, example.name, len(alerts) == example.alerts, example.alerts, len(alerts))
    expected = [{name: _plain(name, value) for name, value in fields.items()} for fields in example.fields]
    got = []
    for index, alert in enumerate(alerts):
        names = expected[min(index, len(expected) - 1)]
        got.append({name: _plain(name, getattr(alert, name)) for name in names})
    return Outcome(policy.id, example.name, got == expected, expected, got)


def _plain(name: str, value: Any) -> Any:
    """An alert's field as people and JSON write it: a time as text, a list for a tuple."""
    if name in ALERT_TIMES:
        try:
            return iso(value if isinstance(value, int) else time(value))
        except FilterError:
            return value  # it will be shown as a difference
    return msgspec.to_builtins(value)
