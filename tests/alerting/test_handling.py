"""What people do with alerts, and who hears of it."""

import pytest
from builders import HOUR, MINUTE, NOON, failures, record, repeated, settings

from casbd.alerting import handling
from casbd.alerting.wishes import Wish
from casbd.store.state import audit, raised_alerts
from casbd.store.state.operator import person

OUTPUTS = {"siem": Wish(), "file": Wish()}


@pytest.fixture
def core(make_core):
    """A run of a@, and one of b@ that is held back."""
    core = make_core(rules=repeated(3, alert={"daily_limit": 1}), settings=settings({name: ["alerts"] for name in OUTPUTS}))
    for user in "ab":
        core.feed_records(*failures(0, MINUTE, 2 * MINUTE, UserId=f"{user}@contoso.com"))
    core.now = NOON + HOUR
    return core


def ids(core):
    return [alert.alert_id for alert in core.alerts()]


def handle(core, how, **more):
    with core.store.transaction() as connection:
        return handling.handle(connection, ids(core), how, OUTPUTS, core.now, **more)


def told(core, output="file"):
    return [
        (alert.event, alert.status, alert.resolution, alert.user)
        for row in core.waiting(output)
        if (alert := row.alert()).event != "raised"
    ]


def test_closed_and_reopened_and_the_outputs_hear_of_what_they_had(core):
    assert handle(core, handling.closing("benign", "travels", "eva", core.now)) == ids(core)
    for alert in core.alerts():
        assert (alert.status, alert.resolution, alert.comment, alert.closed_by) == ("closed", "benign", "travels", "eva")
        assert (alert.closed, alert.read) == (NOON + HOUR, True)
    handle(core, handling.reopening())
    for alert in core.alerts():
        assert (alert.status, alert.resolution, alert.comment, alert.closed_by, alert.closed) == ("open", None, "travels", None, None)
    assert told(core) == [("closed", "closed", "benign", "a@contoso.com"), ("reopened", "open", None, "a@contoso.com")]
    assert len({row.alert().alert_id for row in core.waiting("siem")}) == 1


def test_what_changes_nothing_is_neither_noted_nor_told(core):
    close = handling.closing("benign", None, "eva", core.now)
    assert handle(core, close) == ids(core)
    core.now += HOUR
    assert handle(core, handling.closing("benign", None, "bob", core.now)) == []
    assert {(alert.closed_by, alert.closed) for alert in core.alerts()} == {("eva", NOON + HOUR)}
    assert len(told(core)) == 1
    assert handle(core, handling.closing("true_positive", None, "bob", core.now)) == ids(core)
    assert [event for event, *_ in told(core)] == ["closed", "closed"]


def test_reading_and_assigning_are_nobodys_elses_business(core):
    assert handle(core, handling.reading()) == ids(core)
    assert handle(core, handling.assigning("eva")) == ids(core)
    assert handle(core, handling.assigning("eva"), who="bob") == []
    assert {(alert.read, alert.assigned_to, alert.status) for alert in core.alerts()} == {(True, "eva", "open")}
    handle(core, handling.assigning(None), who="bob")
    assert {alert.assigned_to for alert in core.alerts()} == {None}
    assert told(core) == []
    trail = [(entry.who, entry.action, entry.detail) for entry in audit.listed(core.store.connection)]
    assert trail[0] == (person(), "alerts read", {"read": True, "before": {"read": False}})
    assert trail[-1] == ("bob", "alerts assign", {"assigned_to": None, "before": {"assigned_to": "eva"}})
    assert len(trail) == 6


def test_nothing_of_it_where_the_transaction_fails(core):
    with pytest.raises(AttributeError):
        handle(core, handling.closing("benign", None, "eva", 1)._replace(noted=("no such field",)))
    assert {alert.status for alert in core.alerts()} == {"open"}
    assert told(core) == []


def test_what_the_daemon_added_meanwhile_stays(core):
    some = ids(core)
    core.feed_records(record(at=3 * MINUTE))
    with core.store.transaction() as connection:
        handling.handle(connection, [*some, "gone"], handling.closing("benign", None, "eva", 1), OUTPUTS, core.now)
    assert raised_alerts.get(core.store.connection, core.alerts()[0].alert_id).activity_count in (3, 4)
    assert sum(alert.activity_count for alert in core.alerts()) == 7
