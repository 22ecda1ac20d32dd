"""Microsoft 365 unified audit log: the records of the Office 365 Management Activity API and of Purview's audit search.

Read from any container: Management API blobs, NDJSON, Purview audit-search CSV, `Search-UnifiedAuditLog | Export-Csv` and
`ConvertTo-Json`, Graph's audit log queries (`auditData`); and as rows of Log Analytics (`OfficeActivity`).
Source: Microsoft, "Office 365 Management Activity API schema" (page of 2026-06-24). What Microsoft leaves open is in
`casbd/data/m365_activities.yaml`: which operation is which canonical activity, and which is administrative.

What it cannot know: where a record has no result, that is `success` for operations which are only written when they have succeeded
(files, sites, teams, access to a mailbox), else null; mailbox records name the mailbox by address only; Entra ID says "Regular"
of administrators, so `is_admin_operation` goes by the operation.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from casbd import plugins
from casbd.formats._entra_operations import kind_of
from casbd.formats._lenient import Reader, as_dict, share
from casbd.formats._m365_objects import Named, ObjectsOf, objects_for, value_of
from casbd.formats._m365_record import Record, audit_record_within, holds_audit_record, is_audit_record
from casbd.formats._m365_rows import as_record, is_row
from casbd.formats._m365_table import DIRECTORY, table
from casbd.formats._m365_users import Users
from casbd.formats._times import time_of
from casbd.model.activity import Activity
from casbd.plugins import registry
from casbd.records import addresses, timestamps
from casbd.remembered import Remembered


class Kind(msgspec.Struct, frozen=True):
    """What a workload, operation, record type and user type say together. result: None leaves it to ResultStatus.

    status_counts: whether ResultStatus is the operation's own result. is_impersonated: None leaves it to LogonType.
    """

    operation: str
    app: str
    activity_type: str
    admin: bool
    user_type: str | None
    result: str | None
    status_counts: bool
    is_impersonated: bool | None
    objects_of: ObjectsOf


APP = "Microsoft 365"
"""Of a workload that the table does not have; its name stands behind it."""


@registry.format
class M365:
    """The Office 365 Management Activity API, Purview's audit search (CSV), `Search-UnifiedAuditLog` (CSV, JSON), Graph's audit log
    queries, rows of Log Analytics (`OfficeActivity`).
    """

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}
    words: ClassVar[plugins.Words] = {"app": (APP, f"{APP} (*)")}

    def __init__(self, options: plugins.Options) -> None:  # noqa: ARG002  it has no options
        self._table = table()
        reader = Reader(Record, "Microsoft 365 audit record", ("CreationTime", "Operation"), _NUMBERS)
        self._decode, self._leniently = reader.strictly, reader.leniently
        self._kinds = Remembered(self._kind, 20_000)  # operations are the tenant's vocabulary, but an attacker may invent some
        self._users = Users(self._table.unknown_users)
        self._results = Remembered(self._table.result, 1_000)

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """Every audit record has CreationTime, Operation and Workload, which no other export has; or it holds one, or is a row of such."""
        return share(sample, lambda record: is_audit_record(record) or is_row(record) or holds_audit_record(record))

    def parse(self, record: bytes, *, holder: bytes = b"{}") -> Sequence[Activity]:
        """One activity. BadRecord where it is no JSON object or has no time or operation. holder: what the record stands in."""
        try:
            entry = self._decode(record)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if (inside := audit_record_within(record)) is not None:
                activities = self.parse(inside, holder=record)
                for activity in activities:
                    activity.raw = inside.decode(errors="replace")
                return activities
            entry = self._otherwise(record)
        try:
            timestamp = timestamps.parse(entry.CreationTime)
        except ValueError:
            others = [(as_dict(one) or {}).get(name) for one in (record, holder) for name in _OTHER_TIMES]
            timestamp = time_of("CreationTime", entry.CreationTime, *others)
        return (self._activity(entry, timestamp),)

    def _otherwise(self, record: bytes) -> Record:
        """A record that has a mistake, or is a row of Log Analytics, or has its time as PowerShell 5 writes one."""
        row = as_dict(record) or {}
        if is_row(row):
            return self._leniently(json.dumps(as_record(row)).encode())
        if isinstance(moment := row.get("CreationTime"), dict) and isinstance(moment.get("value"), str):
            return self._leniently(json.dumps(row | {"CreationTime": moment["value"]}).encode())
        return self._leniently(record)

    def _activity(self, record: Record, timestamp: int) -> Activity:
        kind = self._kinds[record.Workload, record.Operation, record.RecordType, record.UserType]
        activity = Activity(timestamp, record.Id or "", kind.activity_type, kind.operation, kind.app, record.OrganizationId or None)
        activity.is_admin_operation = kind.admin
        activity.user_type = kind.user_type
        self._users.fill(record, activity)
        if record.LogonType is not None:  # of a mailbox: 0 is the owner
            activity.is_impersonated = str(record.LogonType) in _NOT_THE_OWNER
        elif kind.is_impersonated:
            activity.is_impersonated = True
        self._where_from(record, activity)
        status = record.ResultStatus or _SUCCESS.get(record.IsSuccess)
        result = self._results[status] if status else None
        if kind.result is not None and not (result and kind.status_counts):
            activity.result = kind.result
            if kind.result == "failure":
                activity.result_detail = record.LogonError or (str(record.ErrorNumber) if record.ErrorNumber else None)
        elif result:
            activity.result = result
            if result == "unknown":
                activity.result_detail = status
            elif result == "failure" and kind.activity_type == "Log on":
                activity.activity_type = "Failed log on"
        objects = kind.objects_of(record)
        if objects:
            activity.objects = objects
            first = objects[0]
            activity.object_id, activity.object_name, activity.object_type = first.id, first.name, first.type
        return activity

    def _kind(self, key: tuple[str | None, str, int | str | None, int | str | None]) -> Kind:
        name, operation, record_type, user_type = key
        workload = self._table.workloads.get(name or "")
        kind_of_user = self._table.user_types.get(str(user_type))
        if workload is None:
            app, activity_type, admin = f"{APP} ({name})" if name else APP, "Unspecified", kind_of_user == "Admin"
        else:
            app, activity_type = workload.app, workload.kind(operation)
            admin = workload.admin != (operation in workload.admin_exceptions)
            if name == DIRECTORY and operation not in workload.types:
                activity_type, admin = kind_of(operation)
        return Kind(
            operation=operation,
            app=app,
            activity_type=activity_type,
            admin=admin or str(record_type) in self._table.admin_record_types,
            user_type=kind_of_user,
            result=_RESULTS.get(activity_type) or (workload.result(operation) if workload else None),
            # Since 2018 that of a log on to Entra ID only says that HTTP worked: if it counted, failed log ons would be successes.
            status_counts=name != DIRECTORY or operation.startswith("PasswordLogon"),
            is_impersonated=True if operation in ("SendAs", "SendOnBehalf") else None,
            objects_of=objects_for(name, operation),
        )

    def _where_from(self, record: Record, activity: Activity) -> None:
        for text in (record.ClientIP, record.ClientIPAddress, record.ActorIpAddress, record.ActorIP):
            if text:
                ip, port = addresses.parse(text)
                if ip is not None:
                    activity.ip_address = ip
                    if port is not None:
                        activity.ip_port = port
                    break
        agent = record.UserAgent or record.ClientInfoString
        if agent is None and record.ExtendedProperties:
            agent = value_of("UserAgent", record.ExtendedProperties) or _agent_in_details(record.ExtendedProperties)
        if agent is None and record.ExtraProperties:
            agent = value_of("UserAgent", record.ExtraProperties)
        if agent:
            activity.user_agent = agent
        if record.DeviceProperties:
            activity.device_tags = _device_tags(record.DeviceProperties)


_OTHER_TIMES = ("CreationDate", "CreatedDateTime", "createdDateTime", "TimeGenerated")
"""Where exports that add their own fields to a record have its time as well."""
_SUCCESS: dict[bool | None, str] = {True: "success", False: "failure"}
"""Of Power BI's IsSuccess."""
_RESULTS = {"Failed log on": "failure", "Log on": "success"}
_NOT_THE_OWNER = frozenset({"1", "2", "6", "Admin", "Delegated", "DelegatedAdmin"})


def _agent_in_details(properties: list[Named] | str) -> str | None:
    """Entra ID: directory changes have it as JSON inside `additionalDetails`."""
    details = value_of("additionalDetails", properties)
    if details is None or "User-Agent" not in details:
        return None
    try:
        agent = json.loads(details).get("User-Agent")
    except (ValueError, AttributeError, RecursionError):
        return None
    return agent if isinstance(agent, str) else None


def _device_tags(properties: list[Named] | str) -> tuple[str, ...]:
    """Entra ID log ons: what the tenant knows of the device."""
    compliant = hybrid = False
    for entry in properties if type(properties) is list else ():
        name = entry.Name or entry.Key
        if name == "IsCompliant" or name == "IsCompliantAndManaged":
            compliant |= entry.Value == "True"
        elif name == "TrustType":
            hybrid = isinstance(entry.Value, str) and entry.Value in _HYBRID
    return _DEVICE_TAGS[compliant, hybrid]


_DEVICE_TAGS = {
    (compliant, hybrid): ("Intune compliant",) * compliant + ("Microsoft Entra hybrid joined",) * hybrid
    for compliant in (False, True)
    for hybrid in (False, True)
}
_HYBRID = frozenset({"Hybrid Azure AD joined", "Microsoft Entra hybrid joined", "ServerAd"})
_NUMBERS = frozenset({"IsSuccess", "RecordType", "UserType", "ErrorNumber", "LogonType"})
