"""A sign-in and a change as Entra ID exports them, in each of the shapes."""

import json

from casbd.formats.entra import Entra
from casbd.plugins import Options

FORMAT = Entra(Options())


SIGN_IN = {
    "id": "s-1",
    "createdDateTime": "2026-01-01T12:00:00.1234567Z",
    "userDisplayName": "Anna Berg",
    "userPrincipalName": "Anna@Contoso.com",
    "userId": "u-1",
    "appId": "a-1",
    "appDisplayName": "Office 365",
    "resourceDisplayName": "Microsoft Graph",
    "resourceId": "r-1",
    "ipAddress": "203.0.113.7",
    "userAgent": "Mozilla/5.0",
    "status": {"errorCode": 0, "failureReason": "Other.", "additionalDetails": None},
    "deviceDetail": {"isCompliant": True, "trustType": "Hybrid Azure AD joined"},
}


AUDIT = {
    "id": "Directory_1",
    "category": "RoleManagement",
    "activityDateTime": "2026-01-01T12:00:00Z",
    "activityDisplayName": "Add member to role",
    "result": "success",
    "resultReason": "",
    "loggedByService": "Core Directory",
    "initiatedBy": {
        "user": {"id": "u-1", "userPrincipalName": "Admin@Contoso.com", "displayName": "Admin", "ipAddress": "203.0.113.8"},
        "app": None,
    },
    "targetResources": [
        {"id": "u-2", "type": "User", "userPrincipalName": "bert@contoso.com"},
        {"id": "r-1", "type": "Role", "displayName": "Global Administrator"},
    ],
    "additionalDetails": [{"key": "User-Agent", "value": "curl/8"}],
}


def as_graph(record, category):
    return record


def as_diagnostic(record, category):
    envelope = {"time": "2026-01-01T12:03:00Z", "tenantId": "t-1", "operationName": record.get("activityDisplayName", "Sign-in activity")}
    return envelope | {"category": category, "resultType": "0", "callerIpAddress": "198.51.100.1", "properties": record}


def as_log_analytics(record, category):
    values = {key: json.dumps(value) if isinstance(value, dict | list) else value for key, value in record.items()}
    return {key[0].upper() + key[1:]: value for key, value in values.items()} | {"Type": category, "AADTenantId": "t-1"}


SHAPES = [as_graph, as_diagnostic, as_log_analytics]


def activity(record):
    (found,) = FORMAT.parse(json.dumps(record).encode())
    return found
