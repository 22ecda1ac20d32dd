"""Rows of `CloudAppEvents`, and what the app's own record inside one says better than the row.

Source: Microsoft, "CloudAppEvents" (https://learn.microsoft.com/defender-xdr/advanced-hunting-cloudappevents-table).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from casbd.formats._m365_table import DIRECTORY, table, type_of
from casbd.formats._mdca_activity import (
    canonical_type,
    device_type_of,
    fill_origin,
    fill_user,
    new_activity,
    object_of,
    settle_log_on,
    value_of_field,
)
from casbd.formats._mdca_fields import Fields, known_text
from casbd.formats._objects import put_objects
from casbd.formats._plain import dict_of, list_of
from casbd.formats._user_names import address_of, first_address, guid_of
from casbd.model.activity import Activity, ActivityObject


def activity_of_row(fields: Fields) -> Activity:
    """A row of CloudAppEvents."""
    raw, action = dict_of(fields.get("raweventdata")), fields.text("actiontype") or ""
    kind = type_of(action) or canonical_type(fields.text("activitytype")) or canonical_type(action)
    activity = new_activity(fields.time("timestamp", "timegenerated"), fields.text("reportid"), kind)
    activity.action_type = action or None
    activity.app, activity.app_instance = fields.text("application"), fields.text("appinstanceid")
    activity.result = _raw_result(raw, action)
    settle_log_on(activity)
    shown = [fields.text(name) for name in ("accountupn", "accountid", "accountdisplayname")]
    of = fields.text("accountobjectid") or guid_of(*_own_names(raw), *shown) or shown[1]
    fill_user(activity, first_address(_own_names(raw)) or address_of(*shown) or shown[1] or shown[2], of)
    activity.user_display_name = fields.text("accountdisplayname")
    activity.user_type = value_of_field("user_type", fields.text("accounttype"))
    activity.is_admin_operation, activity.is_external_user = fields.flag("isadminoperation"), fields.flag("isexternaluser")
    activity.is_impersonated = fields.flag("isimpersonated")
    fill_origin(activity, fields.text("ipaddress"), fields.text("countrycode"), fields.text("useragent"))
    activity.city, activity.isp = fields.text("city"), fields.text("isp")
    activity.ip_category, activity.ip_tags = value_of_field("ip_category", fields.text("ipcategory")), fields.texts("iptags")
    activity.user_agent_tags = fields.texts("useragenttags")
    activity.device_type = device_type_of(fields.text("devicetype"))
    objects = [object_of(dict_of(one)) for one in list_of(fields.get("activityobjects"))]
    if not any(one.name or one.id for one in objects):
        objects = [ActivityObject(fields.text("objectid"), fields.text("objectname"), fields.text("objecttype"), "target")]
    put_objects(activity, [one for one in objects if one.name or one.id])
    return activity


_USERS = (
    ("UserId",),
    ("UserKey",),
    ("userPrincipalName",),
    ("actor",),
    ("actor", "email"),
    ("actor", "alternateId"),
    ("initiatedBy", "user", "userPrincipalName"),
    ("caller",),
    ("created_by", "login"),
    ("userIdentity", "userName"),
)
"""Where the records of Microsoft 365, Google, Okta, Entra ID, Azure, Box and AWS have the user's address."""


def _own_names(raw: dict[str, Any]) -> Iterator[str | None]:
    """What the app's own record calls the user; in Microsoft 365's Actor a UPN is of type 5."""
    for path in _USERS:
        yield known_text(_at(raw, path))
    for one in map(dict_of, list_of(raw.get("Actor"))):
        if one.get("Type") == 5:
            yield known_text(one.get("ID"))


def _at(record: Any, path: Sequence[str]) -> Any:
    for step in path:
        record = dict_of(record).get(step)
    return record


def _raw_result(raw: dict[str, Any], action: str) -> str | None:
    """What the app's own record says, of Microsoft 365 and Okta. Of log ons to Entra ID ResultStatus says nothing."""
    if raw.get("Workload") == DIRECTORY and str(raw.get("Operation", "")).startswith("UserLog"):
        return None
    status = known_text(raw.get("ResultStatus")) or known_text(_at(raw, ("outcome", "result")))
    if status:
        return table().results.get(status.casefold())
    if isinstance(done := raw.get("IsSuccess"), bool):
        return "success" if done else "failure"
    workload = table().workloads.get(str(raw.get("Workload")))
    return workload.result(action) if workload else None
