"""Finding alerts by what they are about."""

import pytest

from casbd.model.alert import Alert
from casbd.store.database import Store
from casbd.store.state import raised_alerts

STORED = [
    {"user": "Ann", "app": "Okta", "ip_address": "203.0.113.7"},
    {"user": "ÄNN", "app": None, "ip_address": "203.0.113.70"},
    {"user": "straße", "app": "okta", "ip_address": None},
    {"user": None, "app": "Nul\0l", "ip_address": "2001:db8::1"},
    {"user": "203.0.113.7", "app": "x", "ip_address": "198.51.100.1"},
]


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    with Store(tmp_path_factory.mktemp("alerts")) as store:
        with store.transaction() as connection:
            for number, fields in enumerate(STORED):
                one = {"alert_id": str(number), "policy_id": "p", "policy_name": "P", "policy_type": "activity", "severity": "low"}
                raised_alerts.save(connection, Alert(**one, first_activity=number, **fields))
        yield store.connection


@pytest.mark.parametrize(
    ("equal", "found"),
    [
        ({}, "01234"),
        ({"user": "ann"}, "0"),
        ({"user": "ann."}, "0"),
        ({"user": "änn"}, "1"),
        ({"user": "STRASSE"}, "2"),
        ({"user": "STRAßE"}, "2"),
        ({"user": "\udcff"}, ""),
        ({"user": ""}, ""),
        ({"app": "OKTA"}, "02"),
        ({"app": "nul\0L"}, "3"),
        ({"app": "okta", "user": "ANN"}, "0"),
        ({"ip_address": "203.0.113.7"}, "0"),
        ({"ip_address": "2001:db8::1", "user": None}, "3"),
        ({"ip_address": "203.0.113"}, ""),
        ({"severity": "LOW", "policy_id": "P"}, "01234"),
    ],
)
def test_by_fields_without_regard_to_case(connection, equal, found):
    assert "".join(alert.alert_id for alert in raised_alerts.find(connection, **equal)) == found


def test_no_such_field(connection):
    with pytest.raises(TypeError, match="title"):
        next(raised_alerts.find(connection, title="x"))
