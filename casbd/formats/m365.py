"""Microsoft 365 unified audit log: the records of the Office 365 Management Activity API and of Purview's audit search.

Read from any container: Management API blobs, NDJSON, Purview audit-search CSV, `Search-UnifiedAuditLog | Export-Csv`.
Source: Microsoft, "Office 365 Management Activity API schema" (page of 2026-06-24). What Microsoft leaves open is in
`casbd/data/m365_activities.yaml`: which operation is which canonical activity, and which is administrative.

What it cannot know: a file operation in SharePoint carries no result (`result` is null); mailbox records name the
mailbox by address only; Entra ID says "Regular" of administrators, so `is_admin_operation` goes by the operation.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from casbd import plugins
from casbd.documents import Document
from casbd.errors import BadRecord
from casbd.formats._m365_objects import Named, Principal, named, objects_of
from casbd.model.activity import Activity
from casbd.registry import plugin
from casbd.wire import addresses, timestamps

TABLE = Path(__file__).parent.parent / "data" / "m365_activities.yaml"


class Record(msgspec.Struct, gc=False):
    """The part of an audit record that becomes an activity. Names are Microsoft's; the rest stays in `raw`."""

    CreationTime: str
    Operation: str
    Id: str | None = None
    RecordType: int | str | None = None
    Workload: str | None = None
    OrganizationId: str | None = None
    UserId: str | None = None
    UserKey: str | None = None
    UserType: int | str | None = None
    ResultStatus: str | None = None
    ObjectId: str | None = None
    ClientIP: str | None = None
    ClientIPAddress: str | None = None
    ActorIpAddress: str | None = None
    ActorIP: str | None = None
    UserAgent: str | None = None
    ClientInfoString: str | None = None
    ExtendedProperties: list[Named] | str | None = None
    ExtraProperties: list[Named] | str | None = None
    DeviceProperties: list[Named] | str | None = None
    ModifiedProperties: list[Any] | str | None = None
    Parameters: list[Named] | str | None = None
    Actor: list[Principal] | str | None = None
    Target: list[Principal] | str | None = None
    LogonError: str | None = None
    ErrorNumber: int | str | None = None
    LogonType: int | str | None = None
    LogonUserDisplayName: str | None = None
    MailboxOwnerUPN: str | None = None
    Item: Any = None
    AffectedItems: Any = None
    Folder: Any = None
    ItemType: str | None = None
    SourceFileName: str | None = None
    SourceRelativeUrl: str | None = None
    SiteUrl: str | None = None
    TargetUserOrGroupName: str | None = None
    TargetUserOrGroupType: str | None = None
    UserSharedWith: str | None = None
    TeamName: str | None = None
    ChannelName: str | None = None
    Members: Any = None
    Subject: str | None = None
    Recipients: Any = None


class Workload(msgspec.Struct, frozen=True):
    """What the table says of one workload."""

    app: str
    default: str
    admin: bool
    types: dict[str, str]
    admin_exceptions: frozenset[str]


class Table(msgspec.Struct, frozen=True):
    """`m365_activities.yaml`, ready for look-ups."""

    workloads: dict[str, Workload]
    user_types: dict[str, str]
    results: dict[str, str]
    admin_record_types: frozenset[str]
    unknown_users: frozenset[str]


@cache
def table() -> Table:
    """The table that ships with casbd, read once."""
    data = Document(TABLE).data
    return Table(
        workloads={name: _workload(entry) for name, entry in data["workloads"].items()},
        user_types=data["user_types"],
        results=data["results"],
        admin_record_types=frozenset(data["admin_record_types"]),
        unknown_users=frozenset(data["unknown_users"]),
    )


def _workload(entry: dict[str, Any]) -> Workload:
    admin = entry.get("admin", False)
    return Workload(
        app=entry["app"],
        default=entry.get("default", "Unspecified"),
        admin=admin,
        types={operation: kind for kind, operations in entry.get("activities", {}).items() for operation in operations},
        admin_exceptions=frozenset(entry.get("not_admin" if admin else "admin_operations", ())),
    )


@plugin
class M365:
    """`format: m365`."""

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}

    def __init__(self, options: plugins.Options) -> None:  # noqa: ARG002  it has no options
        self._table = table()
        self._decode = msgspec.json.Decoder(Record).decode
        self._kinds: dict[tuple[Any, ...], tuple[str, str, bool, str | None]] = {}

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """Every audit record has CreationTime, Operation and Workload, and no other export has all three."""
        records = [record for record in map(_as_dict, sample) if record]
        if not records:
            return 0.0
        required = ("CreationTime", "Operation", "Workload", "RecordType")
        hits = sum(all(key in record for key in required) for record in records)
        return hits / len(records)

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity. BadRecord where it is no JSON object or has no time or operation."""
        try:
            found = self._decode(record)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found = leniently(record, Record)
        try:
            timestamp = timestamps.parse(found.CreationTime)
        except ValueError as error:
            raise BadRecord(f"CreationTime {found.CreationTime[:40]!r}: {error}") from None
        return (self.activity(found, timestamp),)

    def activity(self, record: Record, timestamp: int) -> Activity:
        """The activity of a decoded record; `raw` is left to the caller of `parse`."""
        activity = Activity(timestamp, record.Id or "")
        activity.action_type = record.Operation
        activity.app_instance = record.OrganizationId or None
        kind = (record.Workload, record.Operation, record.RecordType, record.UserType)
        known = self._kinds.get(kind)
        if known is None:
            known = self._kind(kind)
        activity.app, activity.activity_type, activity.is_admin_operation, activity.user_type = known
        self._who(record, activity)
        self._where_from(record, activity)
        self._result(record, activity)
        activity.objects = objects_of(record)
        if activity.objects:
            first = activity.objects[0]
            activity.object_id, activity.object_name, activity.object_type = first.id, first.name, first.type
        return activity

    def _kind(self, kind: tuple[Any, ...]) -> tuple[str, str, bool, str | None]:
        """App, activity type, administrative or not, and user type: they depend on four values only."""
        name, operation, record_type, user_type = kind
        workload = self._table.workloads.get(name or "")
        kind_of_user = self._table.user_types.get(str(user_type))
        if workload is None:
            known = (f"Microsoft 365 ({name})" if name else "Microsoft 365", "Unspecified", kind_of_user == "Admin", kind_of_user)
        else:
            admin = workload.admin != (operation in workload.admin_exceptions)
            admin = admin or str(record_type) in self._table.admin_record_types
            known = (workload.app, workload.types.get(operation, workload.default), admin, kind_of_user)
        if len(self._kinds) > 20_000:  # operations are the tenant's vocabulary, but an attacker may invent some
            self._kinds.clear()
        self._kinds[kind] = known
        return known

    def _who(self, record: Record, activity: Activity) -> None:
        user = self._known(record.UserId) or self._actor(record)
        if user is None:
            user = self._known(record.UserKey)
        elif record.UserKey != record.UserId and self._known(record.UserKey):
            activity.user_id = record.UserKey
        if user and "@" in user:
            user = user.lower()
            if "#ext#" in user:
                activity.user_type = "Guest"
        elif user and user.startswith("ServicePrincipal_"):
            activity.user_type = "Application"
        activity.user = user
        if record.LogonType is not None:  # of a mailbox: 0 is the owner
            activity.is_impersonated = str(record.LogonType) in _NOT_THE_OWNER
        elif record.Operation in ("SendAs", "SendOnBehalf"):
            activity.is_impersonated = True

    def _known(self, name: str | None) -> str | None:
        """The name, or None where it is one of Microsoft's words for "unknown"."""
        if name and name.lower() not in self._table.unknown_users:
            return name
        return None

    def _actor(self, record: Record) -> str | None:
        """Entra ID: the UPN (type 5) or name (type 1) among the actor's identities."""
        if isinstance(record.Actor, list):
            for wanted in (5, 1):
                for actor in record.Actor:
                    if actor.Type == wanted and self._known(actor.ID):
                        return actor.ID
        return None

    def _where_from(self, record: Record, activity: Activity) -> None:
        for text in (record.ClientIP, record.ClientIPAddress, record.ActorIpAddress, record.ActorIP):
            if text:
                address = addresses.parse(text)
                if address.ip is not None:
                    activity.ip_address, activity.ip_port = address.ip, address.port
                    break
        agent = record.UserAgent or record.ClientInfoString
        if agent is None and record.ExtendedProperties is not None:
            agent = _agent_in(record.ExtendedProperties)
        if agent is None and record.ExtraProperties is not None:
            agent = named(record.ExtraProperties, "UserAgent")
        activity.user_agent = agent or None
        if record.DeviceProperties is not None:
            activity.device_tags = _device_tags(record.DeviceProperties)

    def _result(self, record: Record, activity: Activity) -> None:
        if activity.activity_type == "Failed log on":  # ResultStatus only tells that HTTP worked
            activity.result = "failure"
            activity.result_detail = record.LogonError or (str(record.ErrorNumber) if record.ErrorNumber else None)
        elif activity.activity_type == "Log on":
            activity.result = "success"
        elif record.ResultStatus:
            activity.result = self._table.results.get(record.ResultStatus.lower(), "unknown")
            if activity.result == "unknown":
                activity.result_detail = record.ResultStatus


_NOT_THE_OWNER = frozenset({"1", "2", "6", "Admin", "Delegated", "DelegatedAdmin"})


def _agent_in(properties: list[Named] | str) -> str | None:
    """Entra ID: log ons have it as UserAgent, directory changes as JSON inside `additionalDetails`."""
    agent = named(properties, "UserAgent")
    if agent is None:
        details = named(properties, "additionalDetails")
        if details and "User-Agent" in details:
            try:
                agent = json.loads(details).get("User-Agent")
            except (ValueError, AttributeError, RecursionError):
                return None
    return agent if isinstance(agent, str) else None


def _device_tags(properties: list[Named] | str) -> tuple[str, ...]:
    """Entra ID log ons: what the tenant knows of the device."""
    tags = []
    if "True" in (named(properties, "IsCompliant"), named(properties, "IsCompliantAndManaged")):
        tags.append("Intune compliant")
    if named(properties, "TrustType") in ("Hybrid Azure AD joined", "Microsoft Entra hybrid joined", "ServerAd"):
        tags.append("Microsoft Entra hybrid joined")
    return tuple(tags)


def leniently(record: bytes, kind: type[Any]) -> Any:
    """A record that the strict decoder refused: lone surrogates, NaN, a number where text is expected.

    Returns a `kind` (a msgspec struct whose fields are text or anything); BadRecord with the reason where even this
    does not help.
    """
    data = _as_dict(record)
    if data is None:
        raise BadRecord(_why_not(record))
    clean = {key: _text_for(kind, key, value) for key, value in data.items() if key in kind.__struct_fields__}
    try:
        return msgspec.convert(clean, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise BadRecord(f"not a record of this format: {error}") from None


def _text_for(kind: type[Any], key: str, value: Any) -> Any:
    """The value, as text where the field can hold text and the value is no list or object."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, bool | int | float) and key not in ("RecordType", "UserType", "ErrorNumber", "LogonType"):
        return json.dumps(value)
    if isinstance(value, dict) and kind.__annotations__[key] != "Any":
        return json.dumps(value)
    return value


def _as_dict(record: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(record)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _why_not(record: bytes) -> str:
    """The reason, for the reject."""
    try:
        record.decode()
        json.loads(record)
    except UnicodeDecodeError as error:
        return f"not UTF-8 (byte {error.start})"
    except RecursionError:
        return "not JSON: nested too deep"
    except ValueError as error:
        return f"not JSON: {error}"
    return "not a JSON object"
