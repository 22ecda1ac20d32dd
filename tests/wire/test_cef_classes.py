"""Which class an alert has in CEF."""

import re

import pytest
import strict_cef
from msgspec.structs import replace

from casbd.model.alert import Alert
from casbd.wire import cef, cef_classes

ALERT = Alert(alert_id="1", policy_id="own", policy_name="Own", policy_type="anomaly", severity="low")
OF_THE_AGENT = {
    "ALERT_ADMIN_USER",
    "ALERT_ANUBIS_DETECTION_NEW_COUNTRY",
    "ALERT_ANUBIS_DETECTION_RANSOMWARE",
    "ALERT_ANUBIS_DETECTION_REPEATED_ACTIVITY_DELETE",
    "ALERT_ANUBIS_DETECTION_REPEATED_ACTIVITY_DOWNLOAD",
    "ALERT_ANUBIS_DETECTION_REPEATED_ACTIVITY_FAILED_LOGIN",
    "ALERT_ANUBIS_DETECTION_RISKY_IP_ANONYMOUS",
    "ALERT_ANUBIS_DETECTION_SUSPICIOUS_EMAIL_DELETION",
    "ALERT_ANUBIS_DETECTION_UNCOMMON_CLOUD_REGION",
    "ALERT_ANUBIS_DETECTION_VELOCITY",
    "ALERT_CABINET_APP_PERMISSION_ANOMALY_MISLEADING_APP_NAME",
    "ALERT_CABINET_APP_PERMISSION_ANOMALY_MISLEADING_PUBLISHER_NAME",
    "ALERT_COMPROMISED_ACCOUNT",
    "ALERT_MANAGEMENT_DISCONNECTED_API",
    "ALERT_MANAGEMENT_DISCONNECTED_SIEM",
    "ALERT_MANAGEMENT_GENERIC",
    "ALERT_MANAGEMENT_LOG_COLLECTOR_LOW_RATE",
    "ALERT_SUSPICIOUS_ACTIVITY",
    "ALERT_UEBA_INVESTIGATION_PRIORITY_INCREASE",
    "ALERT_ZOMBIE_USER",
}
"""Those that public material has seen."""


def classed(profile="mcas", **changes):
    return strict_cef.parse(cef.alert(replace(ALERT, **changes), profile=profile))[0][4]


@pytest.mark.parametrize("profile", ["mcas", "casbd"])
@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"policy_type": "activity"}, "ALERT_CABINET_EVENT_MATCH_AUDIT"),
        ({"policy_type": "repeated_activity", "detection": "repeated activities"}, "ALERT_CABINET_EVENT_MATCH_AUDIT"),
        ({"policy_type": "sequence", "detection": "sequence steps"}, "ALERT_CABINET_EVENT_MATCH_AUDIT"),
        ({"policy_type": "system"}, "ALERT_MANAGEMENT_GENERIC"),
        ({"policy_type": "system", "policy_id": "casbd.destination_down"}, "ALERT_MANAGEMENT_DISCONNECTED_SIEM"),
        ({"policy_type": "system", "policy_id": "casbd.connector_down"}, "ALERT_MANAGEMENT_DISCONNECTED_API"),
        ({"policy_type": "system", "policy_id": "casbd.input_silent"}, "ALERT_MANAGEMENT_LOG_COLLECTOR_LOW_RATE"),
        ({"policy_id": "impossible-travel"}, "ALERT_ANUBIS_DETECTION_VELOCITY"),
        (
            {"policy_id": "multiple-failed-log-ons", "policy_type": "repeated_activity"},
            "ALERT_ANUBIS_DETECTION_REPEATED_ACTIVITY_FAILED_LOGIN",
        ),
        ({"detection": "travel impossible"}, "ALERT_ANUBIS_DETECTION_VELOCITY"),
        ({"detection": "new country"}, "ALERT_ANUBIS_DETECTION_NEW_COUNTRY"),
        ({"detection": "new isp"}, "ALERT_SUSPICIOUS_ACTIVITY"),
        ({"detection": "of a kind that is new"}, "ALERT_SUSPICIOUS_ACTIVITY"),
    ],
)
def test_the_class_is_of_the_shipped_policy_else_of_the_kind(fields, name, profile):
    assert classed(profile, **fields) == name


def test_every_class_is_one_that_parsers_know():
    table = cef_classes.table()
    names = {*table.policies.values(), *table.kinds.values(), *table.types.values()}
    assert names <= OF_THE_AGENT
    assert all(re.fullmatch(r"[A-Z_]{1,100}", name) for name in names)
