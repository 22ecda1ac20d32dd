"""Defender for Cloud Apps' own exports to activities. The CEF is that of Microsoft's documentation (tests/wire/mdca_docs); the
other records are written by hand after it."""

import json
from pathlib import Path

import pytest
from golden import agrees
from hypothesis import given
from hypothesis import strategies as st

from casbd.errors import BadRecord
from casbd.formats.mdca import Mdca
from casbd.model.activity import Activity, ActivityObject
from casbd.plugins import Options
from casbd.wire import cef

HERE = Path(__file__).parent
FORMAT = Mdca(Options())
ROW = {
    "Timestamp": "2026-01-31T12:00:00.1234567Z",
    "ActionType": "FileDownloaded",
    "Application": "Microsoft SharePoint Online",
    "ApplicationId": 20892,
    "AppInstanceId": 0,
    "AccountObjectId": "1a2b",
    "AccountId": "1a2b",
    "AccountDisplayName": "Anna Berg",
    "IsAdminOperation": False,
    "DeviceType": "Desktop",
    "IPAddress": "203.0.113.7",
    "CountryCode": "NO",
    "City": "Oslo",
    "Isp": "Example",
    "UserAgent": "Mozilla/5.0",
    "ActivityType": "Basic",
    "ActivityObjects": [
        {"Type": "File", "Role": "Target object", "Name": "plan.docx", "Id": "f1"},
        {"Type": "User", "Role": "Actor", "Name": "Anna Berg", "Id": "1a2b"},
    ],
    "ReportId": "r-1",
    "AccountType": "Regular",
    "IsExternalUser": False,
    "IsImpersonated": False,
    "IPTags": ["Home"],
    "IPCategory": "Corporate",
    "UserAgentTags": ["Native client"],
    "RawEventData": {"UserId": "Anna@contoso.com", "Workload": "SharePoint"},
}
API = {
    "_id": "1_2_3",
    "tenantId": 1,
    "appId": 20893,
    "appName": "Microsoft Exchange Online",
    "timestamp": 1769860800123,
    "eventTypeName": "EVENT_CATEGORY_LOGIN",
    "user": {"userName": "Anna@contoso.com"},
    "resolvedActor": {"id": "1a2b", "saasId": "11161", "instId": "0", "name": "Anna Berg", "role": "4"},
    "device": {"clientIP": "203.0.113.7", "userAgent": "Mozilla/5.0", "countryCode": "NO"},
    "location": {"city": "Oslo", "organizationSearchable": "Example"},
    "userAgent": {"deviceType": "DESKTOP", "browser": "CHROME"},
    "mainInfo": {
        "rawOperationName": "UserLoggedIn",
        "activityResult": {"isSuccess": True},
        "eventObjects": [{"objType": 23, "role": 4, "name": "Anna Berg", "id": "1a2b"}, {"objType": 1, "role": 2, "name": "Portal"}],
    },
    "description": "Log on",
}
CSV = {
    "Date": "2026-01-31 12:00:00",
    "Activity": "Download file: file plan.docx",
    "User name": "Anna@contoso.com",
    "App": "Box",
    "IP address": "203.0.113.7",
    "Location": "NO",
    "Some new column": "x",
}


def parse(record):
    (found,) = FORMAT.parse(json.dumps(record).encode())
    return found


def test_a_row_of_cloud_app_events():
    found = parse(ROW)
    assert (found.timestamp, found.activity_id) == (1769860800123, "r-1")
    assert (found.activity_type, found.action_type, found.app) == ("Download file", "FileDownloaded", "Microsoft SharePoint Online")
    assert (found.user, found.user_id, found.user_display_name, found.user_type) == ("anna@contoso.com", "1a2b", "Anna Berg", "Regular")
    assert (found.ip_address, found.country, found.city, found.isp) == ("203.0.113.7", "NO", "Oslo", "Example")
    assert (found.ip_category, found.ip_tags, found.user_agent_tags) == ("Corporate", ("Home",), ("Native client",))
    assert (found.is_admin_operation, found.is_external_user, found.is_impersonated) == (False, False, False)
    assert (found.device_type, found.object_name, found.result) == ("PC", "plan.docx", "success")
    assert [one.role for one in found.objects] == ["target", "actor"]


def test_the_same_row_in_an_envelope_and_in_csv():
    assert parse({"time": "2026", "category": "AdvancedHunting-CloudAppEvents", "properties": ROW}) == parse(ROW)
    cells = {key: value if isinstance(value, str) else json.dumps(value) for key, value in ROW.items()}
    assert parse(cells) == parse(ROW)
    assert parse({"TimeGenerated" if key == "Timestamp" else key: value for key, value in ROW.items()}) == parse(ROW)


@pytest.mark.parametrize(
    ("action", "shown", "kind", "result"),
    [
        ("UserLoginFailed", "FailedLogon", "Failed log on", "failure"),
        ("LogonSuccess", None, "Log on", "success"),
        ("Something new", "Upload file", "Upload file", None),
        ("Something new", "Basic", "Unspecified", None),
    ],
)
def test_activity_types_of_rows(action, shown, kind, result):
    found = parse(ROW | {"ActionType": action, "ActivityType": shown})
    assert (found.activity_type, found.action_type, found.result) == (kind, action, result)


def test_a_row_that_names_its_object_only_once():
    found = parse(ROW | {"ActivityObjects": None, "ObjectName": "plan.docx", "ObjectType": "File", "ObjectId": "f1"})
    assert found.objects == (ActivityObject("f1", "plan.docx", "File", "target"),)


def test_an_activity_of_the_api():
    found = parse(API)
    assert (found.timestamp, found.activity_id, found.app) == (1769860800123, "1_2_3", "Microsoft Exchange Online")
    assert (found.activity_type, found.action_type, found.result) == ("Log on", "UserLoggedIn", "success")
    assert (found.user, found.user_id, found.user_display_name) == ("anna@contoso.com", "1a2b", "Anna Berg")
    assert (found.ip_address, found.country, found.city, found.isp, found.device_type) == ("203.0.113.7", "NO", "Oslo", "Example", "PC")
    assert [(one.name, one.role) for one in found.objects] == [("Anna Berg", "actor"), ("Portal", "target")]


@pytest.mark.parametrize(
    ("category", "success", "kind", "result"),
    [
        ("EVENT_CATEGORY_LOGIN", False, "Failed log on", "failure"),
        ("EVENT_CATEGORY_FAILED_LOGIN", None, "Failed log on", "failure"),
        ("EVENT_CATEGORY_UPLOAD_FILE", True, "Upload file", "success"),
        ("EVENT_CATEGORY_UNSPECIFIED", None, "Unspecified", None),
        ("something else", None, "Unspecified", None),
    ],
)
def test_categories_of_the_api(category, success, kind, result):
    found = parse(API | {"eventTypeName": category, "mainInfo": {"activityResult": {"isSuccess": success}}})
    assert (found.activity_type, found.result) == (kind, result)


def test_a_row_of_the_activity_logs_csv():
    found = parse(CSV)
    assert (found.timestamp, found.activity_type, found.action_type) == (
        1769860800000,
        "Download file",
        "Download file: file plan.docx",
    )
    assert (found.user, found.app, found.ip_address, found.country) == ("anna@contoso.com", "Box", "203.0.113.7", "NO")


def test_cef_of_the_siem_agent():
    lines = (HERE.parents[1] / "wire/mdca_docs/cef_samples.txt").read_bytes().splitlines()
    assert Mdca.claims(lines) == 1
    assert agrees([activity for line in lines for activity in FORMAT.parse(line)], HERE / "cef_samples.expected.json")


def test_a_command_and_an_impersonation_in_cef():
    line = (
        b"CEF:0|MCAS|SIEM_Agent|0.298|EVENT_CATEGORY_RUN_COMMAND|Run command (impersonated)|0|externalId=a start=1769860800000 "
        b"msg=Run command: task New-InboxRule; Parameters: x suser=anna@contoso.com destinationServiceName=Microsoft Exchange Online "
        b'dvc= c6a1Label="Device IPv6 Address" c6a1=2001:db8::1'
    )
    (found,) = FORMAT.parse(line)
    assert (found.activity_type, found.action_type, found.is_impersonated) == ("Run command", "New-InboxRule", True)
    assert found.ip_address == "2001:db8::1"


def test_what_casbd_sends_in_the_agents_place():
    sent = Activity(1769860800000, "a", "Download file", "FileDownloaded", "Box", user="anna@contoso.com", ip_address="203.0.113.7")
    (found,) = FORMAT.parse(cef.activity(sent, profile="mcas").encode())
    for field in ("timestamp", "activity_id", "activity_type", "app", "user", "ip_address"):
        assert getattr(found, field) == getattr(sent, field)


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (b"[]", "not a JSON object"),
        (b"{}", "neither an activity"),
        (b"nonsense", "not JSON"),
        (b"CEF:0|MCAS|x", "fewer than seven"),
        (b"CEF:0|Other|Product|1|2|3|4|start=1769860800000", "CEF of Other Product"),
        (b"CEF:0|MCAS|SIEM_Agent|1|2|3|4|start=", "start is missing"),
        (b"CEF:0|MCAS|SIEM_Agent|1|2|3|4|start=soon", "start 'soon'"),
        (json.dumps(ROW | {"Timestamp": "soon"}).encode(), "time 'soon'"),
        (json.dumps(ROW | {"Timestamp": None}).encode(), "time is missing"),
        (json.dumps(API | {"timestamp": 1}).encode(), "time '1'"),
    ],
)
def test_what_cannot_be_an_activity_is_told(record, why):
    with pytest.raises(BadRecord, match=why):
        FORMAT.parse(record)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(['["a"]', '{"a": 1}', "2026-01-31"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Name", "id", "name", "Role", "x"]), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from([ROW, API, CSV]), st.data())
def test_any_values_give_an_activity_or_a_reason(base, data):
    changed = data.draw(st.dictionaries(st.sampled_from(sorted(base)), VALUES, max_size=6))
    try:
        (found,) = FORMAT.parse(json.dumps(base | changed).encode())
    except BadRecord:
        return
    assert found.timestamp


@pytest.mark.parametrize(
    ("action", "raw", "result"),
    [
        ("Set-Mailbox", {"Workload": "Exchange", "Operation": "Set-Mailbox", "ResultStatus": "False"}, "failure"),
        ("New-InboxRule", {"Workload": "Exchange", "ResultStatus": "True"}, "success"),
        ("UserLoggedIn", {"Workload": "AzureActiveDirectory", "Operation": "UserLoggedIn", "ResultStatus": "Failed"}, "success"),
        ("FileDownloaded", {"Workload": "SharePoint"}, "success"),
        ("FileDownloaded", {}, None),
        ("SharingInvitationBlocked", {"Workload": "SharePoint"}, "failure"),
        ("HardDelete", {"Workload": "Exchange"}, None),
        ("ViewReport", {"Workload": "PowerBI", "IsSuccess": False}, "failure"),
    ],
)
def test_what_the_apps_own_record_says_of_the_result(action, raw, result):
    assert parse(ROW | {"ActionType": action, "ActivityType": "Basic", "RawEventData": raw}).result == result


@pytest.mark.parametrize(
    "raw",
    [
        {"actor": {"email": "Rob@contoso.com"}},
        {"actor": {"alternateId": "Rob@contoso.com"}},
        {"initiatedBy": {"user": {"userPrincipalName": "Rob@contoso.com"}}},
        {"created_by": {"login": "Rob@contoso.com"}},
    ],
)
def test_the_users_address_in_the_apps_own_record(raw):
    assert parse(ROW | {"AccountId": "bbcfc3c5-0000", "RawEventData": raw}).user == "rob@contoso.com"


@pytest.mark.parametrize(("action", "kind"), [("Set-TransportRule", "Run command"), ("Disable account.", "Suspend user")])
def test_operations_without_a_type_of_their_own(action, kind):
    assert parse(ROW | {"ActionType": action, "ActivityType": "Basic"}).activity_type == kind


GUID = "8e1c2d3f-0000-4000-8000-00000000aaaa"


@pytest.mark.parametrize(
    "given",
    [
        ROW | {"AccountId": "Anna@contoso.com", "AccountObjectId": GUID, "RawEventData": {}},
        ROW | {"AccountId": GUID, "AccountObjectId": None, "RawEventData": {"UserId": "Anna@contoso.com"}},
        ROW | {"AccountId": "", "AccountObjectId": GUID, "RawEventData": {"UserId": GUID, "UserKey": "Anna@contoso.com"}},
        ROW | {"AccountId": None, "AccountObjectId": None, "RawEventData": {"UserId": "Anna@contoso.com", "UserKey": GUID}},
        ROW
        | {"AccountId": GUID, "AccountObjectId": GUID, "RawEventData": {"UserId": GUID, "Actor": [{"ID": "Anna@contoso.com", "Type": 5}]}},
        ROW | {"AccountId": GUID, "AccountObjectId": "", "AccountDisplayName": "Anna@contoso.com", "RawEventData": None},
        API | {"user": {"userName": "Anna@contoso.com"}, "resolvedActor": {"id": GUID, "name": "Anna Berg"}},
        API | {"user": {"userName": GUID}, "resolvedActor": {"id": GUID, "name": "Anna@contoso.com"}},
        API | {"user": {"userName": GUID}, "resolvedActor": {"id": "anna@contoso.com", "name": "Anna Berg"}},
        CSV | {"User": "Anna Berg", "User name": "Anna@contoso.com", "User ID": GUID},
        CSV | {"User": GUID, "User name": "", "Account ID": "Anna@contoso.com"},
    ],
)
def test_one_user_under_several_names(given):
    found = parse(given)
    assert (found.user, found.user_id) == ("anna@contoso.com", GUID)
