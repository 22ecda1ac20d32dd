"""Salesforce's event log files and Setup Audit Trail to activities; the records are written by hand after Salesforce's documentation."""

import json

import pytest
from salesforce_rows import downloaded, event, log_on, parsed, trail

from casbd.formats.salesforce import Salesforce
from casbd.records import timestamps


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


@pytest.mark.parametrize("row", [log_on(), event("URI", TIMESTAMP_DERIVED=None), trail(), downloaded()])
def test_claims(row):
    assert Salesforce.claims([json.dumps(row).encode()] * 2) == 1


@pytest.mark.parametrize("row", [{"EVENT_TYPE": "x", "TIMESTAMP": "y"}, {"Date": "x", "User": "y", "Action": "z"}, {"action": "a.b"}])
def test_what_it_does_not_claim(row):
    assert Salesforce.claims([json.dumps(row).encode(), b"no json"]) == 0
    assert Salesforce.claims([]) == 0
