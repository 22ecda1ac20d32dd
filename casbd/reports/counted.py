"""Counting alerts: as incidents, by what became of them, by time, by whom they are about. Pure functions."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median

from msgspec import Struct

from casbd.model.alert import SEVERITIES, Severity
from casbd.model.identity import Who, named, whose
from casbd.records.timestamps import iso
from casbd.reports.month import Month
from casbd.reports.monthly import Handling, OfType, Period
from casbd.store.state.reported import AlertSummary

HOUR = 3_600_000
DAY = 24 * HOUR
WEEK = 7 * DAY
NAMED = 3
"""Policies in an incident's title."""
_MONDAY = 4 * DAY
"""1970-01-05, the first Monday there is."""


class Incident(Struct, frozen=True):
    """Alerts that belong together: those of one incident, or one of none.

    first_activity: when it began (ms). worst: the most severe alert, the first of several; the incident's type is its category.
    """

    alerts: Sequence[AlertSummary]
    first_activity: int
    worst: AlertSummary

    @classmethod
    def of(cls, alerts: Sequence[AlertSummary]) -> Incident:
        """What some alerts are together."""
        worst = max(alerts, key=lambda alert: SEVERITIES.index(alert.severity))
        return cls(alerts, min(alert.first_activity for alert in alerts), worst)

    @property
    def severity(self) -> Severity:
        """As `casbd incidents list` has it: one more than the worst where three policies of two categories come together."""
        several = len({alert.policy_id for alert in self.alerts}) >= 3 and len({alert.category for alert in self.alerts} - {None}) >= 2
        return SEVERITIES[min(SEVERITIES.index(self.worst.severity) + several, len(SEVERITIES) - 1)]

    @property
    def title(self) -> str:
        """`Password spray, Consent to an application and 2 more`: of its policies the most severe first."""
        worst_first = sorted(self.alerts, key=lambda alert: (-SEVERITIES.index(alert.severity), alert.first_activity))
        names = [*dict.fromkeys(alert.policy_name for alert in worst_first)]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        return ", ".join(names[:NAMED]) + more

    @property
    def state(self) -> str:
        """`open` while any alert is; else the gravest that any was closed as: `true`, `harmless`, `false`, or `closed` as nothing."""
        if any(alert.status == "open" for alert in self.alerts):
            return "open"
        as_what = {alert.resolution for alert in self.alerts}
        return next((state for resolution, state in _STATES.items() if resolution in as_what), "closed")


_STATES = {"true_positive": "true", "benign": "harmless", "false_positive": "false"}


def incidents(alerts: Iterable[AlertSummary]) -> list[Incident]:
    """The incidents that alerts are."""
    together: dict[str, list[AlertSummary]] = {}
    for alert in alerts:
        together.setdefault(alert.incident_id or alert.alert_id, []).append(alert)
    return [*map(Incident.of, together.values())]


def of_types(month: Sequence[Incident], before: Sequence[Incident], kind: Callable[[Incident], str]) -> list[OfType]:
    """Incidents by what `kind` says of them, the most first."""
    now, then = (Counter(kind(one) for one in some) for some in (month, before))
    return [OfType(name, now[name], then[name]) for name in sorted(now | then, key=lambda name: (-now[name], -then[name], name))]


def handling(month: Sequence[AlertSummary], before: Sequence[AlertSummary]) -> Handling:
    """What became of a month's alerts, and how long it took."""
    as_what = Counter(alert.resolution if alert.status == "closed" else "open" for alert in month)
    took, earlier = hours_to_close(month), hours_to_close(before)
    return Handling(
        open=as_what["open"],
        open_high=sum(alert.status == "open" and alert.severity == "high" for alert in month),
        true_positive=as_what["true_positive"],
        benign=as_what["benign"],
        false_positive=as_what["false_positive"],
        unexplained=as_what[None],
        median_hours=round(median(took), 1) if took else None,
        slowest_hours=round(max(took), 1) if took else None,
        before_hours=round(median(earlier), 1) if earlier else None,
    )


def hours_to_close(alerts: Iterable[AlertSummary]) -> list[float]:
    """From raising to closing, of those that are closed and say when."""
    return [max(0, alert.closed - alert.created) / HOUR for alert in alerts if alert.status == "closed" and alert.closed is not None]


def months(all_incidents: Sequence[Incident], last: Month, number: int = 12) -> list[Period]:
    """So many months up to one, the oldest first."""
    spans = [last.plus(-back) for back in reversed(range(number))]
    return _periods(all_incidents, {str(one): (one.since, one.until) for one in spans})


def weeks(all_incidents: Sequence[Incident], last: Month, number: int = 12) -> list[Period]:
    """So many weeks (from Monday) up to the one in which a month ends, the oldest first."""
    end = _MONDAY + (last.until - _MONDAY) // WEEK * WEEK
    starts = [end - back * WEEK for back in reversed(range(number))]
    return _periods(all_incidents, {iso(start)[:10]: (start, start + WEEK - 1) for start in starts})


def _periods(all_incidents: Sequence[Incident], spans: Mapping[str, tuple[int, int]]) -> list[Period]:
    """spans: by name from when to when, one after the other."""
    starts = [since for since, _ in spans.values()]
    end = max(until for _, until in spans.values())
    severities = [Counter[Severity]() for _ in spans]
    alerts = Counter[int]()
    for one in all_incidents:
        if starts[0] <= one.first_activity <= end:
            severities[bisect_right(starts, one.first_activity) - 1][one.severity] += 1
        alerts.update(bisect_right(starts, alert.first_activity) - 1 for alert in one.alerts if starts[0] <= alert.first_activity <= end)
    return [
        Period(name, severities[place].total(), alerts[place], {severity: severities[place][severity] for severity in SEVERITIES})
        for place, name in enumerate(spans)
    ]


def by_person(alerts: Iterable[AlertSummary]) -> dict[str, list[AlertSummary]]:
    """Alerts by the person that they are about, as casbd tells persons apart, the most first."""
    people: dict[Who, tuple[str, list[AlertSummary]]] = {}
    for alert in alerts:
        if alert.user:
            who = whose(alert.user, alert.app, alert.app_instance)
            people.setdefault(who, (named(alert.user, alert.app, alert.app_instance), []))[1].append(alert)
    return dict(sorted(people.values(), key=lambda one: (-len(one[1]), one[0])))
