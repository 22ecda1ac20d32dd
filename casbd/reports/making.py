"""Filling the monthly report from the store and the activity log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from casbd import __version__
from casbd.habits.rise import Rise
from casbd.model.alert import SEVERITIES, SYSTEM, Alert
from casbd.model.identity import person, whose
from casbd.records.timestamps import iso
from casbd.reports import counted
from casbd.reports.advice import recommendations
from casbd.reports.changes import changes, last_changes, last_configuration_change
from casbd.reports.from_log import LoggedMonth, logged
from casbd.reports.month import Month
from casbd.reports.monthly import (
    Commands,
    Compared,
    MonthlyReport,
    NoisyPolicy,
    RejectedRecords,
    TopCountry,
    TopUser,
    Trouble,
    WorstIncident,
)
from casbd.reports.sources import Sources
from casbd.reports.tuning import tuning
from casbd.store.state import outbox, policy_counts, priority, raised_alerts, reported
from casbd.store.state.reported import AlertSummary

MOST = 10
"""Lines of a list: who reads the report wants the first ones."""
NOISY = 5
RANKS = {"true": 0, "open": 1, "closed": 2, "harmless": 3, "false": 4}
"""Of incidents, by what became of them: what was real comes first."""


def monthly(sources: Sources, month: Month) -> MonthlyReport:
    """The report of a month. An alert is of the month of its first activity, a command of that in which it was created."""
    store, before = sources.store, month.plus(-1)
    since = min(month.plus(-11).since, month.until - 13 * counted.WEEK)
    everything = [*reported.alerts(store.connection, since, month.until)]
    alerts = [alert for alert in everything if alert.category != SYSTEM]
    system = [alert for alert in everything if alert.category == SYSTEM and alert.first_activity >= month.since]
    now_alerts, then_alerts = _within(alerts, month), _within(alerts, before)
    all_incidents = counted.incidents(alerts)
    now_incidents, then_incidents = ([one for one in all_incidents if _is_in(one.first_activity, span)] for span in (month, before))
    log, log_before = logged(store, month), logged(store, before)
    report = MonthlyReport(
        month=str(month),
        is_over=sources.now > month.until,
        since=iso(month.since),
        until=iso(month.until),
        made=iso(sources.now),
        version=__version__,
        activities=Compared(log.activities, log_before.activities),
        active_users=Compared(len(log.people), len(log_before.people)),
        incidents=Compared(len(now_incidents), len(then_incidents)),
        alerts=Compared(len(now_alerts), len(then_alerts)),
        types=counted.of_types(now_incidents, then_incidents, lambda one: one.worst.category or "none"),
        severities=counted.of_types(now_incidents, then_incidents, lambda one: one.severity),
        handling=counted.handling(now_alerts, then_alerts),
        months=counted.months(all_incidents, month),
        weeks=counted.weeks(all_incidents, month),
        days=_days(log, month, sources.now),
        worst=_worst(sources, now_incidents),
        noisy=_noisy(sources, month, now_alerts, then_alerts),
        users=_users(sources, month, log, now_alerts),
        countries=_countries(log, now_alerts, then_alerts),
        governance=[Commands(*row) for row in reported.commands(store.connection, month.since, month.until)],
        governance_mode=sources.settings.governance.mode,
        policies=sum(policy.enabled for policy in sources.policies),
        never_matched=never_matched(sources),
        troubles=_troubles(sources, system),
        rejects=_rejects(sources, month),
        last_configuration_change=last_configuration_change(store),
        changes=changes(store, sources.shown, month),
        last_changes=[*last_changes(store, sources.policies).values()],
    )
    return replace(report, recommendations=recommendations(report))


def _is_in(moment: int, month: Month) -> bool:
    return month.since <= moment <= month.until


def _within(alerts: Sequence[AlertSummary], month: Month) -> list[AlertSummary]:
    return [alert for alert in alerts if _is_in(alert.first_activity, month)]


def _days(log: LoggedMonth, month: Month, now: int) -> dict[str, int]:
    """The activities of each day of the month, as far as it has gone."""
    days = (iso(moment)[:10] for moment in range(month.since, min(month.until, max(now, month.since + 1)), counted.DAY))
    return {day: log.days.get(day, 0) for day in days}


def _worst(sources: Sources, month: Sequence[counted.Incident]) -> list[WorstIncident]:
    """The most severe incidents, the true ones first."""

    def rank(one: counted.Incident) -> tuple[int, int, int]:
        return RANKS[one.state], -SEVERITIES.index(one.severity), one.first_activity

    worst = ((one, raised_alerts.get(sources.store.connection, one.worst.alert_id)) for one in sorted(month, key=rank)[:MOST])
    return [_incident(one, sources.shown.alert(alert)) for one, alert in worst if alert is not None]


def _incident(one: counted.Incident, alert: Alert) -> WorstIncident:
    return WorstIncident(
        at=iso(one.first_activity),
        incident_id=alert.incident_id,
        severity=one.severity,
        what=one.title,
        evidence=alert.evidence,
        user=alert.user,
        alerts=len(one.alerts),
        state=one.state,
    )


def _noisy(sources: Sources, month: Month, alerts: Sequence[AlertSummary], before: Sequence[AlertSummary]) -> list[NoisyPolicy]:
    """The policies with the most alerts."""
    earlier = Counter(alert.policy_id for alert in before)
    by_policy: dict[str, list[AlertSummary]] = {}
    for alert in alerts:
        by_policy.setdefault(alert.policy_id, []).append(alert)
    noisy = []
    for policy_id, own in sorted(by_policy.items(), key=lambda one: (-len(one[1]), one[0]))[:NOISY]:
        as_what = Counter(alert.resolution for alert in own)
        noisy.append(
            NoisyPolicy(
                policy_id=policy_id,
                name=own[-1].policy_name,
                alerts=len(own),
                before=earlier[policy_id],
                true_positive=as_what["true_positive"],
                benign=as_what["benign"],
                false_positive=as_what["false_positive"],
                open=sum(alert.status == "open" for alert in own),
                tuning=tuning(own, sources.shown, month),
            )
        )
    return noisy


def _users(sources: Sources, month: Month, log: LoggedMonth, alerts: Sequence[AlertSummary]) -> list[TopUser]:
    """Who has the most alerts."""
    users, scores = [], priority.scores(sources.store.connection, min(month.until, sources.now))
    for own in [*counted.by_person(alerts).values()][:MOST]:
        one = own[0]
        assert one.user is not None  # they are grouped by it
        activities = log.people.get(whose(one.user, one.app, one.app_instance), 0)
        high = sum(alert.severity == "high" for alert in own)
        opened = sum(alert.status == "open" for alert in own)
        score = scores.get(person(one.user, one.app, one.app_instance), 0)
        users.append(TopUser(sources.shown.user(one.user), len(own), high, opened, activities, score))
    return users


def _countries(log: LoggedMonth, alerts: Sequence[AlertSummary], before: Sequence[AlertSummary]) -> list[TopCountry]:
    """From where alerts come, and then activities."""
    now, then = (Counter(alert.country for alert in some if alert.country) for some in (alerts, before))
    names = {*now, *(name for name in log.countries if name)}
    countries = (TopCountry(name, now[name], log.countries.get(name, 0), then[name]) for name in names)
    return sorted(countries, key=lambda one: (-one.alerts, -one.activities, one.country))[:MOST]


def never_matched(sources: Sources) -> dict[str, str]:
    """The enabled policies that no activity has met since the store began, with their names; those that look at alerts are none."""
    counts = policy_counts.counts(sources.store.connection)
    asked = (one for one in sources.policies if one.enabled and not isinstance(one.match, Rise))
    return {one.id: one.name for one in asked if not counts.get(one.id, (0, 0))[0]}


def _troubles(sources: Sources, alerts: Sequence[AlertSummary]) -> list[Trouble]:
    """What casbd said of itself, the latest first."""
    down = {*outbox.down_since(sources.store.connection).values()}
    by_title: dict[str, list[AlertSummary]] = {}
    for alert in alerts:
        by_title.setdefault(sources.shown.text(alert.policy_name), []).append(alert)
    troubles = [
        Trouble(title, len(own), iso(own[-1].first_activity), goes_on=own[-1].first_activity in down) for title, own in by_title.items()
    ]
    return sorted(troubles, key=lambda one: one.last, reverse=True)[:MOST]


def _rejects(sources: Sources, month: Month) -> list[RejectedRecords]:
    found = reported.rejects(sources.store.connection, month.since, month.until, MOST)
    return [RejectedRecords(name, sources.shown.text(reason), number) for name, reason, number in found]
