"""The monthly report in plain words, for people who do not work with casbd every day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from casbd.model.alert import SEVERITIES
from casbd.reports.document import Block, Cell, Chart, Code, Document, Figure, Figures, Paragraph, Section, Steps, Table, number
from casbd.reports.month import Month
from casbd.reports.monthly import Compared, MonthlyReport, Period
from casbd.wire.plain_text import cut

MOST_NAMED = 40
"""Policies that a sentence names."""

MOST_SAID = 240
"""Characters of an alert's evidence."""


def document(report: MonthlyReport) -> Document:
    """The page of a month."""
    month = Month.read(report.month)
    so_far = "" if report.is_over else f", so far (until {_minute(report.made)})"
    return Document(
        title=f"Cloud app security: {month.name}",
        lead=f"{_in_short(report, month)}{so_far and ' The month is not over.'}",
        sections=[
            Section("In short", [_figures(report, month), Steps(report.recommendations[:3], "Nothing has to be done.")]),
            Section("Incidents by type", [*_types(report, month)]),
            Section("The most severe incidents", [*_worst(report)]),
            Section("How they were handled", [*_handling(report)]),
            Section("Trend", [*_trend(report)]),
            Section("Noisiest policies, and what to tune", [*_noisy(report, month)]),
            Section("People and places", [*_people(report)]),
            Section("Governance actions", [*_governance(report)]),
            Section("Policies that never matched", [*_never(report)]),
            Section("The service itself", [*_service(report)]),
            Section("Changes of policies and configuration", [*_changes(report)]),
            Section("What to do", [Steps(report.recommendations, "Nothing has to be done.")]),
        ],
        footer=f"Made by casbd {report.version} on {_minute(report.made)} UTC{so_far}. All times are UTC; an alert is of the "
        "month of its first activity.",
    )


def _minute(time: str) -> str:
    """`2026-10-31 12:00`."""
    return time[:16].replace("T", " ")


def _in_short(report: MonthlyReport, month: Month) -> str:
    handling = report.handling
    if not report.alerts.month:
        return f"No incidents in {month.name}, in {number(report.activities.month)} activities."
    incidents = f"{number(report.incidents.month)} {_plural('incident', report.incidents.month)} in {month.name}"
    incidents += f", {_compared(report, report.incidents, month)}"
    if not handling.closed:
        return f"{incidents}. None of their {number(report.alerts.month)} alerts is closed yet."
    truth = f"{number(handling.true_positive)} of their {number(report.alerts.month)} alerts turned out to be true"
    return f"{incidents}. {truth}, {number(handling.open)} are still open."


def _plural(word: str, value: int) -> str:
    return word if value == 1 else f"{word}s"


def _compared(report: MonthlyReport, compared: Compared, month: Month) -> str:
    """`12 more than in September`; not where casbd did not yet run, or nothing of it is kept."""
    before = month.plus(-1).name.split()[0]
    if not report.activities.before and not report.alerts.before:
        return f"nothing is known of {before}"
    more = compared.month - compared.before
    if not more:
        return f"as many as in {before}"
    return f"{number(abs(more))} {'more' if more > 0 else 'fewer'} than in {before}"


def _figures(report: MonthlyReport, month: Month) -> Figures:
    handling, before = report.handling, month.plus(-1).name.split()[0]
    none_closed = "when is not known" if handling.closed else "none is closed yet" if report.alerts.month else "there were no alerts"
    took = Figure("Median time to close", "–", none_closed)
    false = Figure("False alerts", "–", none_closed)
    if handling.median_hours is not None:
        earlier = f"{_hours(handling.before_hours)} in {before}" if handling.before_hours is not None else ""
        took = Figure("Median time to close", _hours(handling.median_hours), earlier)
    if handling.closed:
        share = f"{100 * handling.false_positive / handling.closed:.0f} %"
        false = Figure("False alerts", share, f"of {number(handling.closed)} that were closed")

    def compared(label: str, numbers: Compared) -> Figure:
        return Figure(label, number(numbers.month), _compared(report, numbers, month))

    return Figures(
        [
            compared("Incidents", report.incidents),
            Figure("Alerts still open", number(handling.open), f"{number(handling.open_high)} of them of high severity"),
            *(false, took),
            compared("Activities watched", report.activities),
            compared("People active", report.active_users),
        ]
    )


def _hours(hours: float) -> str:
    """`40 minutes`, `6 hours`, `3.5 days`."""
    if hours * 60 < 1:
        return "< 1 minute"
    if hours < 1:
        return f"{round(hours * 60)} {_plural('minute', round(hours * 60))}"
    if hours < 48:
        return f"{round(hours)} {_plural('hour', round(hours))}"
    return f"{hours / 24:.1f} days"


def _types(report: MonthlyReport, month: Month) -> Iterator[Block]:
    before = month.plus(-1).name
    if report.types:
        labels = [spelt(one.type) for one in report.types]
        yield Chart(
            "bars", f"Incidents of {month.name} by type", labels, {"Incidents": [one.incidents for one in report.types]}, "incidents"
        )
    rows = [(spelt(one.type), one.incidents, one.before, f"{one.incidents - one.before:+,}") for one in report.types]
    yield Table(("Type", month.name, before, "Change"), rows, "There were none, in this month or the one before.")
    severities = [(spelt(one.type), one.incidents, one.before, f"{one.incidents - one.before:+,}") for one in report.severities]
    if severities:
        severities.sort(key=lambda row: -SEVERITIES.index(row[0].lower()))
        yield Table(("Severity", month.name, before, "Change"), severities)


def spelt(name: str) -> str:
    """`threat_detection` as `Threat detection`; `dlp` is an abbreviation."""
    return _SPELT.get(name, name.replace("_", " ").capitalize())


_SPELT = {
    "dlp": "Data loss prevention",
    "none": "No category",
    "true_positive": "True",
    "false_positive": "False",
    "benign": "True but harmless",
}


def _worst(report: MonthlyReport) -> Iterator[Block]:
    rows = [
        (
            _minute(one.at),
            spelt(one.severity),
            f"{one.what}: {cut(one.evidence, MOST_SAID)}".rstrip(": "),
            one.user,
            one.alerts,
            spelt(one.state),
        )
        for one in report.worst
    ]
    yield Table(("Began", "Severity", "What", "Who", "Alerts", "State"), rows, "There were none.")


def _handling(report: MonthlyReport) -> Iterator[Block]:
    handling = report.handling
    if not report.alerts.month:
        yield Paragraph("There was nothing to handle.")
        return
    kinds = {
        "Still open": handling.open,
        "True": handling.true_positive,
        "True but harmless": handling.benign,
        "False": handling.false_positive,
        "Closed without a reason": handling.unexplained,
    }
    yield Chart("bars", "Alerts of the month by what became of them", [*kinds], {"Alerts": [*kinds.values()]}, "alerts")
    if handling.median_hours is not None and handling.slowest_hours is not None:
        yield Paragraph(
            f"Half of the closed alerts were closed within {_hours(handling.median_hours)} of being raised; the slowest took "
            f"{_hours(handling.slowest_hours)}."
        )


def _trend(report: MonthlyReport) -> Iterator[Block]:
    yield _by_severity("Incidents by month", [Month.read(one.period).short for one in report.months], report.months)
    yield _by_severity("Incidents by week, each by its Monday", [one.period[5:] for one in report.weeks], report.weeks)
    yield Chart(
        "line",
        "Activities by day of the month",
        [str(int(day[8:])) for day in report.days],
        {"Activities": [*report.days.values()]},
        "activities",
    )


def _by_severity(title: str, labels: Sequence[str], periods: Sequence[Period]) -> Chart:
    series = {spelt(severity): [one.by_severity[severity] for one in periods] for severity in reversed(SEVERITIES)}
    return Chart("columns", title, labels, series, "incidents")


def _noisy(report: MonthlyReport, month: Month) -> Iterator[Block]:
    columns = ("Policy", "Alerts", month.plus(-1).short, "True", "Harmless", "False", "Open")
    rows: list[Sequence[Cell]] = [
        (one.name, one.alerts, one.before, one.true_positive, one.benign, one.false_positive, one.open) for one in report.noisy
    ]
    yield Table(columns, rows, "No policy raised an alert.")
    for one in report.noisy:
        if one.tuning is not None:
            yield Paragraph(f"{one.name}: {one.tuning.advice}")
            if one.tuning.exception:
                yield Code(one.tuning.exception, "yaml")


def _people(report: MonthlyReport) -> Iterator[Block]:
    people = [(one.user, one.alerts, one.high, one.open, one.activities, one.priority) for one in report.users]
    columns = ("Person", "Alerts", "High severity", "Open", "Activities", "Investigation priority at the end")
    yield Table(columns, people, "No alert is about a person.")
    places = [(one.country, one.alerts, one.before, one.activities) for one in report.countries]
    yield Table(("Country", "Alerts", "Alerts the month before", "Activities"), places, "No country is known of any address.")


def _governance(report: MonthlyReport) -> Iterator[Block]:
    means = {
        "dry_run": "decides and sends nothing (dry run)",
        "approve": "waits for a person to approve each command",
        "enforce": "acts by itself",
    }
    yield Paragraph(f"Governance {means.get(report.governance_mode, report.governance_mode)}.")
    rows = [(spelt(one.action), spelt(one.status), one.commands) for one in report.governance]
    yield Table(("Action", "Status", "Commands"), rows, "No policy asked for an action.")


def _never(report: MonthlyReport) -> Iterator[Block]:
    never = [*report.never_matched.values()]
    if not never:
        yield Paragraph(f"Each of the {number(report.policies)} enabled policies has matched at least once since casbd began.")
        return
    yield Paragraph(f"{number(len(never))} of {number(report.policies)} enabled policies have met no activity since casbd began:")
    more = f", and {number(len(never) - MOST_NAMED)} more" if len(never) > MOST_NAMED else ""
    yield Paragraph("; ".join(never[:MOST_NAMED]) + more + ".", note=True)


def _service(report: MonthlyReport) -> Iterator[Block]:
    troubles = [(one.what, one.times, _minute(one.last), "still so" if one.goes_on else "") for one in report.troubles]
    yield Table(("What casbd said of itself", "Times", "Last", ""), troubles, "No destination was down and no input silent.")
    rejects = [(one.input, one.reason, one.records) for one in report.rejects]
    yield Table(("Input", "Why records could not be read", "Records"), rejects, "Every record could be read.")


def _changes(report: MonthlyReport) -> Iterator[Block]:
    if report.last_configuration_change:
        yield Paragraph(f"The configuration was last changed on {_minute(report.last_configuration_change)}.")
    rows = [
        (
            _minute(one.at),
            f"{spelt(one.kind)} {one.name}",
            one.what + (", while casbd was stopped" if one.while_stopped else ""),
            one.by,
        )
        for one in report.changes
    ]
    yield Table(("When", "What", "How", "Who"), rows, "Nothing was changed.")
    for one in report.changes:
        if one.diff:
            yield Paragraph(f"{one.name}, {_minute(one.at)}:", note=True)
            yield Code(one.diff, "diff")
    yield from _last_changes(report)


def _last_changes(report: MonthlyReport) -> Iterator[Block]:
    changed = sorted((one for one in report.last_changes if one.what != "first"), key=lambda one: (one.at, one.policy_id), reverse=True)
    if changed:
        yield Table(("Policy", "Last change", "How"), [(one.policy_id, _minute(one.at), one.what) for one in changed])
    as_found = [one.at for one in report.last_changes if one.what == "first"]
    if as_found:
        others = "All" if not changed else f"The other {number(len(as_found))}"
        yield Paragraph(f"{others} policies are as casbd found them; the newest of their files is of {max(as_found)[:10]}.", note=True)
