"""Salesforce's event log files and Setup Audit Trail to activities; the records are written by hand after Salesforce's documentation."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.errors import BadRecord
from casbd.formats.salesforce import Salesforce
from casbd.model.activity import Activity
from casbd.plugins import Options
from casbd.records import timestamps

FORMAT = Salesforce(Options())


def event(kind="Login", **columns):
    base = {
        "EVENT_TYPE": kind,
        "TIMESTAMP": "20260101120000.123",
        "REQUEST_ID": "3nWgxWbDKWWDIk0FKfF5DV",
        "ORGANIZATION_ID": "00D000000000123",
        "USER_ID": "00530000009M943",
        "USER_ID_DERIVED": "00530000009M943YAS",
        "TIMESTAMP_DERIVED": "2026-01-01T12:00:00.123Z",
        "CLIENT_IP": "203.0.113.7",
    }
    return base | columns


def log_on(**columns):
    agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.12; rv%3A50.0) Gecko/20100101 Firefox/50.0"
    return event(
        **{"USER_NAME": "Anna@Contoso.com", "LOGIN_STATUS": "LOGIN_NO_ERROR", "BROWSER_TYPE": agent, "URI": "/index.jsp"} | columns
    )


def trail(**columns):
    base = {
        "attributes": {"type": "SetupAuditTrail", "url": "/services/data/v60.0/sobjects/SetupAuditTrail/0Ym1"},
        "Id": "0Ym1",
        "Action": "PermSetAssign",
        "Section": "Manage Users",
        "CreatedDate": "2026-01-01T12:00:00.123+0000",
        "CreatedById": "0051",
        "CreatedBy": {"Username": "Admin@Contoso.com", "Name": "Ada Min"},
        "Display": "Something was assigned",
        "DelegateUser": None,
    }
    return base | columns


def downloaded(**columns):
    base = {
        "Date": "1/31/2026, 12:30:15 PM PST",
        "User": "Admin@contoso.com",
        "Source Namespace Prefix": "",
        "Action": "Changed something for somebody",
        "Section": "Manage Users",
        "Delegate User": "",
    }
    return base | columns


def parsed(row):
    (found,) = FORMAT.parse(json.dumps(row).encode())
    return found


def things(found):
    return [(thing.name, thing.type, thing.role) for thing in found.objects]


def test_a_log_on():
    found = parsed(log_on())
    assert (found.timestamp, found.activity_id, found.activity_type, found.action_type) == (1767268800123, "", "Log on", "Login")
    assert (found.app, found.app_instance) == ("Salesforce", "00D000000000123")
    assert (found.user, found.user_id, found.user_type) == ("anna@contoso.com", "00530000009M943YAS", "Regular")
    assert (found.ip_address, found.result, found.result_detail) == ("203.0.113.7", "success", None)
    assert found.user_agent == "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.12; rv:50.0) Gecko/20100101 Firefox/50.0"
    assert found.is_admin_operation is False


@pytest.mark.parametrize("status", ["LOGIN_ERROR_INVALID_PASSWORD", "LOGIN_CHALLENGE_ISSUED", "LOGIN_SOMETHING_NEW"])
def test_a_failed_log_on(status):
    found = parsed(log_on(LOGIN_STATUS=status))
    assert (found.activity_type, found.result, found.result_detail) == ("Failed log on", "failure", status)


def test_a_log_on_that_does_not_tell_how_it_went():
    found = parsed(log_on(LOGIN_STATUS=""))
    assert (found.activity_type, found.result) == ("Log on", None)


@pytest.mark.parametrize(
    ("client", "source", "ip"),
    [
        ("Salesforce.com IP", "", None),
        ("Salesforce.com IP", "198.51.100.4", "198.51.100.4"),
        ("2001:DB8::1", "198.51.100.4", "2001:db8::1"),
        ("", "", None),
    ],
)
def test_addresses(client, source, ip):
    assert parsed(log_on(CLIENT_IP=client, SOURCE_IP=source)).ip_address == ip


@pytest.mark.parametrize(("code", "country"), [("no", "NO"), ("Norway", None), ("4x", None), ("", None)])
def test_countries(code, country):
    assert parsed(log_on(COUNTRY_CODE=code)).country == country


def test_a_browser_that_is_a_number_is_no_user_agent():
    assert parsed(event("Logout", BROWSER_TYPE="13050000")).user_agent is None


def test_one_logs_in_as_another():
    row = event("LoginAs", USER_NAME="Bert@contoso.com", DELEGATED_USER_NAME="Admin@contoso.com", DELEGATED_USER_ID_DERIVED="0059")
    found = parsed(row)
    assert (found.user, found.user_id, found.is_impersonated, found.is_admin_operation) == ("admin@contoso.com", "0059", True, True)
    assert (found.activity_type, things(found)) == ("Log on", [("bert@contoso.com", "User", "target")])


@pytest.mark.parametrize(
    ("kind", "columns", "expected"),
    [
        ("Logout", {}, "Log out"),
        ("ReportExport", {}, "Export content"),
        ("ContentTransfer", {"TRANSACTION_TYPE": "VersionDownloadApi"}, "Download file"),
        ("ContentTransfer", {"TRANSACTION_TYPE": "saveVersion"}, "Upload file"),
        ("ContentTransfer", {"TRANSACTION_TYPE": "somethingNew"}, "Unspecified"),
        ("ContentDistribution", {"ACTION": "INSERT"}, "Share file"),
        ("ContentDistribution", {"ACTION": "VIEW"}, "Access file"),
        ("ContentDocumentLink", {"SHARING_OPERATION": "INSERT"}, "Share file"),
        ("ContentDocumentLink", {"SHARING_OPERATION": "DELETE"}, "Change sharing settings"),
        ("DocumentAttachmentDownloads", {}, "Download file"),
        ("PermissionUpdate", {}, "Change permissions"),
        ("ApexExecution", {}, "Unspecified"),
        ("URI", {}, "Unspecified"),
        ("SomethingNew", {}, "Unspecified"),
    ],
)
def test_events(kind, columns, expected):
    found = parsed(event(kind, **columns))
    assert (found.activity_type, found.action_type) == (expected, kind)
    assert found.is_admin_operation is (kind == "PermissionUpdate")
    assert (found.user, found.user_type) == ("00530000009M943YAS", "Regular")


def test_a_file_is_shared():
    found = parsed(event("ContentDocumentLink", DOCUMENT_ID="0691", SHARED_WITH_ENTITY_ID="0052", SHARING_OPERATION="INSERT"))
    assert things(found) == [("0691", "File", "target"), ("0052", "User", "grantee")]
    assert (found.object_id, found.object_type) == ("0691", "File")


@pytest.mark.parametrize(
    ("columns", "result", "detail"),
    [
        ({"REQUEST_STATUS": "S"}, "success", None),
        ({"REQUEST_STATUS": "F"}, "failure", "F"),
        ({"REQUEST_STATUS": "R"}, "unknown", "R"),
        ({"STATUS_CODE": "200"}, "success", None),
        ({"STATUS_CODE": "403"}, "failure", "403"),
        ({"STATUS_CODE": "x"}, None, None),
        ({}, None, None),
    ],
)
def test_results(columns, result, detail):
    found = parsed(event("RestApi", **columns))
    assert (found.result, found.result_detail) == (result, detail)


@pytest.mark.parametrize(("kind", "expected"), [("Guest", "Guest"), ("G", "Guest"), ("A", "System"), ("S", "Regular"), ("", "Regular")])
def test_user_types(kind, expected):
    assert parsed(event("URI", USER_TYPE=kind)).user_type == expected


def test_nobody():
    found = parsed(event("URI", USER_ID="", USER_ID_DERIVED=""))
    assert (found.user, found.user_id, found.user_type) == (None, None, None)


def test_the_other_timestamp():
    assert parsed(log_on(TIMESTAMP_DERIVED="")).timestamp == 1767268800123


def test_a_change_in_setup():
    found = parsed(trail())
    assert (found.timestamp, found.activity_id, found.activity_type) == (1767268800123, "0Ym1", "Add member to role")
    assert (found.action_type, found.is_admin_operation, found.is_impersonated) == ("PermSetAssign", True, None)
    assert (found.user, found.user_id, found.user_display_name) == ("admin@contoso.com", "0051", "Ada Min")
    assert things(found) == [("Manage Users", "Setup section", "target")]


def test_a_change_in_setup_by_one_who_logged_in_as_another():
    found = parsed(trail(DelegateUser="Support@contoso.com"))
    assert (found.user, found.user_id, found.is_impersonated) == ("support@contoso.com", None, True)
    assert things(found)[1] == ("admin@contoso.com", "User", "delegate")


def test_columns_in_any_case():
    row = {"ID": "0Ym1", "ACTION": "createduser", "SECTION": "Manage Users", "CREATEDDATE": "2026-01-01T12:00:00Z"}
    found = parsed(row | {"CREATEDBY.USERNAME": "admin@contoso.com", "DISPLAY": "x"})
    assert (found.activity_type, found.user) == ("Create user", "admin@contoso.com")


def test_the_downloaded_trail():
    found = parsed(downloaded())
    assert timestamps.iso(found.timestamp) == "2026-01-31T20:30:15.000Z"
    assert (found.activity_type, found.action_type) == ("Unspecified", "Changed something for somebody")
    assert (found.user, found.is_admin_operation, found.is_impersonated) == ("admin@contoso.com", True, None)
    assert parsed(downloaded(**{"Delegate User": "Support@contoso.com"})).user == "support@contoso.com"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1/31/2026 12:00:00 PM PST", "2026-01-31T20:00:00.000Z"),
        ("1/31/2026, 12:00:00 AM GMT", "2026-01-31T00:00:00.000Z"),
        ("12/31/2025, 11:59:59\u202fPM UTC", "2025-12-31T23:59:59.000Z"),
        ("7/4/2026, 1:05 PM EDT", "2026-07-04T17:05:00.000Z"),
    ],
)
def test_american_times(text, expected):
    assert timestamps.iso(parsed(downloaded(Date=text)).timestamp) == expected


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


@pytest.mark.parametrize("row", [log_on(), event("URI", TIMESTAMP_DERIVED=None), trail(), downloaded()])
def test_claims(row):
    assert Salesforce.claims([json.dumps(row).encode()] * 2) == 1


@pytest.mark.parametrize("row", [{"EVENT_TYPE": "x", "TIMESTAMP": "y"}, {"Date": "x", "User": "y", "Action": "z"}, {"action": "a.b"}])
def test_what_it_does_not_claim(row):
    assert Salesforce.claims([json.dumps(row).encode(), b"no json"]) == 0
    assert Salesforce.claims([]) == 0


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
