"""Which alerts are asked for, in which order, and what is read for it."""

import pytest

from casbd.model.alert import Alert
from casbd.store.database import Store
from casbd.store.state import alert_queue, raised_alerts
from casbd.store.state.alert_filters import AlertFilters

FIELDS = (
    {"user": "anna@contoso.com", "severity": "high", "risk_score": 70, "app": "Okta", "incident_id": "ab" * 16},
    {"user": "Joanna@contoso.com", "severity": "low", "risk_score": 90, "read": True, "assigned_to": "Eva", "ip_address": "2001:db8::1"},
    {"user": "ÄNNE", "severity": "medium", "status": "closed", "resolution": "benign", "category": "dlp"},
    {"user": None, "severity": "informational", "merged_into": "0", "activity_count": 9},
    {"user": "a%b@contoso.com", "severity": "high", "suppressed": True, "last_activity": 9, "policy_id": "Other"},
)


def alert(number, **fields):
    base = {"policy_id": "p", "policy_name": "P", "policy_type": "activity", "severity": "low", "last_activity": number}
    return Alert(**base | {"alert_id": str(number), "first_activity": number} | fields)


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    with Store(tmp_path_factory.mktemp("queue")) as store:
        with store.transaction() as connection:
            for number, fields in enumerate(FIELDS):
                raised_alerts.save(connection, alert(number, **fields))
        yield store.connection


def found(connection, sort="first_activity", limit=0, **filters):
    return "".join(alert_queue.ids(connection, AlertFilters(**filters), sort, limit))


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({}, "01234"),
        ({"state": "open"}, "014"),
        ({"state": "unread"}, "04"),
        ({"state": "read"}, "1"),
        ({"state": "closed"}, "2"),
        ({"name_part": "ANNA"}, "01"),
        ({"name_part": "änn"}, "2"),
        ({"name_part": "%"}, "4"),
        ({"name_part": "\udcff"}, ""),
        ({"user": "ANNA@contoso.com"}, "0"),
        ({"assigned_to": "eva"}, "1"),
        ({"assigned_to": ""}, "0234"),
        ({"ip_address": "2001:db8::1"}, "1"),
        ({"incident_id": "abab"}, "0"),
        ({"incident_id": "ba"}, ""),
        ({"held_back": True}, "4"),
        ({"since": 4}, "4"),
        ({"since": 1, "until": 2}, "12"),
        ({"policy_id": "OTHER", "severity": "HIGH"}, "4"),
        ({"category": "DLP", "state": "closed"}, "2"),
    ],
)
def test_filters(connection, filters, ids):
    assert found(connection, **filters) == ids
    assert alert_queue.count(connection, AlertFilters(**filters)) == len(ids)
    assert [one.alert_id for one in alert_queue.listed(connection, AlertFilters(**filters), "first_activity")] == [*ids]


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ("-first_activity", "43210"),
        ("severity", "31240"),
        ("-severity", "40213"),
        ("-risk_score", "10432"),
        ("risk_score", "01432"),
        ("-activity_count", "34210"),
        ("user", "40123"),
        ("assigned_to", "14320"),
    ],
)
def test_orders(connection, sort, ids):
    assert found(connection, sort) == ids
    assert found(connection, sort, limit=2) == ids[:2]


def test_no_such_order(connection):
    with pytest.raises(KeyError):
        found(connection, "title")


@pytest.mark.parametrize(
    "filters",
    [{"state": "open"}, {"state": "all", "name_part": "anna"}, {"state": "closed", "app": "Okta", "since": 1, "assigned_to": "x"}],
)
@pytest.mark.parametrize("sort", alert_queue.SORTS)
def test_alerts_that_are_not_shown_are_not_read(connection, filters, sort):
    statements = []
    connection.set_trace_callback(statements.append)
    found(connection, sort, limit=1, **filters)
    alert_queue.count(connection, AlertFilters(**filters))
    connection.set_trace_callback(None)
    plans = [str([*connection.execute(f"EXPLAIN QUERY PLAN {statement}")]) for statement in statements]
    assert len(plans) == 2
    assert all("USING COVERING INDEX alerts_in_the_queue" in plan for plan in plans), plans
