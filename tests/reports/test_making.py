"""The numbers of the monthly report, from a real store and its log."""

import pytest
from alerts_of_a_month import DAY, FEBRUARY, HOUR, MONTH, alert, closed
from msgspec.structs import replace

from casbd.pseudonyms import Pseudonyms
from casbd.reports.making import monthly
from casbd.reports.monthly import Commands, Compared, OfType, RejectedRecords


@pytest.fixture
def report(lived, sources):
    return monthly(sources, MONTH)


def test_incidents_are_counted_once_and_by_their_worst_alert(report):
    assert report.alerts == Compared(8, 1)  # the policy `failed` raised one of its own
    assert report.incidents == Compared(7, 1)
    assert report.types == [OfType("access_control", 6, 1), OfType("none", 1, 0)]
    assert [*report.severities] == [OfType("medium", 4, 1), OfType("high", 3, 0)]


def test_three_policies_of_two_categories_make_an_incident_more_severe(save, sources):
    save(*(alert(incident_id="i", policy_id=name, category=of) for name, of in (("a", "dlp"), ("b", "dlp"), ("c", "access_control"))))
    (one,) = monthly(sources, MONTH).worst
    assert (one.severity, one.alerts, one.incident_id) == ("high", 3, "i")


def test_the_title_of_an_incident(save, sources):
    save(
        *(alert(incident_id="i", policy_id=name, policy_name=name, at=at) for at, name in enumerate("abab")),
        *(alert(incident_id="i", policy_id=name, policy_name=name, severity="high") for name in "cd"),
    )
    assert monthly(sources, MONTH).worst[0].what == "c, d, a and 1 more"


def test_how_they_were_handled(report):
    handling = report.handling
    assert (handling.open, handling.open_high) == (3, 2)
    assert (handling.true_positive, handling.false_positive, handling.benign, handling.unexplained) == (1, 4, 0, 0)
    assert (handling.median_hours, handling.slowest_hours, handling.before_hours) == (2.0, 100.0, None)


def test_what_an_older_casbd_closed_has_no_time(save, sources):
    save(replace(closed("benign"), closed=None), replace(closed(None), closed=None))
    handling = monthly(sources, MONTH).handling
    assert (handling.benign, handling.unexplained, handling.median_hours) == (1, 1, None)


def test_the_trend_has_twelve_months_and_twelve_weeks(report):
    assert [(one.period, one.incidents) for one in report.months][-2:] == [("2025-12", 1), ("2026-01", 7)]
    assert report.months[0].period == "2025-02"
    assert len(report.months) == len(report.weeks) == 12
    assert report.weeks[-1].period == "2026-01-26"
    weeks = {one.period: one.incidents for one in report.weeks}
    assert (weeks["2025-12-29"], weeks["2026-01-05"]) == (8, 0)
    assert sum(report.months[-1].by_severity.values()) == 7


def test_activities_are_counted_by_the_log(report):
    assert report.activities == Compared(4, 1)
    assert report.active_users == Compared(2, 1)
    assert {day: number for day, number in report.days.items() if number} == {"2026-01-01": 1, "2026-01-02": 2, "2026-01-03": 1}
    assert len(report.days) == 31


def test_the_days_of_a_month_that_goes_on_end_today(lived, sources):
    running = monthly(replace(sources, now=MONTH.since + 2 * DAY + HOUR), MONTH)
    assert [*running.days] == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert not running.is_over


def test_who_and_from_where(report):
    assert [(one.user, one.alerts, one.high, one.open, one.activities) for one in report.users] == [
        ("backup@contoso.com", 4, 0, 0, 0),
        ("a@contoso.com", 3, 2, 2, 3),
        ("b@contoso.com", 1, 1, 1, 1),
    ]
    assert [(one.country, one.alerts) for one in report.countries] == [("NO", 4), ("DE", 1)]


def test_the_worst_come_first(report):
    first = report.worst[0]
    assert (first.state, first.severity, first.user) == ("true", "high", "a@contoso.com")
    assert [one.state for one in report.worst] == ["true", "open", "open", "false", "false", "false", "false"]


def test_noisy_policies(report):
    noisy = report.noisy[0]
    assert (noisy.policy_id, noisy.alerts, noisy.before, noisy.false_positive, noisy.true_positive) == ("noisy", 5, 1, 4, 1)
    assert noisy.tuning.removed == 4


def test_governance_rejects_and_what_casbd_said_of_itself(report):
    assert report.governance == [Commands("suspend_user", "failed", 2), Commands("suspend_user", "succeeded", 1)]
    assert report.rejects == [RejectedRecords("m365", "not a record", 2)]
    assert [(one.what, one.times, one.goes_on) for one in report.troubles] == [("Destination siem takes no messages", 1, False)]


def test_policies_that_never_matched(report):
    assert report.never_matched == {"idle": "idle"}  # not what is switched off
    assert report.policies == 2


def test_recommendations_follow_from_the_numbers(report, core, sources):
    assert [step.what for step in report.recommendations] == [
        "Look at the open alerts of high severity first.",
        "See why governance commands failed.",
        "Tune the policy Noisy.",
        "See why records cannot be read.",
        "Check that policies which never matched can match.",
    ]
    assert report.recommendations[0].why == f"Still open with high severity: {report.handling.open_high} of the month's alerts."


def test_nothing_at_all(core, sources):
    empty = monthly(replace(sources, policies=[]), MONTH)
    assert empty.incidents == Compared(0, 0)
    assert not empty.recommendations


def test_people_are_pseudonyms_where_that_is_configured(lived, sources):
    hidden = monthly(replace(sources, shown=Pseudonyms(["user", "ip_address"], b"k" * 16)), MONTH)
    assert "contoso" not in repr(hidden)
    assert hidden.users[1].user.startswith("user-")
    assert hidden.noisy[0].tuning.exception == ""  # it would exempt nobody


def test_a_month_ends_with_its_last_millisecond(save, sources):
    save(alert(first_activity=FEBRUARY - 1), alert(first_activity=FEBRUARY), alert(first_activity=MONTH.since))
    assert monthly(sources, MONTH).alerts == Compared(2, 0)
