"""How well each policy earns its keep: what its alerts turned out to be, how many there are, and what only it watches."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from math import sqrt
from statistics import median
from typing import Literal, NamedTuple

from casbd.policies.coverage import WATCHED, Coverage, Standing
from casbd.store.state.reported import AlertSummary

Verdict = Literal["keep", "tune", "retire", "no data"]
HOUR, WEEK = 3_600_000, 7 * 86_400_000
MANY_A_WEEK = 50
"""Alerts of one policy: more than ten on each working day."""
RARELY, USELESS = 0.5, 0.1
"""Shares of real alerts, as high as chance allows, below which a policy is to be tuned, or is not worth keeping."""
SURENESS = 1.96
"""Standard deviations: 95 of 100."""


class Precision(NamedTuple):
    """The share of real alerts among those that were judged, 0 to 1, and between what it lies with 95 % certainty: few alerts say little.

    Wilson's interval: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927), 209-212.
    """

    share: float
    low: float
    high: float

    @classmethod
    def of(cls, real: int, judged: int) -> Precision:
        """judged: more than none."""
        share, square = real / judged, SURENESS**2
        middle = (share + square / (2 * judged)) / (1 + square / judged)
        reach = SURENESS * sqrt(share * (1 - share) / judged + square / (4 * judged**2)) / (1 + square / judged)
        return cls(round(share, 3), round(max(0.0, middle - reach), 3), round(min(1.0, middle + reach), 3))


class Score(NamedTuple):
    """One policy in a span of time. per_week: alerts. share: of all policies' alerts, 0 to 1. hours_to_close: in the median.

    precision: None where nobody judged any. alone: techniques that no other policy watches. why: of the verdict, in words.
    """

    standing: Standing
    alerts: int
    open: int
    true_positive: int
    benign: int
    false_positive: int
    per_week: float
    share: float
    precision: Precision | None
    hours_to_close: float | None
    alone: tuple[str, ...]
    verdict: Verdict
    why: str


def scorecard(alerts: Iterable[AlertSummary], covered: Sequence[Coverage], standings: Sequence[Standing], length: int) -> list[Score]:
    """The policies that are enabled, or had alerts, by id. alerts: of the span. length: of the span, milliseconds."""
    of_policy: defaultdict[str, list[AlertSummary]] = defaultdict(list)
    for alert in alerts:
        of_policy[alert.policy_id].append(alert)
    number = sum(map(len, of_policy.values()))
    alone = _alone(covered)
    return [
        _score(one, of_policy.get(one.policy.id, []), number, alone.get(one.policy.id, ()), length)
        for one in sorted(standings, key=lambda one: one.policy.id)
        if one.policy.enabled or one.policy.id in of_policy
    ]


def _alone(covered: Sequence[Coverage]) -> dict[str, tuple[str, ...]]:
    """By policy, the techniques that it alone watches."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for one in covered:
        watching = [each.policy.id for each in one.standings if each.state in WATCHED]
        if len(watching) == 1:
            found[watching[0]].append(one.technique.id)
    return {policy: tuple(techniques) for policy, techniques in found.items()}


def _score(one: Standing, alerts: Sequence[AlertSummary], number: int, alone: tuple[str, ...], length: int) -> Score:
    as_what = Counter(alert.resolution for alert in alerts)
    real, judged = as_what["true_positive"], len(alerts) - as_what[None]
    precision = Precision.of(real, judged) if judged else None
    took = [alert.closed - alert.created for alert in alerts if alert.closed is not None]
    per_week = round(len(alerts) * WEEK / length, 2)
    verdict, why = _verdict(one, len(alerts), real, judged, precision, per_week, alone)
    return Score(
        standing=one,
        alerts=len(alerts),
        open=sum(alert.status == "open" for alert in alerts),
        true_positive=real,
        benign=as_what["benign"],
        false_positive=as_what["false_positive"],
        per_week=per_week,
        share=round(len(alerts) / number, 3) if number else 0.0,
        precision=precision,
        hours_to_close=round(median(took) / HOUR, 1) if took else None,
        alone=alone,
        verdict=verdict,
        why=why,
    )


def _verdict(
    one: Standing, alerts: int, real: int, judged: int, precision: Precision | None, per_week: float, alone: Collection[str]
) -> tuple[Verdict, str]:
    if not alerts:
        return "no data", f"it needs {'; '.join(one.needs)}" if one.state == "no records" else "no alert"
    if precision is None:
        many = f", {per_week:,.0f} a week" if per_week > MANY_A_WEEK else ""
        return "no data", f"nobody has judged its {_counted(alerts)}{many}"
    judgement = f"{real:,} of {judged:,} that were judged {'was' if real == 1 else 'were'} real"
    if precision.high < USELESS and not real:
        if alone:
            return "tune", f"{judgement}, but nothing else watches {', '.join(alone)}"
        return "retire", f"{judgement}, and others watch what it watches"
    if precision.high < RARELY:
        return "tune", f"{judgement}, so at most {precision.high:.0%} are"
    if per_week > MANY_A_WEEK:
        return "tune", f"{per_week:,.0f} alerts a week, of which {judgement}"
    sure = "" if precision.low >= RARELY else f" (between {precision.low:.0%} and {precision.high:.0%} are)"
    return "keep", judgement + sure


def _counted(alerts: int) -> str:
    return "one alert" if alerts == 1 else f"{alerts:,} alerts"
