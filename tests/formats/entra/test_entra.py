"""Entra ID's sign-ins, changes and risks to activities, in three shapes.

The records under `otrf/` are Open Threat Research Forge's (MIT, see LICENSE there).
"""

import json
from pathlib import Path

import pytest
from entra_records import AUDIT, FORMAT, SHAPES, SIGN_IN, activity, as_diagnostic, as_graph
from golden import agrees

from casbd.errors import BadRecord
from casbd.formats.entra import Entra

HERE = Path(__file__).parent


@pytest.mark.parametrize("shape", SHAPES)
def test_a_sign_in(shape):
    found = activity(shape(SIGN_IN, "SignInLogs"))
    assert (found.activity_type, found.result, found.activity_id, found.app) == ("Log on", "success", "s-1", "Microsoft Entra ID")
    assert (found.user, found.user_id, found.user_display_name, found.user_type) == ("anna@contoso.com", "u-1", "Anna Berg", "Regular")
    assert (found.ip_address, found.user_agent, found.timestamp % 1000) == ("203.0.113.7", "Mozilla/5.0", 123)
    assert found.device_tags == ("Intune compliant", "Microsoft Entra hybrid joined")
    assert [thing.name for thing in found.objects] == ["Office 365", "Microsoft Graph"]
    assert found.app_instance == (None if shape is as_graph else "t-1")


@pytest.mark.parametrize(
    ("code", "kind", "result", "detail"),
    [
        (0, "Log on", "success", None),
        (50126, "Failed log on", "failure", "50126"),
        ("50053", "Failed log on", "failure", "50053"),
        (50074, "Unspecified", "unknown", "50074"),
    ],
)
@pytest.mark.parametrize("shape", SHAPES)
def test_results_of_sign_ins(shape, code, kind, result, detail):
    found = activity(shape(SIGN_IN | {"status": {"errorCode": code}}, "SignInLogs"))
    assert (found.activity_type, found.result, found.result_detail) == (kind, result, detail)


@pytest.mark.parametrize(
    ("fields", "category", "user", "kind"),
    [
        (
            {"userPrincipalName": None, "servicePrincipalName": "deploy", "servicePrincipalId": "p-1"},
            "ServicePrincipalSignInLogs",
            "deploy",
            "Application",
        ),
        (
            {"userPrincipalName": None, "servicePrincipalName": "vm", "servicePrincipalId": "p-1"},
            "ManagedIdentitySignInLogs",
            "vm",
            "Application",
        ),
        ({"userType": "guest"}, "NonInteractiveUserSignInLogs", "anna@contoso.com", "Guest"),
    ],
)
def test_who_signs_in(fields, category, user, kind):
    found = activity(as_diagnostic(SIGN_IN | fields, category))
    assert (found.user, found.user_type, found.activity_type) == (user, kind, "Log on")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_change(shape):
    found = activity(shape(AUDIT, "AuditLogs"))
    assert (found.activity_type, found.action_type, found.is_admin_operation) == ("Add member to role", "Add member to role", True)
    assert (found.user, found.user_id, found.ip_address, found.user_agent) == ("admin@contoso.com", "u-1", "203.0.113.8", "curl/8")
    assert (found.result, found.object_type, found.object_name) == ("success", "User", "bert@contoso.com")
    assert [thing.name for thing in found.objects] == ["bert@contoso.com", "Global Administrator"]


def test_a_change_by_an_application():
    found = activity(AUDIT | {"initiatedBy": {"user": None, "app": {"displayName": "Sync", "servicePrincipalId": "p-1"}}})
    assert (found.user, found.user_type, found.user_id) == ("Sync", "Application", "p-1")


@pytest.mark.parametrize(
    ("operation", "kind", "admin"),
    [
        ("Update application \u2013 Certificates and secrets management ", "Update application", True),
        ("Add member to role.", "Add member to role", True),
        ("Change password (self-service)", "Change password", False),
        ("Something new", "Unspecified", True),
    ],
)
def test_operations(operation, kind, admin):
    found = activity(AUDIT | {"activityDisplayName": operation})
    assert (found.activity_type, found.is_admin_operation, found.action_type) == (kind, admin, operation)


PORTAL_SIGN_IN = {
    "Date (UTC)": "2026-01-01T12:00:00Z",
    "Request ID": "s-1",
    "User agent": "Mozilla/5.0",
    "User ID": "u-1",
    "User": "Anna Berg",
    "Username": "Anna@Contoso.com",
    "User type": "Guest",
    "Application": "Office 365",
    "Application ID ": "a-1",
    "Resource": "Microsoft Graph",
    "Resource ID ": "r-1",
    "IP address": "203.0.113.7",
    "Status": "Success",
    "Sign-in error code": "None",
    "Compliant": "true",
}


PORTAL_CHANGE = {
    "Date (UTC)": "2026-01-01T12:00:00.1234567+00:00",
    "CorrelationId": "c-1",
    "Service": "Core Directory",
    "Category": "RoleManagement",
    "Activity": "Add member to role",
    "Result": "success",
    "ResultReason": "",
    "ActorType": "User",
    "ActorDisplayName": "Admin",
    "ActorObjectId": "u-1",
    "ActorUserPrincipalName": "Admin@Contoso.com",
    "IPAddress": "203.0.113.8",
    "Target1Type": "User",
    "Target1DisplayName": "",
    "Target1ObjectId": "u-2",
    "Target1UserPrincipalName": "bert@contoso.com",
    "Target2Type": "Role",
    "Target2DisplayName": "Global Administrator",
    "Target2ObjectId": "r-1",
}


def test_a_sign_in_that_the_portal_downloads_as_csv():
    found = activity(PORTAL_SIGN_IN)
    assert (found.activity_id, found.activity_type, found.result) == ("s-1", "Log on", "success")
    assert (found.user, found.user_id, found.user_type, found.ip_address) == ("anna@contoso.com", "u-1", "Guest", "203.0.113.7")
    assert (found.object_name, found.object_id, found.device_tags) == ("Office 365", "a-1", ("Intune compliant",))
    found = activity(PORTAL_SIGN_IN | {"Status": "Failure", "Sign-in error code": "50126"})
    assert (found.activity_type, found.result, found.result_detail) == ("Failed log on", "failure", "50126")
    assert Entra.claims([json.dumps(PORTAL_SIGN_IN).encode(), json.dumps(PORTAL_CHANGE).encode()]) == 1


def test_a_change_that_the_portal_downloads_as_csv():
    found = activity(PORTAL_CHANGE)
    assert (found.activity_type, found.user, found.user_id, found.ip_address) == (
        "Add member to role",
        "admin@contoso.com",
        "u-1",
        "203.0.113.8",
    )
    assert [(one.type, one.name) for one in found.objects] == [("User", "bert@contoso.com"), ("Role", "Global Administrator")]
    found = activity(PORTAL_CHANGE | {"ActorType": "Application", "ActorDisplayName": "Sync"})
    assert (found.user, found.user_type) == ("Sync", "Application")


def test_a_risk():
    found = activity(
        {
            "id": "k-1",
            "riskEventType": "anonymizedIPAddress",
            "riskLevel": "high",
            "riskState": "atRisk",
            "detectedDateTime": "2026-01-01T12:00:00Z",
        }
        | {"userPrincipalName": "Anna@contoso.com", "ipAddress": "203.0.113.9"}
    )
    assert (found.activity_type, found.action_type, found.user, found.result_detail) == (
        "Security alert",
        "anonymizedIPAddress",
        "anna@contoso.com",
        "high",
    )


@pytest.mark.parametrize("given", [b"{}", b"[]", b"no", b'{"category": "SignInLogs"}', b'{"category": "AuditLogs", "time": "soon"}'])
def test_what_cannot_be_an_activity_is_told(given):
    with pytest.raises(BadRecord):
        FORMAT.parse(given)


@pytest.mark.parametrize("base", [SIGN_IN, AUDIT])
@pytest.mark.parametrize("value", [7, ["x"], {"id": [1]}, "x", True, None])
def test_values_of_another_type_do_no_harm(base, value):
    for field in base:
        if field.endswith("DateTime"):
            continue
        category = "SignInLogs" if base is SIGN_IN else "AuditLogs"
        assert len(FORMAT.parse(json.dumps(as_diagnostic(base | {field: value}, category)).encode())) == 1


def test_records_of_a_real_tenant():
    text = (HERE / "otrf/AADAuditEvents.json").read_text()
    records = [json.dumps(one).encode() for one in (json.loads(text) if text.startswith("[") else map(json.loads, text.splitlines()))]
    assert Entra.claims(records) == 1
    assert agrees([activity for one in records for activity in FORMAT.parse(one)], HERE / "otrf/expected.json")


def as_powershell_writes(value):
    if isinstance(value, dict):
        return {"IPAddress" if key == "ipAddress" else key[:1].upper() + key[1:]: as_powershell_writes(one) for key, one in value.items()}
    return [as_powershell_writes(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("given", [SIGN_IN, SIGN_IN | {"status": {"errorCode": 50126}}, AUDIT])
def test_what_graphs_powershell_module_writes_is_the_same(given):
    """`Get-MgAuditLogSignIn | ConvertTo-Json`."""
    written = json.dumps(as_powershell_writes(given)).encode()
    assert Entra.claims([written]) == 1
    assert FORMAT.parse(written) == FORMAT.parse(json.dumps(given).encode())
