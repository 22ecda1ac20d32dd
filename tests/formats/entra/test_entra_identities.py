"""Entra ID: one user under several names, risks, and requests to Microsoft Graph."""

import json

import pytest
from entra_records import AUDIT, FORMAT, SHAPES, SIGN_IN, activity, as_diagnostic

from casbd.formats.entra import Entra

RISKY = {
    "id": "u-1",
    "isDeleted": False,
    "riskLastUpdatedDateTime": "2026-01-01T12:00:00Z",
    "riskLevel": "high",
    "riskState": "atRisk",
    "riskDetail": "none",
    "userDisplayName": "Anna Berg",
    "userPrincipalName": "Anna@Contoso.com",
}


def test_each_state_of_a_risky_user_is_an_activity():
    (one,) = FORMAT.parse(json.dumps(RISKY).encode())
    remedied = {
        "riskLastUpdatedDateTime": "2026-01-02T12:00:00Z",
        "riskState": "remediated",
        "riskDetail": "userPerformedSecuredPasswordReset",
    }
    (other,) = FORMAT.parse(json.dumps(RISKY | remedied).encode())
    assert one.activity_id != other.activity_id
    assert (one.action_type, one.user, one.user_id) == ("Risky user", "anna@contoso.com", "u-1")
    assert other.action_type == "userPerformedSecuredPasswordReset"


def test_a_risky_service_principal():
    risky = {key: value for key, value in RISKY.items() if not key.startswith("user")} | {"displayName": "Sync", "appId": "a-1"}
    assert Entra.claims([json.dumps(risky).encode()]) == 1
    (found,) = FORMAT.parse(json.dumps(risky).encode())
    assert (found.activity_type, found.user, found.user_id, found.user_type) == ("Security alert", "Sync", "u-1", "Application")


def test_a_risk_of_a_service_principal():
    event = {
        "category": "ServicePrincipalRiskEvents",
        "time": "2026-01-01T12:00:00Z",
        "properties": {
            "id": "r-1",
            "riskEventType": "leakedCredentials",
            "riskLevel": "high",
            "servicePrincipalId": "sp-1",
            "servicePrincipalDisplayName": "Sync",
            "detectedDateTime": "2026-01-01T12:00:00Z",
        },
    }
    (found,) = FORMAT.parse(json.dumps(event).encode())
    assert (found.activity_id, found.action_type) == ("r-1", "leakedCredentials")
    assert (found.user, found.user_id, found.user_type) == ("Sync", "sp-1", "Application")


GUID = "8e1c2d3f-0000-4000-8000-00000000aaaa"


@pytest.mark.parametrize(
    "fields",
    [
        {"userPrincipalName": GUID, "signInIdentifier": "Anna@Contoso.com"},
        {"userPrincipalName": GUID, "alternateSignInName": "anna@contoso.com", "userId": GUID},
        {"userPrincipalName": GUID, "userDisplayName": "Anna@contoso.com", "userId": None},
        {"userPrincipalName": "Anna@contoso.com", "userId": GUID, "signInIdentifier": "+4712345678"},
        {"userPrincipalName": "Anna@contoso.com", "userId": GUID, "servicePrincipalName": "app", "identity": "Anna Berg"},
    ],
)
@pytest.mark.parametrize("shape", SHAPES)
def test_one_user_under_several_names_who_signs_in(shape, fields):
    found = activity(shape(SIGN_IN | {"userId": GUID} | fields, "SignInLogs"))
    assert (found.user, found.user_id, found.user_type) == ("anna@contoso.com", GUID, "Regular")


def test_a_sign_in_that_tells_an_id_only():
    found = activity(as_diagnostic(SIGN_IN | {"userPrincipalName": GUID, "userId": GUID}, "SignInLogs"))
    assert (found.user, found.user_id) == (GUID, GUID)
    found = activity(as_diagnostic(SIGN_IN | {"userPrincipalName": "", "userDisplayName": "", "userId": GUID}, "SignInLogs"))
    assert (found.user, found.user_id) == (GUID, GUID)


@pytest.mark.parametrize(
    "by",
    [
        {"id": GUID, "userPrincipalName": "Anna@contoso.com", "displayName": None},
        {"id": GUID, "userPrincipalName": GUID, "displayName": "Anna@contoso.com"},
        {"id": GUID, "userPrincipalName": None, "displayName": None},
        {"id": GUID, "userPrincipalName": " ", "displayName": "Anna Berg"},
    ],
)
@pytest.mark.parametrize("shape", SHAPES)
def test_one_user_under_several_names_who_changes_something(shape, by):
    """Of oneself the target tells the name."""
    oneself = [{"id": GUID, "type": "User", "userPrincipalName": "Anna@contoso.com"}]
    found = activity(shape(AUDIT | {"initiatedBy": {"user": by}, "targetResources": oneself}, "AuditLogs"))
    assert (found.user, found.user_id, found.user_type) == ("anna@contoso.com", GUID, "Regular")


def test_a_change_to_somebody_else_does_not_tell_who_made_it():
    found = activity(AUDIT | {"initiatedBy": {"user": {"id": GUID, "userPrincipalName": None}}})
    assert (found.user, found.user_id) == (GUID, GUID)


REQUEST = {
    "timeGenerated": "2026-01-01T12:00:00.1234567Z",
    "location": "UK South",
    "requestId": "q-1",
    "operationId": "o-1",
    "clientRequestId": "c-1",
    "apiVersion": "beta",
    "requestMethod": "GET",
    "responseStatusCode": 200,
    "tenantId": "t-1",
    "appId": "a-1",
    "userId": GUID,
    "C_Idtyp": "user",
    "scopes": "Mail.Read",
    "ipAddress": "203.0.113.7",
    "userAgent": "python-requests/2",
    "requestUri": "https://graph.microsoft.com/beta/users/bert%40contoso.com/messages?$top=1000",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_request_to_microsoft_graph(shape):
    record = shape(REQUEST, "MicrosoftGraphActivityLogs")
    assert Entra.claims([json.dumps(record).encode()]) == 1
    found = activity(record)
    assert (found.activity_id, found.app, found.app_instance, found.timestamp % 1000) == ("q-1", "Microsoft Graph", "t-1", 123)
    assert (found.activity_type, found.action_type, found.result) == ("Unspecified", "GET users/{id}/messages", "success")
    assert (found.user, found.user_id, found.user_type, found.ip_address) == (GUID, GUID, "Regular", "203.0.113.7")
    assert (found.object_name, found.user_agent) == ("users/bert@contoso.com/messages", "python-requests/2")


def test_a_request_of_an_application():
    fields = {"C_Idtyp": "app", "userId": "", "servicePrincipalId": "sp-1", "responseStatusCode": 403, "requestMethod": "POST"}
    found = activity(as_diagnostic(REQUEST | fields, "MicrosoftGraphActivityLogs"))
    assert (found.user, found.user_id, found.user_type) == ("sp-1", "sp-1", "Application")
    assert (found.result, found.result_detail) == ("failure", "403")
    assert [(one.id, one.type, one.role) for one in found.objects][1:] == [("a-1", "Application", "client")]


def test_a_request_as_defender_xdr_has_it():
    row = {
        "Timestamp": "2026-01-01T12:00:00Z",
        "RequestId": "q-1",
        "RequestMethod": "GET",
        "RequestUri": "https://graph.microsoft.com/v1.0/me",
        "ResponseStatusCode": "200",
        "ApplicationId": "a-1",
        "AccountObjectId": GUID,
        "EntityType": "user",
        "IpAddress": "203.0.113.7",
    }
    assert Entra.claims([json.dumps(row).encode()]) == 1
    found = activity(row)
    assert (found.user, found.action_type, found.ip_address, found.result) == (GUID, "GET me", "203.0.113.7", "success")


@pytest.mark.parametrize(
    ("uri", "action"),
    [
        (
            "https://graph.microsoft.com/v1.0/servicePrincipals(appId='x')/appRoleAssignedTo",
            "GET servicePrincipals({id})/appRoleAssignedTo",
        ),
        ("https://graph.microsoft.com/v1.0/$batch", "GET $batch"),
        (
            "https://graph.microsoft.com/v1.0/users/8e1c2d3f-0000-4000-8000-00000000aaaa/microsoft.graph.getMemberGroups",
            "GET users/{id}/microsoft.graph.getMemberGroups",
        ),
        ("/v1.0/groups/g1/members/$ref", "GET groups/{id}/members/$ref"),
        ("https://graph.microsoft.com", "GET"),
        ("https://graph.microsoft.com/v1.0/" + "a/" * 5000, "GET " + "/".join(["{id}"] * 8)),
        (None, "GET"),
    ],
)
def test_what_is_asked_for_can_be_counted(uri, action):
    assert activity(as_diagnostic(REQUEST | {"requestUri": uri}, "MicrosoftGraphActivityLogs")).action_type == action
