"""Rows of Log Analytics' `OfficeActivity` table (Microsoft Sentinel), under the names of the audit record that each was made from.

Source: Microsoft, "OfficeActivity" (https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/officeactivity).
"""

from __future__ import annotations

from typing import Any

from casbd.records.opening import decode

_NAMES = {
    "TimeGenerated": "CreationTime",
    "OfficeId": "Id",
    "OfficeWorkload": "Workload",
    "OfficeObjectId": "ObjectId",
    "Client_IPAddress": "ClientIPAddress",
    "Logon_Type": "LogonType",
    "Site_Url": "SiteUrl",
    "AADTarget": "Target",
}


def is_row(record: dict[str, Any]) -> bool:
    """Whether a record is such a row."""
    return all(key in record for key in ("TimeGenerated", "Operation", "OfficeWorkload"))


def as_record(row: dict[str, Any]) -> dict[str, Any]:
    """The row as an audit record; what is empty, as columns of other workloads are, is left out."""
    return {_NAMES.get(key, key): _opened(value) for key, value in row.items() if value not in (None, "")}


def _opened(value: Any) -> Any:
    """JSON inside text."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        inside = decode(value)
        return value if inside is None else inside
    return value
