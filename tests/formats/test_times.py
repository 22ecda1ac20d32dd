"""The time of a record, as vendors and their tools write it."""

import json

import pytest

from casbd.errors import BadRecord
from casbd.formats._times import time_of
from casbd.plugins import registry

MOMENT = 1_769_860_800_123
"""2026-01-31T12:00:00.123Z"""


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-31T12:00:00.123Z",
        "2026-01-31T13:00:00.1239999+01:00",
        1_769_860_800_123,
        1_769_860_800.123,
        "1769860800123",
        "1769860800.123",
        1_769_860_800_123_456,
        "1769860800123456789",
        "/Date(1769860800123)/",
        "1/31/2026, 12:00:00.123 PM",
        {"value": "/Date(1769860800123)/", "DisplayHint": 2},
    ],
)
def test_of_any_form(written):
    assert time_of("when", written) == MOMENT


@pytest.mark.parametrize("written", [None, True, [], {}, "", "soon", "0", "-1", "946684799", 1e30, float("nan"), "9" * 19])
def test_of_none(written):
    with pytest.raises(BadRecord, match="when"):
        time_of("when", written)


def test_a_wrong_time_beside_a_good_one_harms_nothing():
    assert time_of("when", "soon", None, "", "\u00a0", {}, "1971-01-01", "2026-01-31T12:00:00.123Z", "2026-02-01") == MOMENT
    with pytest.raises(BadRecord, match=r"^when 'soon': "):
        time_of("when", None, "soon", "later")
    with pytest.raises(BadRecord, match=r"^when 'soon': "):
        time_of("when", " ", "soon")
    with pytest.raises(BadRecord, match=r"^when ' ': "):
        time_of("when", None, " ")
    with pytest.raises(BadRecord, match=r"^when is missing$"):
        time_of("when", None, None)


M365 = {"Operation": "FileDownloaded", "Workload": "SharePoint", "RecordType": 6, "Id": "i"}
OFFICE = {"Operation": "FileDownloaded", "OfficeWorkload": "SharePoint", "OfficeId": "i", "Type": "OfficeActivity"}
SIGN_IN = {"Type": "SigninLogs", "Id": "i", "UserPrincipalName": "anna@contoso.com", "AppId": "a", "ResultType": "0"}
EVENTS = {"ActionType": "FileDownloaded", "ApplicationId": 20892, "ReportId": "i"}
LOGON = {"Type": "IdentityLogonEvents", "ActionType": "LogonSuccess", "AccountUpn": "anna@contoso.com", "ReportId": "i"}
CLOUDTRAIL = {"eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "awsRegion": "us-east-1", "userIdentity": {}, "eventID": "i"}
GITHUB = {"action": "repo.access", "actor": "octocat", "org": "contoso", "_document_id": "d"}
GCP = {
    "logName": "projects/contoso-prod/logs/cloudaudit.googleapis.com%2Factivity",
    "protoPayload": {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "serviceName": "iam.googleapis.com",
        "methodName": "google.iam.admin.v1.CreateRole",
    },
}
SECURITY = {"EventID": 4624, "Channel": "Security", "Computer": "dc1.contoso.com"}

WRITTEN = ["/Date(1769860800123)/", r"\/Date(1769860800123+0200)\/", "1/31/2026, 12:00:00.123 PM", "Jan 31 2026 05:00:00.123 GMT-07:00"]


def timestamp(name, record):
    plugin = registry.load("formats", name)
    assert plugin.claims([json.dumps(record).encode()]) == 1
    (found,) = plugin(plugin.Options()).parse(json.dumps(record).encode())
    return found.timestamp


@pytest.mark.parametrize("written", [*WRITTEN, {"value": "/Date(1769860800123)/", "DisplayHint": 2, "DateTime": "Saturday"}])
@pytest.mark.parametrize(
    ("name", "record", "field"),
    [
        ("m365", M365, "CreationTime"),
        ("entra", SIGN_IN, "CreatedDateTime"),
        ("mdca", EVENTS, "Timestamp"),
        ("defender_for_identity", LOGON, "Timestamp"),
        ("windows_security", SECURITY, "TimeCreated"),
    ],
)
def test_all_of_microsofts_formats_read_them(name, record, field, written):
    assert timestamp(name, record | {field: written}) == MOMENT


@pytest.mark.parametrize("written", ["1/31/2026, 12:00:00.123 PM", "2026-01-31T12:00:00.123Z"])
@pytest.mark.parametrize(
    ("name", "record"),
    [("m365", OFFICE), ("entra", SIGN_IN), ("mdca", EVENTS), ("defender_for_identity", LOGON), ("windows_security", SECURITY)],
)
def test_so_they_do_in_what_the_azure_portal_exports(name, record, written):
    assert timestamp(name, record | {"TimeGenerated [UTC]": written}) == MOMENT


@pytest.mark.parametrize(
    ("name", "record", "wrong", "right"),
    [
        ("m365", M365, "CreationTime", "CreationDate"),
        ("entra", SIGN_IN, "CreatedDateTime", "TimeGenerated"),
        ("mdca", EVENTS, "Timestamp", "TimeGenerated"),
        ("defender_for_identity", LOGON, "Timestamp", "TimeGenerated"),
        ("windows_security", SECURITY, "EventTime", "TimeCreated"),
        ("aws_cloudtrail", CLOUDTRAIL, "eventTime", "@timestamp"),
        ("github", GITHUB, "@timestamp", "created_at"),
        ("gcp", GCP, "timestamp", "receiveTimestamp"),
    ],
)
def test_of_several_the_one_that_is_a_time_counts(name, record, wrong, right):
    assert timestamp(name, record | {wrong: "Not Available", right: "2026-01-31T12:00:00.123Z"}) == MOMENT


def test_the_time_of_what_a_record_stands_in_is_as_good():
    held = {"CreationDate": "/Date(1769860800123)/", "AuditData": json.dumps(M365 | {"CreationTime": "soon"})}
    assert timestamp("m365", held) == MOMENT
