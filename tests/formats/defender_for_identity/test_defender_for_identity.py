"""Defender for Identity's rows to activities; the records are written by hand after Microsoft's documentation of the tables."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.errors import BadRecord
from casbd.formats.defender_for_identity import DefenderForIdentity
from casbd.plugins import Options

FORMAT = DefenderForIdentity(Options())


def row(**fields):
    base = {
        "Timestamp": "2026-01-31T12:00:00.1234567Z",
        "ActionType": "LogonSuccess",
        "Application": "Active Directory",
        "LogonType": "Credentials validation",
        "Protocol": "Kerberos",
        "FailureReason": None,
        "AccountName": "anna",
        "AccountDomain": "contoso.com",
        "AccountUpn": "Anna@Contoso.com",
        "AccountSid": "S-1-5-21-1-2-3-1104",
        "AccountObjectId": "0000-a",
        "AccountDisplayName": "Anna Berg",
        "DeviceName": "win81.contoso.com",
        "DeviceType": "Workstation",
        "IPAddress": "203.0.113.7",
        "Port": 49254,
        "DestinationDeviceName": "dc01.contoso.com",
        "DestinationIPAddress": "203.0.113.10",
        "TargetAccountUpn": "",
        "TargetAccountDisplayName": "",
        "TargetDeviceName": "",
        "Location": "NO",
        "ISP": "Example Net",
        "ReportId": "r-1",
        "AdditionalFields": {},
    }
    return base | fields


def change(action, **fields):
    return row(ActionType=action, LogonType=None, DeviceName=None, TargetAccountUpn="Bert@contoso.com", **fields)


def envelope(inner, table="IdentityLogonEvents"):
    return {
        "time": "2026-01-31T12:05:00.0000000Z",
        "tenantId": "t-1",
        "operationName": "Publish",
        "category": f"AdvancedHunting-{table}",
        "properties": inner,
    }


def csv(inner):
    return {key: json.dumps(value) if isinstance(value, dict) else "" if value is None else str(value) for key, value in inner.items()}


def log_analytics(inner):
    return {key: value for key, value in inner.items() if key != "Timestamp"} | {
        "TimeGenerated": inner["Timestamp"],
        "Type": "IdentityLogonEvents",
        "TenantId": "workspace",
    }


def parsed(record):
    (found,) = FORMAT.parse(json.dumps(record).encode())
    return found


def things(found):
    return [(thing.name, thing.type, thing.role) for thing in found.objects]


@pytest.mark.parametrize(
    "make", [dict, csv, log_analytics, envelope, lambda inner: envelope(json.dumps(inner))], ids=["row", "csv", "logs", "stream", "text"]
)
def test_a_log_on_in_every_shape(make):
    record = make(row())
    found = parsed(record)
    assert (found.timestamp, found.activity_id) == (1769860800123, "r-1")
    assert (found.activity_type, found.action_type, found.app) == ("Log on", "LogonSuccess", "Active Directory")
    assert found.app_instance == ("t-1" if "properties" in record else None)
    assert (found.user, found.user_id, found.user_display_name, found.user_type) == ("anna@contoso.com", "0000-a", "Anna Berg", "Regular")
    assert (found.ip_address, found.ip_port, found.country, found.isp) == ("203.0.113.7", 49254, "NO", "Example Net")
    assert (found.result, found.result_detail, found.is_admin_operation) == ("success", "Credentials validation", False)
    assert found.device_type == "PC"
    assert things(found) == [("dc01.contoso.com", "Device", "target"), ("win81.contoso.com", "Device", "source")]
    assert DefenderForIdentity.claims([json.dumps(record).encode()]) == 1


@pytest.mark.parametrize(
    ("action", "reason", "kind", "result", "detail"),
    [
        ("LogonFailed", "WrongPassword", "Failed log on", "failure", "WrongPassword, Credentials validation"),
        ("LogonFailed", None, "Failed log on", "failure", "Credentials validation"),
        ("LogonAttempted", "", "Unspecified", "unknown", "Credentials validation"),
    ],
)
def test_results_of_log_ons(action, reason, kind, result, detail):
    found = parsed(row(ActionType=action, FailureReason=reason))
    assert (found.activity_type, found.result, found.result_detail) == (kind, result, detail)


def test_a_log_on_to_the_cloud():
    assert parsed(row(Application="Microsoft 365")).app == "Microsoft 365"


@pytest.mark.parametrize(
    ("fields", "user", "user_type"),
    [
        ({"AccountUpn": "", "AccountDomain": "CONTOSO", "AccountName": "Anna"}, "contoso\\anna", "Regular"),
        ({"AccountUpn": None, "AccountDomain": None}, "anna", "Regular"),
        ({"AccountUpn": "", "AccountName": "DC01$", "AccountDomain": "CONTOSO"}, "contoso\\dc01$", "System"),
        ({"AccountUpn": "", "AccountName": "", "AdditionalFields": {"ACTOR.ACCOUNT": "Admin"}}, "admin", "Regular"),
        ({"AccountUpn": "", "AccountName": "", "AccountSid": "", "AccountObjectId": ""}, None, None),
    ],
)
def test_who(fields, user, user_type):
    found = parsed(row(**fields))
    assert (found.user, found.user_type) == (user, user_type)


def test_the_sid_where_there_is_no_object_id():
    assert parsed(row(AccountObjectId="")).user_id == "S-1-5-21-1-2-3-1104"


@pytest.mark.parametrize(
    ("more", "kind", "group"),
    [
        ({"TO.GROUP": "Domain Admins"}, "Add member to group", "Domain Admins"),
        ({"FROM.GROUP": "Domain Admins"}, "Remove member from group", "Domain Admins"),
        ({}, "Update group", None),
    ],
)
@pytest.mark.parametrize("write", [dict, json.dumps])
def test_members_of_groups(more, kind, group, write):
    found = parsed(change("Group Membership changed", AdditionalFields=write(more)))
    assert (found.activity_type, found.is_admin_operation, found.result) == (kind, True, None)
    groups = [(group, "Group", "target")] if group else []
    assert things(found) == [("bert@contoso.com", "User", "target"), *groups, ("dc01.contoso.com", "Device", "server")]


@pytest.mark.parametrize(
    ("action", "kind", "admin"),
    [
        ("Account Password changed", "Change password", False),
        ("Account Password expired", "Unspecified", False),
        ("Account Disabled changed", "Update user", True),
        ("Account UPN Name Changed", "Update user", True),
        ("User Account Created", "Create user", True),
        ("Security Principal created", "Create user", True),
        ("Security Principal deleted changed", "Delete user", True),
        ("PowerShell execution", "Run command", False),
        ("Service creation", "Create service", True),
        ("Directory Service replication", "Unspecified", False),
        ("Something new", "Unspecified", False),
    ],
)
def test_changes(action, kind, admin):
    found = parsed(change(action))
    assert (found.activity_type, found.action_type, found.is_admin_operation) == (kind, action, admin)
    assert found.object_name == "bert@contoso.com"


def test_a_new_computer():
    found = parsed(row(ActionType="Security Principal created", TargetDeviceName="new.contoso.com"))
    assert (found.activity_type, found.object_name, found.object_type) == ("Register device", "new.contoso.com", "Device")


def test_a_query():
    found = parsed(envelope(row(ActionType="SAMR query", QueryType="EnumerateUsers", QueryTarget="Domain Admins"), "IdentityQueryEvents"))
    assert (found.activity_type, found.action_type, found.object_name) == ("Unspecified", "SAMR query", "Domain Admins")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"IPAddress": "203.0.113.7, 198.51.100.1", "Port": None}, ("203.0.113.7", None)),
        ({"IPAddress": "2001:db8::1", "Port": "0"}, ("2001:db8::1", None)),
        ({"IPAddress": "", "Port": 1}, (None, None)),
    ],
)
def test_addresses(fields, expected):
    found = parsed(row(**fields))
    assert (found.ip_address, found.ip_port) == expected


def test_a_location_that_is_no_code():
    assert parsed(row(Location="Oslo")).country is None


@pytest.mark.parametrize(
    "fields",
    [{"Timestamp": "soon"}, {"Timestamp": None}, {"Timestamp": 7}, {"ActionType": None}, {"ActionType": ""}, {"ActionType": ["x"]}],
)
def test_what_cannot_be_an_activity_is_told(fields):
    with pytest.raises(BadRecord):
        parsed(row(**fields))


def test_the_envelope_has_a_time_too():
    assert parsed(envelope(row(Timestamp=None))).timestamp == 1769861100000


@pytest.mark.parametrize("field", [name for name in row() if name not in ("Timestamp", "ActionType")])
@pytest.mark.parametrize("value", [7, ["x"], {"id": [1]}, "\ud800", True, None, 10**300])
def test_a_field_of_another_type_does_no_harm(field, value):
    found = parsed(row(**{field: value}))
    assert found.action_type == "LogonSuccess"
    (found.user or "").encode()


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["2026-01-31T12:00:00Z", "{", "[]", '{"TO.GROUP": 1}']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(row())), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*row(), "properties", "category", "Type", "time", "tenantId"]), ANY), st.booleans())
def test_any_object_is_activities_or_a_bad_record(fields, whole):
    record = json.dumps((row() if whole else {}) | fields).encode()
    assert 0 <= DefenderForIdentity.claims([record]) <= 1
    try:
        (found,) = FORMAT.parse(record)
    except BadRecord:
        return
    assert found.action_type


@pytest.mark.parametrize(
    "record",
    [
        row(RawEventData={}, ActivityType="Basic"),
        row(DeviceId="d"),
        envelope(row(), "CloudAppEvents"),
        {"ActionType": "LogonSuccess", "Timestamp": "2026-01-31T12:00:00Z"},
        {},
    ],
)
def test_rows_of_other_tables_are_not_claimed(record):
    assert DefenderForIdentity.claims([json.dumps(record).encode()]) == 0


def test_claims():
    good = json.dumps(row()).encode()
    assert DefenderForIdentity.claims([good, good]) == 1
    assert DefenderForIdentity.claims([good, b'{"a": 1}']) == 0.5
    assert DefenderForIdentity.claims([b"no json", b"[]"]) == 0
    assert DefenderForIdentity.claims([]) == 0


ALERT = (
    "CEF:0|Microsoft|Azure ATP|2.22.4228.22540|LdapBruteForceSecurityAlert|Brute force attack using LDAP simple bind|5|"
    "start=2018-12-12T17:52:10.2350665Z app=Ldap msg=10000 password guess attempts were made on 100 accounts from W2012R2-000000-Server. "
    "suser=Anna@contoso.com shost=W2012R2-000000-Server dhost=DC01 externalId=2004 cs1Label=url cs1=https://portal/alert/1 "
    "cs2Label=trigger cs2=new"
)
"""After Microsoft's "Defender for Identity SIEM log reference"."""


@pytest.mark.parametrize(
    "line", [ALERT, f"<37>1 2018-12-12T17:52:40.1Z CENTER ATA 3868 - - \ufeff{ALERT}", f"Dec 12 17:52:40 CENTER ATA:{ALERT}"]
)
def test_an_alert_over_syslog(line):
    assert DefenderForIdentity.claims([line.encode()]) == 1
    (found,) = FORMAT.parse(line.encode())
    assert (found.timestamp, found.activity_type) == (1544637130235, "Security alert")
    assert (found.action_type, found.user, found.app) == ("LdapBruteForceSecurityAlert", "anna@contoso.com", "Active Directory")
    assert found.result_detail.startswith("10000 password guess")
    assert [(thing.name, thing.role) for thing in found.objects] == [("DC01", "target"), ("W2012R2-000000-Server", "source")]


@pytest.mark.parametrize("line", [ALERT.replace("start=2018", "begin=2018"), ALERT[:40]])
def test_an_alert_without_a_time_or_an_end(line):
    with pytest.raises(BadRecord):
        FORMAT.parse(line.encode())
