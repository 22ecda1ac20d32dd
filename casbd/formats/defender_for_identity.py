"""Microsoft Defender for Identity: what it saw in Active Directory, as rows of Defender XDR's advanced hunting tables.

Reads the rows of IdentityLogonEvents, IdentityDirectoryEvents and IdentityQueryEvents: as they are, in the envelope of the
streaming API (`properties`), of Log Analytics (TimeGenerated, Type), and those of a CSV export. And its alerts, as it sends them to a
syslog server as CEF (`|Microsoft|Azure ATP|`), whatever stands before them.
Sources: Microsoft, "IdentityLogonEvents", "IdentityDirectoryEvents", "IdentityQueryEvents"
(https://learn.microsoft.com/en-us/defender-xdr/advanced-hunting-identitylogonevents-table and so on), "Defender for Identity
monitored activities" (https://learn.microsoft.com/en-us/defender-for-identity/monitored-activities), "Stream Microsoft Defender
XDR events" (https://learn.microsoft.com/en-us/defender-xdr/streaming-api-event-hub); which action type is which canonical
activity is in `casbd/data/defender_for_identity_activities.yaml`. "Defender for Identity SIEM log reference"
(https://learn.microsoft.com/en-us/defender-for-identity/cef-format-sa): of an alert `externalId` is its kind.

`result_detail` has the reason of a failure, then the kind of log on. Log ons to Microsoft's cloud stand in the same table, with
their own Application.

What it cannot know: only log ons have a result. "Account Disabled changed" and "Account Locked changed" do not tell the
direction in a documented way (`Update user`); "Account Password changed" is a reset, too; "Security Principal deleted changed"
is a restored account, too. "Security Principal created" is a user where it names one, a device where it names only that.
Location is a country only where it is a code of two letters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from casbd import plugins
from casbd.errors import BadRecord
from casbd.formats._activity_table import ActivityTable
from casbd.formats._lenient import as_object, share
from casbd.formats._objects import put_objects
from casbd.formats._times import time_of
from casbd.model.activity import Activity, ActivityObject
from casbd.plugins import registry
from casbd.records import addresses, cef_reading
from casbd.records.opening import decode

APP = "Active Directory"
_TABLES = frozenset({"identitylogonevents", "identitydirectoryevents", "identityqueryevents"})
_COLUMNS = ("ActionType", "Application", "ReportId", "AccountUpn", "AccountSid", "DestinationDeviceName")
_OTHER_TABLES = ("RawEventData", "ActivityType", "DeviceId", "ActionResult")
"""Columns of CloudAppEvents, of those of Defender for Endpoint, and of IdentityEvents."""
_DEVICE_TYPES = {"workstation": "PC", "desktop": "PC", "laptop": "PC", "mobile": "Mobile", "tablet": "Tablet", "server": "Other"}


@registry.format
class DefenderForIdentity:
    """Active Directory as Defender for Identity saw it: rows of `IdentityLogonEvents`, `IdentityDirectoryEvents`, `IdentityQueryEvents`,
    its alerts over syslog.
    """

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}
    words: ClassVar[plugins.Words] = {"app": None}

    def __init__(self, options: plugins.Options) -> None:  # noqa: ARG002  it has no options
        self._table = ActivityTable("defender_for_identity")

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """A record names its table, or has the columns that these tables share and none of the others'; or is an alert."""
        alerts = sum(map(_is_alert, sample))
        return alerts / len(sample) if alerts else share(sample, _is_ours)

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity. BadRecord where it is no JSON object or has no time or action type."""
        if _is_alert(record):
            return (_alert(record.decode()),)
        data = as_object(record)
        row = _Row(_row_of(data))
        timestamp = time_of("Timestamp", row.value("Timestamp"), row.value("TimeGenerated"), data.get("time"))
        action = row.text("ActionType")
        if action is None:
            raise BadRecord("it has no ActionType")
        kind = self._table.kind(action)
        activity = Activity(timestamp, row.text("ReportId") or "", kind.activity_type, action, row.text("Application") or APP)
        activity.app_instance = _text(data.get("tenantId")) if "properties" in data else None
        activity.is_admin_operation = kind.admin
        _who(row, activity)
        _where(row, activity)
        folded = action.casefold()
        activity.result = _RESULTS.get(folded)
        details = (row.text("FailureReason") if activity.result != "success" else None, row.text("LogonType"))
        activity.result_detail = ", ".join(detail for detail in details if detail) or None
        if folded == "group membership changed":
            activity.activity_type = _GROUP_CHANGES.get((bool(row.more("TO.GROUP")), bool(row.more("FROM.GROUP"))), kind.activity_type)
        elif folded == "security principal created":
            user = row.text("TargetAccountUpn", "TargetAccountDisplayName") or row.more("TARGET_OBJECT.USER")
            device = row.text("TargetDeviceName") or row.more("TARGET_OBJECT.DEVICE")
            activity.activity_type = "Create user" if user else "Register device" if device else kind.activity_type
        put_objects(activity, _objects(row, folded in _RESULTS))
        return (activity,)


_SENDER = re.compile(rb"CEF:\s?\d\|Microsoft\|(?:Azure ATP|ATA|Microsoft Defender for Identity|Defender for Identity)\|")


def _is_alert(record: bytes) -> bool:
    return record.lstrip()[:1] != b"{" and _SENDER.search(record[:1000]) is not None


def _alert(text: str) -> Activity:
    """An alert; BadRecord where it is no CEF or has no time."""
    try:
        message = cef_reading.parse(text)
    except ValueError as error:
        raise BadRecord(str(error)) from None
    values = message.extension
    timestamp = time_of("start", *message.times("start", "end", "rt"))
    activity = Activity(timestamp, "", "Security alert", message.class_id or message.name, APP)
    user = _text(values.get("suser"))
    activity.user = user.lower() if user and "@" in user else user
    activity.ip_address, activity.ip_port = addresses.parse(_text(values.get("src")))
    activity.is_admin_operation = False
    activity.result_detail = _text(values.get("msg")) or message.name or None
    named = (("duser", "User", "target"), ("dhost", "Device", "target"), ("fname", "File", "target"), ("shost", "Device", "source"))
    put_objects(activity, [ActivityObject(None, name, kind, role) for key, kind, role in named if (name := _text(values.get(key)))])
    return activity


_RESULTS = {"logonsuccess": "success", "logonfailed": "failure", "logonattempted": "unknown"}
_GROUP_CHANGES = {(True, False): "Add member to group", (False, True): "Remove member from group"}


class _Row:
    """The columns of a row, and what stands in its AdditionalFields."""

    def __init__(self, row: dict[str, Any]) -> None:
        self._row = row
        more = row.get("AdditionalFields")
        more = decode(more) if isinstance(more, str) else more
        self._more: dict[str, Any] = more if isinstance(more, dict) else {}

    def text(self, *names: str) -> str | None:
        """The first of these columns that is known."""
        return next((text for name in names if (text := _text(self._row.get(name)))), None)

    def value(self, name: str) -> Any:
        """A column as it is."""
        return self._row.get(name)

    def more(self, name: str) -> str | None:
        """Something of AdditionalFields."""
        return _text(self._more.get(name))


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip()
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text if text not in ("", "-", "null") else None


def _row_of(record: dict[str, Any]) -> dict[str, Any]:
    """The row in the streaming API's envelope, else the record itself."""
    inside = record.get("properties")
    inside = decode(inside) if isinstance(inside, str) else inside
    return inside if isinstance(inside, dict) else record


def _is_ours(record: dict[str, Any]) -> bool:
    row = _row_of(record)
    if "ActionType" not in row or any(name in row for name in _OTHER_TABLES):
        return False
    named = (_text(record.get("category")) or _text(record.get("Type")) or "").casefold().removeprefix("advancedhunting-")
    if named:
        return named in _TABLES
    return ("Timestamp" in row or "TimeGenerated" in row) and all(name in row for name in _COLUMNS)


def _who(row: _Row, activity: Activity) -> None:
    name, domain = row.text("AccountName"), row.text("AccountDomain")
    whole = f"{domain}\\{name}" if name and domain and "\\" not in name and "@" not in name else name
    user = row.text("AccountUpn") or whole or row.more("ACTOR.ACCOUNT")
    activity.user = user.lower() if user else None
    activity.user_id = row.text("AccountObjectId", "AccountSid")
    activity.user_display_name = row.text("AccountDisplayName")
    if activity.user or activity.user_id:
        plain = (name or user or "").partition("@")[0]
        activity.user_type = "System" if plain.endswith("$") else "Regular"


def _where(row: _Row, activity: Activity) -> None:
    """The client."""
    text = row.text("IPAddress")
    if text:
        activity.ip_address, activity.ip_port = addresses.parse(text)
    port = row.text("Port") or ""
    if activity.ip_address and activity.ip_port is None and port.isascii() and port.isdigit() and len(port) <= 5:
        activity.ip_port = int(port) if 0 < int(port) < 65536 else None
    location = row.text("Location") or ""
    activity.country = location.upper() if len(location) == 2 and location.isascii() and location.isalpha() else None
    activity.isp = row.text("ISP")
    activity.device_type = _DEVICE_TYPES.get((row.text("DeviceType") or "").casefold())


def _objects(row: _Row, logon: bool) -> list[ActivityObject]:
    """The account or device it was done to, the group, what was asked for; then where it came from and which server did it."""
    user = row.text("TargetAccountUpn", "TargetAccountDisplayName") or row.more("TARGET_OBJECT.USER")
    target = row.text("TargetDeviceName") or row.more("TARGET_OBJECT.DEVICE")
    server = row.text("DestinationDeviceName", "DestinationIPAddress")
    named = (
        (user.lower() if user and "@" in user else user, "User", "target"),
        (target, "Device", "target"),
        (row.more("TARGET_OBJECT.GROUP"), "Group", "target"),
        (row.more("TO.GROUP"), "Group", "target"),
        (row.more("FROM.GROUP"), "Group", "target"),
        (row.text("QueryTarget"), None, "target"),
        (server if server != target else None, "Device", "target" if logon else "server"),
        (row.text("DeviceName"), "Device", "source"),
    )
    return [ActivityObject(None, name, kind, role) for name, kind, role in named if name]
