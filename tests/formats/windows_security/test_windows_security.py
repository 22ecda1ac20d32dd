"""Windows Security events to activities; the records are written by hand after Microsoft's page of each event."""

import json

import pytest
from windows_events import FORMAT, SID, SUBJECT, TARGET, before_version_7, nxlog, parsed, winlogbeat, xml

from casbd.formats.windows_security import WindowsSecurity

COMPUTER_SUBJECT = {"SubjectUserName": "DC01$", "SubjectDomainName": "CONTOSO", "SubjectUserSid": "S-1-5-18"}


ACCOUNT = {"TargetUserName": "Anna", "TargetDomainName": "CONTOSO", "TargetSid": SID}


ADDRESS = {"IpAddress": "::ffff:203.0.113.7", "IpPort": "49254"}


def flattened(value, path=""):
    if not isinstance(value, dict):
        return {path: value}
    return {key: one for name, inner in value.items() for key, one in flattened(inner, f"{path}.{name}".lstrip(".")).items()}


def log_analytics(event_id, **data):
    return {
        "TimeGenerated": "2026-01-31T12:00:00.123Z",
        "Computer": "DC01.contoso.com",
        "EventID": event_id,
        "EventRecordId": "77",
        "Channel": "Security",
        **data,
    }


def things(found):
    return [(thing.id, thing.name, thing.type, thing.role) for thing in found.objects]


@pytest.mark.parametrize(
    "make",
    [
        winlogbeat,
        lambda *event, **data: flattened(winlogbeat(*event, **data)),
        lambda *event, **data: {"_index": "winlogbeat", "_source": winlogbeat(*event, **data)},
        lambda *event, **data: {key: [value] for key, value in flattened(winlogbeat(*event, **data)).items()},
        before_version_7,
        nxlog,
        log_analytics,
        xml,
        lambda *event, **data: xml(*event, Data=[{"@Name": name, "#text": text} for name, text in data.items()]),
        lambda *event, **data: xml({"#text": "4624", "@Qualifiers": ""}, Data=data),
    ],
    ids=["nested", "dotted", "hit", "lists", "old", "nxlog", "log analytics", "xml", "xml pairs", "xml data"],
)
def test_a_log_on_in_every_shape(make):
    record = make(4624, **COMPUTER_SUBJECT, **TARGET, **ADDRESS, LogonType="3", WorkstationName="WIN81")
    found = parsed(record)
    assert found.timestamp // 1000 == 1769860800
    assert (found.activity_type, found.action_type) == ("Log on", "4624 An account was successfully logged on")
    assert (found.app, found.app_instance) == ("Active Directory", "contoso.com")
    assert found.activity_id == f"dc01.contoso.com/Security/77/{found.timestamp}"
    assert (found.user, found.user_id, found.user_type) == ("contoso\\anna", SID, "Regular")
    assert (found.ip_address, found.ip_port) == ("203.0.113.7", 49254)
    assert (found.result, found.result_detail, found.is_admin_operation) == ("success", "network", False)
    assert things(found) == [(None, "DC01.contoso.com", "Device", "target"), (None, "WIN81", "Device", "source")]
    assert WindowsSecurity.claims([json.dumps(record).encode()]) == 1


@pytest.mark.parametrize(
    ("event_id", "data", "kind", "result", "detail"),
    [
        (
            4625,
            {"Status": "0xc000006d", "SubStatus": "0xc000006a", "LogonType": "10"},
            "Failed log on",
            "failure",
            "wrong password (0xC000006A), remote interactive",
        ),
        (
            4625,
            {"Status": "0xc0000234", "SubStatus": "0x0", "LogonType": "2"},
            "Failed log on",
            "failure",
            "account locked out (0xC0000234), interactive",
        ),
        (4625, {"Status": "0xc0ffee00", "SubStatus": "0x0"}, "Failed log on", "failure", "0xC0FFEE00"),
        (4625, {"LogonType": "99"}, "Failed log on", "failure", "logon type 99"),
        (4768, {"Status": "0x0"}, "Log on", "success", None),
        (4768, {"Status": "0x6"}, "Failed log on", "failure", "no such user (0x6)"),
        (4768, {"Status": "0x19"}, "Unspecified", "unknown", "pre-authentication required (0x19)"),
        (4771, {"Status": "0x18"}, "Failed log on", "failure", "pre-authentication failed: wrong password (0x18)"),
        (4776, {"Status": "0x0"}, "Log on", "success", None),
        (4776, {"Status": "0xC0000064"}, "Failed log on", "failure", "no such user (0xC0000064)"),
        (4776, {"Status": "0xC0000072"}, "Failed log on", "failure", "account disabled (0xC0000072)"),
        (4776, {"Status": "odd"}, "Failed log on", "failure", "odd"),
        (4776, {}, "Unspecified", None, None),
        (4769, {"Status": "0x0"}, "Unspecified", "success", None),
        (4769, {"Status": "0xE"}, "Unspecified", "failure", "encryption type not supported (0xE)"),
        (4634, {"LogonType": "3"}, "Log out", "success", "network"),
        (4647, {}, "Log out", "success", None),
    ],
)
def test_results_of_log_ons(event_id, data, kind, result, detail):
    found = parsed(nxlog(event_id, None, **TARGET, **data))
    assert (found.activity_type, found.result, found.result_detail) == (kind, result, detail)


@pytest.mark.parametrize(
    "record",
    [
        winlogbeat(4724, "failure"),
        nxlog(4724, -9218868437227405312),
        nxlog(4724, EventType="AUDIT_FAILURE"),
        xml(4724, "0x8010000000000000"),
    ],
)
def test_the_keywords_tell_a_failed_audit(record):
    assert parsed(record).result == "failure"


@pytest.mark.parametrize(
    ("event_id", "data", "user", "user_type"),
    [
        (4624, {"TargetUserName": "DC01$", "TargetDomainName": "CONTOSO"}, "contoso\\dc01$", "System"),
        (
            4624,
            {"TargetUserName": "SYSTEM", "TargetDomainName": "NT AUTHORITY", "TargetUserSid": "S-1-5-18"},
            "nt authority\\system",
            "System",
        ),
        (4624, {"TargetUserName": "Lokaler Dienst", "TargetUserSid": "S-1-5-19"}, "lokaler dienst", "System"),
        (4624, {"TargetUserName": "ANONYMOUS LOGON", "TargetDomainName": "NT AUTHORITY"}, "nt authority\\anonymous logon", "System"),
        (4624, {"TargetUserName": "DWM-1", "TargetUserSid": "S-1-5-90-0-1"}, "dwm-1", "System"),
        (4624, {"TargetUserName": "-", "TargetUserSid": "S-1-0-0"}, None, None),
        (4625, {"TargetUserName": "Anna@Contoso.com", "TargetDomainName": "-", "TargetUserSid": "S-1-0-0"}, "anna@contoso.com", "Regular"),
        (4769, {"TargetUserName": "Anna@CONTOSO.COM", "TargetDomainName": "CONTOSO.COM"}, "anna@contoso.com", "Regular"),
        (4769, {"TargetUserName": "WIN81$@CONTOSO.COM", "TargetDomainName": "CONTOSO.COM"}, "win81$@contoso.com", "System"),
        (4771, {"TargetUserName": "Anna", "ServiceName": "krbtgt/CONTOSO"}, "contoso\\anna", "Regular"),
        (4776, {"TargetUserName": "Anna", "Workstation": "WIN81"}, "anna", "Regular"),
        (4720, {**SUBJECT, **ACCOUNT}, "contoso\\admin", "Regular"),
        (4672, SUBJECT, "contoso\\admin", "Regular"),
        (4800, TARGET, "contoso\\anna", "Regular"),
    ],
)
def test_who(event_id, data, user, user_type):
    found = parsed(winlogbeat(event_id, **data))
    assert (found.user, found.user_type) == (user, user_type)
    assert found.user_id != "S-1-0-0"


@pytest.mark.parametrize(
    ("event_id", "kind", "admin"),
    [
        (4720, "Create user", True),
        (4722, "Unsuspend user", True),
        (4723, "Change password", False),
        (4724, "Reset password", True),
        (4725, "Suspend user", True),
        (4726, "Delete user", True),
        (4738, "Update user", True),
        (4767, "Unlock user", True),
    ],
)
def test_accounts(event_id, kind, admin):
    found = parsed(winlogbeat(event_id, **SUBJECT, **ACCOUNT))
    assert (found.activity_type, found.is_admin_operation, found.user, found.result) == (kind, admin, "contoso\\admin", "success")
    assert things(found) == [(SID, "contoso\\anna", "User", "target")]


@pytest.mark.parametrize(
    ("event_id", "kind"),
    [
        (4728, "Add member to group"),
        (4729, "Remove member from group"),
        (4732, "Add member to group"),
        (4733, "Remove member from group"),
        (4756, "Add member to group"),
        (4757, "Remove member from group"),
    ],
)
def test_members_of_groups(event_id, kind):
    member = {"MemberName": "CN=Anna,OU=Staff,DC=contoso,DC=com", "MemberSid": SID}
    group = {"TargetUserName": "Domain Admins", "TargetDomainName": "CONTOSO", "TargetSid": "S-1-5-21-1-2-3-512"}
    found = parsed(winlogbeat(event_id, **SUBJECT, **group, **member))
    assert (found.activity_type, found.is_admin_operation) == (kind, True)
    assert things(found) == [
        (SID, "CN=Anna,OU=Staff,DC=contoso,DC=com", "Account", "target"),
        ("S-1-5-21-1-2-3-512", "contoso\\domain admins", "Group", "target"),
    ]
    found = parsed(winlogbeat(event_id, **SUBJECT, **group, MemberName="-", MemberSid=SID))
    assert found.object_name == SID


@pytest.mark.parametrize(
    ("event_id", "kind"), [(4727, "Create group"), (4731, "Create group"), (4754, "Create group"), (4730, "Delete group")]
)
def test_groups(event_id, kind):
    found = parsed(winlogbeat(event_id, **SUBJECT, TargetUserName="Staff", TargetDomainName="CONTOSO", TargetSid="S-1-5-21-9"))
    assert (found.activity_type, found.is_admin_operation) == (kind, True)
    assert things(found) == [("S-1-5-21-9", "contoso\\staff", "Group", "target")]


def test_a_lockout_names_the_computer_where_others_have_the_domain():
    found = parsed(winlogbeat(4740, **COMPUTER_SUBJECT, **ACCOUNT | {"TargetDomainName": "WIN81"}))
    assert (found.activity_type, found.user_type) == ("Lock user", "System")
    assert things(found) == [(SID, "contoso\\anna", "User", "target"), (None, "WIN81", "Device", "source")]


def test_a_renamed_account():
    names = {"OldTargetUserName": "Anna", "NewTargetUserName": "Berta", "TargetDomainName": "CONTOSO", "TargetSid": SID}
    found = parsed(winlogbeat(4781, **SUBJECT, **names))
    assert things(found) == [(SID, "contoso\\berta", "User", "target"), (None, "contoso\\anna", "User", "source")]


def test_explicit_credentials():
    found = parsed(winlogbeat(4648, **SUBJECT, **TARGET, TargetServerName="FILES", IpAddress="-", IpPort="-"))
    assert (found.activity_type, found.user, found.ip_address) == ("Unspecified", "contoso\\admin", None)
    assert things(found) == [(SID, "contoso\\anna", "User", "target"), (None, "FILES", "Device", "target")]


def test_the_cleared_log():
    user_data = {"LogFileCleared": SUBJECT}
    event = xml(1102, "0x4020000000000000")
    del event["Event"]["EventData"]
    event["Event"]["UserData"] = user_data
    beat = winlogbeat(1102)
    beat["winlog"]["user_data"] = SUBJECT
    del beat["winlog"]["event_data"]
    for found in (parsed(event), parsed(beat)):
        assert (found.activity_type, found.is_admin_operation, found.user) == ("Clear audit log", True, "contoso\\admin")


def test_services():
    found = parsed(winlogbeat(4697, **SUBJECT, ServiceName="PSEXESVC", ServiceFileName="%SystemRoot%\\PSEXESVC.exe"))
    assert (found.activity_type, things(found)) == ("Create service", [(None, "PSEXESVC", "Service", "target")])
    found = parsed(nxlog(7045, ServiceName="PSEXESVC", AccountName="LocalSystem") | {"Channel": "System"})
    assert (found.activity_type, found.user, found.object_name) == ("Create service", None, "PSEXESVC")


def test_an_access_to_a_directory_object():
    found = parsed(winlogbeat(4662, **SUBJECT, ObjectName="%{guid}", ObjectType="domainDNS", Properties="{1131f6ad-...}"))
    assert (found.activity_type, found.action_type) == ("Unspecified", "4662 An operation was performed on an object")
    assert things(found) == [(None, "%{guid}", "domainDNS", "target")]


def test_a_service_ticket():
    found = parsed(winlogbeat(4769, TargetUserName="a@CONTOSO.COM", ServiceName="FILES$", ServiceSid="S-1-5-21-7", Status="0x0", **ADDRESS))
    assert (found.ip_address, things(found)) == ("203.0.113.7", [("S-1-5-21-7", "FILES$", "Service", "target")])


@pytest.mark.parametrize(("text", "expected"), [("-", None), ("LOCAL", None), ("", None), ("::1", "::1"), ("2001:db8::1", "2001:db8::1")])
def test_addresses(text, expected):
    found = parsed(nxlog(4768, **TARGET, Status="0x0", IpAddress=text, IpPort="0"))
    assert (found.ip_address, found.ip_port) == (expected, None)


def test_a_session_of_a_remote_desktop():
    data = {"AccountName": "Ladmin", "AccountDomain": "CONTOSO", "LogonID": "0x1", "ClientName": "WIN81", "ClientAddress": "10.0.0.100"}
    (found,) = FORMAT.parse(json.dumps(winlogbeat(4778, **data)).encode())
    assert (found.user, found.ip_address) == ("contoso\\ladmin", "10.0.0.100")
    assert [(thing.name, thing.role) for thing in found.objects] == [("WIN81", "source")]


@pytest.mark.parametrize("event", [4627, 4964])
def test_groups_of_a_log_on_are_of_the_one_who_logs_on(event):
    nobody = {"SubjectUserName": "-", "SubjectDomainName": "-", "SubjectUserSid": "S-1-0-0"}
    (found,) = FORMAT.parse(json.dumps(winlogbeat(event, **nobody, **TARGET)).encode())
    assert found.user == "contoso\\anna"
