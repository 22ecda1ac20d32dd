"""How much an alert asks to be looked at."""

import pytest
from builders import HOUR, MINUTE, NOON, Core, record, repeated, settings
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from casbd.alerting import risk
from casbd.alerting.raising import system
from casbd.model.activity import Activity
from casbd.model.alert import SEVERITIES
from casbd.store.state import raised_alerts

ALERT = system("x", "x", "x", subject="x", moment=NOON, now=NOON)
USER = Activity(NOON, "1", user="a@contoso.com")


def scored(alert=ALERT, activity=USER, *, protected=False, **changes):
    alert = replace(alert, **{"policy_type": "activity", "activity_count": 1} | changes)
    return risk.score(alert, risk.weight_of(alert, activity, protected=protected))


class TestScore:
    @pytest.mark.parametrize(("severity", "points"), [("informational", 5), ("low", 20), ("medium", 45), ("high", 70)])
    def test_severity(self, severity, points):
        assert scored(severity=severity) == points

    @pytest.mark.parametrize(("number", "points"), [(0, 45), (1, 45), (2, 47), (3, 47), (4, 49), (31, 53), (32, 55), (10**9, 55)])
    def test_how_much_it_is(self, number, points):
        assert scored(activity_count=number) == points

    @pytest.mark.parametrize(
        ("fields", "points"),
        [
            ({}, 0),
            ({"is_admin_operation": True}, 10),
            ({"user_type": "Admin"}, 10),
            ({"user_type": "Admin", "is_admin_operation": True}, 10),
            ({"is_external_user": True}, 5),
            ({"user_type": "Guest"}, 5),
            ({"result": "success"}, 0),
        ],
    )
    def test_who_it_is(self, fields, points):
        activity = Activity(NOON, "1", **fields)
        assert scored(activity=activity) == 45 + points
        assert scored(activity=activity, protected=True) == 45 + points + 10

    def test_a_sequence_that_ended_with_a_success(self):
        assert [scored(activity=Activity(NOON, "1", result=how), policy_type="sequence") for how in ("success", "failure")] == [55, 45]

    def test_all_of_it_together_is_a_hundred(self):
        activity = Activity(NOON, "1", is_admin_operation=True, is_external_user=True, result="success")
        assert scored(activity=activity, protected=True, severity="high", policy_type="sequence", activity_count=10**6) == 100

    @given(st.sampled_from(SEVERITIES), st.integers(0, 10**7), st.integers(0, risk.MOST_WEIGHT))
    def test_the_weight_can_be_read_out_of_it(self, severity, number, weight):
        alert = replace(ALERT, severity=severity, activity_count=number)
        assert 0 <= risk.score(alert, weight) <= 100
        assert risk.weight_in(replace(alert, risk_score=risk.score(alert, weight))) == weight


class TestStored:
    def test_it_rises_while_the_alert_grows_and_never_falls(self, make_core):
        core = make_core(rules=repeated(2, "1h"))
        scores = []
        for number, kind in enumerate([0, 0, 2, 0, 0]):  # 2: an administrator, see UserType of the Management API
            core.feed_records(record(at=number * MINUTE, UserType=kind))
            core.reopen()
            scores += [alert.risk_score for alert in core.alerts()]
        assert scores == [47, 57, 59, 59]

    def test_what_joins_two_runs_keeps_what_was_true_of_either(self, make_core):
        core = make_core(rules=repeated(2, "1h"))
        core.feed_records(record(), record(at=MINUTE))
        core.feed_records(record(at=100 * MINUTE, UserType=2), record(at=101 * MINUTE, UserType=2))
        core.feed_records(record(at=50 * MINUTE))
        assert [alert.risk_score for alert in core.alerts() if alert.merged_into is None] == [45 + 4 + 10]

    def test_whom_the_configuration_protects(self, make_core):
        core = make_core(rules={"failed": {}}, settings=settings(protected_users=("ceo@contoso.com",)))
        core.feed_records(record(UserId="CEO@contoso.com"), record(at=HOUR))
        assert [alert.risk_score for alert in core.alerts()] == [55, 45]

    def test_an_alert_of_an_older_casbd_gets_one_when_it_grows(self, make_core):
        core: Core = make_core(rules=repeated(2, "1h"))
        core.feed_records(record(), record(at=MINUTE))
        with core.store.transaction() as connection:
            raised_alerts.save(connection, replace(core.alerts()[0], risk_score=None))
        core.feed_records(record(at=2 * MINUTE))
        assert [alert.risk_score for alert in core.alerts()] == [47]
