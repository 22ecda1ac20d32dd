"""Salesforce: events in real time, the login history, and what a row cannot be."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from salesforce_rows import FORMAT, downloaded, event, log_on, parsed, trail

from casbd.errors import BadRecord
from casbd.formats.salesforce import Salesforce
from casbd.model.activity import Activity
from casbd.records import timestamps


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (downloaded(Date="1/31/2026, 12:00:00 PM CET"), "the zone CET is not known"),
        (downloaded(Date="31/01/2026, 12:00:00 GMT"), "not an American date"),
        (downloaded(Date="1/31/2026, 12:00:00 PM"), "not an American date"),
        (downloaded(Date="31/1/2026, 12:00:00 PM GMT"), "Date '31/1/2026"),
        (downloaded(Date="1/31/2026, 0:00:00 AM GMT"), "no such hour"),
        (downloaded(Date="1/31/2026, 13:00:00 PM GMT"), "no such hour"),
        (downloaded(Date=""), "Date ''"),
        (downloaded(Action=""), "neither EVENT_TYPE, EventDate, LoginTime nor Action"),
        (log_on(TIMESTAMP_DERIVED="soon" * 100), "TIMESTAMP_DERIVED 'soon"),
        (log_on(TIMESTAMP_DERIVED=None, TIMESTAMP=None), "TIMESTAMP ''"),
        (log_on(TIMESTAMP_DERIVED=None, TIMESTAMP="20261301000000.000"), "TIMESTAMP '2026-13"),
        (log_on(EVENT_TYPE=None), "neither EVENT_TYPE, EventDate, LoginTime nor Action"),
        ([], "not a JSON object"),
        ({}, "neither EVENT_TYPE, EventDate, LoginTime nor Action"),
    ],
)
def test_what_cannot_be_an_activity_is_told(row, reason):
    with pytest.raises(BadRecord, match=reason) as error:
        parsed(row)
    assert len(str(error.value)) < 200


HOSTILE = [7, True, ["x"], {"id": [1]}, "\ud800", 10**300, None, float("nan"), 1.5]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("column", ["USER_NAME", "CLIENT_IP", "BROWSER_TYPE", "USER_ID_DERIVED", "REQUEST_STATUS", "URI", "COUNTRY_CODE"])
def test_a_column_of_another_type_does_no_harm(column, value):
    found = parsed(event("URI", **{column: value}))
    assert found.action_type == "URI"
    assert msgspec.json.encode(found), "it can be stored"


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("column", ["CreatedBy", "DelegateUser", "Section", "Id", "CreatedById"])
def test_the_same_of_the_trail(column, value):
    found = parsed(trail(**{column: value}))
    assert found.action_type == "PermSetAssign"
    assert msgspec.json.encode(found), "it can be stored"


NAMES = st.sampled_from([*log_on(), *trail(), *downloaded(), "LOGIN_STATUS", "USER_TYPE", "STATUS_CODE", "Username", "DOCUMENT_ID"])


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["2026-01-01T00:00:00Z", "20260101000000", "1/1/2026 1:00 AM GMT", "Login", "LoginAs", "ContentTransfer"])
    | st.from_regex(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4},? [0-9]{1,2}:[0-9]{2} [AP]M (GMT|PST)", fullmatch=True)
)


VALUES = LEAVES | st.lists(LEAVES, max_size=3) | st.dictionaries(NAMES, LEAVES, max_size=3)


@given(st.dictionaries(NAMES, VALUES, max_size=12), st.sampled_from([{}, log_on(), trail(), downloaded()]))
def test_anything_is_an_activity_or_a_reject(columns, whole):
    try:
        found = FORMAT.parse(json.dumps(whole | columns).encode())
    except BadRecord:
        return
    assert all(isinstance(one, Activity) and one.action_type and msgspec.json.encode(one) for one in found)


def real_time(kind="LoginEvent", **fields):
    """As Salesforce's "Platform Events Developer Guide" describes it."""
    base = {
        "EventIdentifier": "0d6f-1",
        "EventDate": "2026-01-01T12:00:00.123+0000",
        "CreatedDate": "2026-01-01T12:00:04.000+0000",
        "UserId": "0051",
        "Username": "Anna@Contoso.com",
        "SourceIp": "203.0.113.7",
        "attributes": {"type": kind},
    }
    return base | fields


@pytest.mark.parametrize("streamed", [False, True])
def test_a_log_on_in_real_time(streamed):
    payload = real_time(Status="Success", CountryIso="no")
    if streamed:
        del payload["attributes"]
    record = (
        {"channel": "/event/LoginEventStream", "data": {"schema": "s", "payload": payload, "event": {"replayId": 1}}}
        if streamed
        else payload
    )
    assert Salesforce.claims([json.dumps(record).encode()]) == 1
    found = parsed(record)
    assert (found.timestamp, found.activity_id) == (timestamps.parse("2026-01-01T12:00:00.123Z"), "0d6f-1")
    assert (found.activity_type, found.action_type, found.result) == ("Log on", "LoginEvent", "success")
    assert (found.user, found.user_id, found.ip_address, found.country) == ("anna@contoso.com", "0051", "203.0.113.7", "NO")


@pytest.mark.parametrize(
    ("record", "kind", "result", "detail"),
    [
        (real_time(Status="Password Lockout"), "Failed log on", "failure", "Password Lockout"),
        (real_time("LogoutEvent"), "Log out", None, None),
        (real_time("IdentityVerificationEvent", Status="AutomatedSuccess"), "Unspecified", "success", None),
        (real_time("IdentityVerificationEvent", Status="InProgress"), "Unspecified", "unknown", None),
        (real_time("IdentityVerificationEvent", Status="Denied"), "Unspecified", "failure", "Denied"),
        (real_time("ApiEvent", PolicyOutcome="TwoFADenied"), "Unspecified", "failure", "TwoFADenied"),
        (real_time("ApiEvent", PolicyOutcome="TwoFASucceeded"), "Unspecified", "success", None),
        (real_time("ApiEvent", PolicyOutcome="NoAction"), "Unspecified", None, None),
        (real_time("UriEvent", OperationStatus="Success", PolicyOutcome="Notified"), "Unspecified", "success", None),
        (real_time("IdentityVerificationEvent", Status="Succeeded"), "Unspecified", "success", None),
        (real_time("IdentityVerificationEvent", Status="FailedInvalidCode"), "Unspecified", "failure", "FailedInvalidCode"),
        (real_time("ReportEvent", Operation="ReportExported"), "Export content", None, None),
        (real_time("ReportEvent", Operation="ReportRunFromLightning", PolicyOutcome="Block"), "View report", "failure", "Block"),
        (real_time("UriEvent", OperationStatus="Initiated"), "Unspecified", "unknown", None),
        (real_time("BulkApiResultEventStore"), "Unspecified", None, None),
        (real_time("CredentialStuffingEvent"), "Security alert", None, None),
    ],
)
def test_events_in_real_time(record, kind, result, detail):
    found = parsed(record)
    assert (found.activity_type, found.result, found.result_detail) == (kind, result, detail)


def test_logging_on_as_somebody_else_in_real_time():
    found = parsed(real_time("LoginAsEvent", DelegatedUsername="Admin@contoso.com"))
    assert (found.user, found.is_impersonated, found.is_admin_operation) == ("admin@contoso.com", True, True)
    assert (found.object_id, found.object_name) == ("0051", "anna@contoso.com")


def test_the_login_history():
    row = {
        "Id": "0Ya1",
        "UserId": "0051",
        "LoginTime": "2026-01-01T12:00:00.000+0000",
        "SourceIp": "203.0.113.7",
        "Status": "Invalid Password",
    }
    assert Salesforce.claims([json.dumps(row).encode()]) == 1
    found = parsed(row)
    assert (found.activity_id, found.activity_type, found.action_type) == ("0Ya1", "Failed log on", "LoginHistory")
    assert (found.user, found.ip_address, found.result, found.result_detail) == ("0051", "203.0.113.7", "failure", "Invalid Password")


def test_the_downloaded_login_history():
    row = {"Username": "Anna@contoso.com", "Login Time": "1/31/2026 4:05:06 PM PST", "Source IP": "203.0.113.7", "Status": "Success"}
    assert Salesforce.claims([json.dumps(row).encode()]) == 1
    found = parsed(row)
    assert found.timestamp == timestamps.parse("2026-02-01T00:05:06Z")
    assert (found.user, found.activity_type, found.ip_address) == ("anna@contoso.com", "Log on", "203.0.113.7")


def test_the_same_report_under_another_address_is_the_same_object():
    found = parsed(event("ReportExport", URI="/00O3?export=1", URI_ID_DERIVED="00O3AAA"))
    assert (found.object_id, found.object_name) == ("00O3AAA", "/00O3?export=1")


@pytest.mark.parametrize(
    ("columns", "result", "detail"),
    [
        *(({"SUCCESS": no}, "failure", None) for no in ("0", "false", "False", 0, False, 0.0)),
        *(({"SUCCESS": yes}, "success", None) for yes in ("1", "true", "TRUE", 1, True, 1.0)),
        *(({"SUCCESS": neither}, None, None) for neither in ("", "maybe", 2, None, ["1"], {"a": 1})),
        ({"IS_SUCCESS": "1"}, "success", None),
        ({"IS_SUCCESSFUL": "0", "FAILURE_TYPE": "VALIDATION"}, "failure", "VALIDATION"),
        ({"EXCEPTION_MESSAGE": "NO_ACCESS"}, "failure", "NO_ACCESS"),
        ({"SUCCESS": "1", "EXCEPTION_MESSAGE": "NO_ACCESS"}, "failure", "NO_ACCESS"),
        ({"SUCCESS": "1", "STATUS_CODE": "500"}, "failure", "500"),
        ({"SUCCESS": "0", "STATUS_CODE": "200", "REQUEST_STATUS": "S"}, "failure", None),
        ({"SUCCESS": "1", "REQUEST_STATUS": "U"}, "success", None),
        ({"HTTP_STATUS_CODE": "204"}, "success", None),
        ({"STATUS_CODE": "", "HTTP_STATUS_CODE": "404"}, "failure", "404"),
        ({"STATUS_CODE": "999"}, None, None),
        ({"REQUEST_STATUS": "U"}, "unknown", "U"),
    ],
)
def test_results_by_other_columns(columns, result, detail):
    found = parsed(event("BulkApi", **columns))
    assert (found.result, found.result_detail) == (result, detail)


@pytest.mark.parametrize(
    ("operation", "kind"), [("AddedGroupMember", "Add member to group"), ("DeletedGroupMember", "Remove member from group")]
)
def test_members_of_groups(operation, kind):
    found = parsed(event("GroupMembership", OPERATION=operation, GROUP_ID="00G1", MEMBER_ID="0052"))
    assert (found.activity_type, [(thing.id, thing.type) for thing in found.objects]) == (kind, [("00G1", "Group"), ("0052", "User")])
