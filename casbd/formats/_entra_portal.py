"""Rows of the CSV that Entra ID's portal downloads, as the Graph API would give the same sign-in or change.

The columns are not documented; these are the portal's own labels, found without regard to case and blanks, as some have one at
their end. A column that is missing is unknown.
"""

from __future__ import annotations

from typing import Any

_NOTHING = frozenset({"", "none", "null", "n/a"})
_SIGN_IN = frozenset({"date(utc)", "requestid", "application", "ipaddress"})
_CHANGE = frozenset({"date(utc)", "activity", "actortype", "service"})


def as_graph(record: dict[str, Any]) -> dict[str, Any] | None:
    """What Graph calls `signIn` or `directoryAudit`; None where it is no such row."""
    if "Date (UTC)" not in record:
        return None
    row = {"".join(key.split()).casefold(): value for key, value in record.items()}
    row = {key: value for key, value in row.items() if isinstance(value, str) and value.strip().casefold() not in _NOTHING}
    columns = {"".join(key.split()).casefold() for key in record}
    return _sign_in(row) if columns >= _SIGN_IN else _change(row) if columns >= _CHANGE else None


def _sign_in(row: dict[str, str]) -> dict[str, Any]:
    code = row.get("sign-inerrorcode") or ("0" if row.get("status", "").casefold() == "success" else None)
    return {
        "category": "SignInLogs",
        "id": row.get("requestid"),
        "createdDateTime": row.get("date(utc)"),
        "userPrincipalName": row.get("username"),
        "userDisplayName": row.get("user"),
        "userId": row.get("userid"),
        "userType": row.get("usertype"),
        "servicePrincipalName": row.get("serviceprincipalname"),
        "servicePrincipalId": row.get("serviceprincipalid"),
        "appDisplayName": row.get("application"),
        "appId": row.get("applicationid"),
        "resourceDisplayName": row.get("resource"),
        "resourceId": row.get("resourceid"),
        "ipAddress": row.get("ipaddress"),
        "userAgent": row.get("useragent"),
        "status": {"errorCode": code},
        "deviceDetail": {"isCompliant": row.get("compliant"), "trustType": row.get("jointype")},
    }


def _change(row: dict[str, str]) -> dict[str, Any]:
    name, of = row.get("actordisplayname"), row.get("actorobjectid")
    user = {"id": of, "displayName": name, "userPrincipalName": row.get("actoruserprincipalname"), "ipAddress": row.get("ipaddress")}
    is_user = row.get("actortype", "").casefold() == "user"
    numbers = [number for number in range(1, 11) if f"target{number}type" in row or f"target{number}objectid" in row]
    return {
        "category": "AuditLogs",
        "activityDateTime": row.get("date(utc)"),
        "activityDisplayName": row.get("activity"),
        "result": row.get("result"),
        "resultReason": row.get("resultreason"),
        "initiatedBy": {"user": user} if is_user else {"app": {"displayName": name, "servicePrincipalId": of}},
        "additionalDetails": [{"key": "User-Agent", "value": row.get("useragent")}],
        "targetResources": [
            {
                "type": row.get(f"target{number}type"),
                "id": row.get(f"target{number}objectid"),
                "displayName": row.get(f"target{number}displayname"),
                "userPrincipalName": row.get(f"target{number}userprincipalname"),
            }
            for number in numbers
        ],
    }
