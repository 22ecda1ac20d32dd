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
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, ClassVar

import msgspec

from casbd import plugins
from casbd.formats._entra_operations import kind_of
from casbd.formats._lenient import Reader, as_dict, share
from casbd.formats._m365_objects import Named, ObjectsOf, objects_for, properties_of, targets_of, value_of
from casbd.formats._m365_record import NESTED, TEXTS, Picked, Record, audit_record_within, holds_audit_record, is_audit_record
from casbd.formats._m365_rows import as_record, is_row
from casbd.formats._m365_table import DIRECTORY, table
from casbd.formats._m365_users import Users, Who
from casbd.formats._times import time_of
from casbd.model.activity import Activity
from casbd.plugins import registry
from casbd.records import addresses, timestamps
from casbd.records.picking import Output, Path, json_of, moment, picker, remembered, text
from casbd.remembered import Remembered


class What(msgspec.Struct, frozen=True):
    """What the fields of `_WHAT` say together: what was done, how, and how it ended. is_owner: of a mailbox its own did it."""

    operation: str
    app: str
    activity_type: str
    admin: bool
    user_type: str | None
    result: str | None
    result_detail: str | None
    is_impersonated: bool | None
    is_owner: bool
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
        self._whats = Remembered(self._what, 20_000)  # operations are the tenant's vocabulary, but an attacker may invent some
        self._users = Users(self._table.unknown_users)
        self._pick = picker(Picked, self._outputs())

    def _outputs(self) -> list[Output]:
        """The fields of Picked, in their order."""
        several: list[tuple[Callable[[Record], Any], Sequence[Path], int]] = [
            (self._what_of, [(field,) for field in _WHAT], 20_000),
            (_agent, _AGENTS, 20_000),
            (_device_tags, [("DeviceProperties", name) for name in ("IsCompliant", "IsCompliantAndManaged", "TrustType")], 1_000),
            (lambda record: self._users.who(record.UserId), [("UserId",)], 50_000),
        ]
        parts = [remembered(self._of_some(read), paths, most) for read, paths, most in several]
        return [*parts, moment("CreationTime")] + [text(field) for field in TEXTS] + [json_of(field) for field in NESTED]

    def _of_some(self, read: Callable[[Record], Any]) -> Callable[[bytes], Any]:
        """`read` of a record that has some fields alone."""
        return lambda some: read(self._decode(_REQUIRED + some[1:]))

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """Every audit record has CreationTime, Operation and Workload, which no other export has; or it holds one, or is a row of such."""
        return share(sample, lambda record: is_audit_record(record) or is_row(record) or holds_audit_record(record))

    def parse(self, record: bytes, *, holder: bytes = b"{}") -> Sequence[Activity]:
        """One activity. BadRecord where it is no JSON object or has no time or operation. holder: what the record stands in."""
        try:
            picked = self._pick(record) if self._pick else None
            if picked is not None:
                if picked.Target:
                    picked.Target = targets_of(picked.Target)  # whatever it is: no other field may be of a type that is not looked at
                when = picked.CreationTime
                timestamp = when if type(when) is int else timestamps.parse(when or "")
                return (self._activity(picked, timestamp, picked.what, picked.agent, picked.device_tags, picked.who),)
        except _ODD:
            pass  # it is decided below what the record is worth
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
        who = self._users.who(entry.UserId)
        return (self._activity(entry, timestamp, self._what_of(entry), _agent(entry), _device_tags(entry), who),)

    def _otherwise(self, record: bytes) -> Record:
        """A record that has a mistake, or is a row of Log Analytics, or has its time as PowerShell 5 writes one."""
        row = as_dict(record) or {}
        if is_row(row):
            return self._leniently(json.dumps(as_record(row)).encode())
        if isinstance(moment := row.get("CreationTime"), dict) and isinstance(moment.get("value"), str):
            return self._leniently(json.dumps(row | {"CreationTime": moment["value"]}).encode())
        return self._leniently(record)

    def _activity(
        self,
        record: Record | Picked,
        timestamp: int,
        what: What,
        agent: str | None,
        device_tags: tuple[str, ...],
        who: Who | None,
    ) -> Activity:
        if who is None or who.is_id:
            who, user_id = self._users.named_elsewhere(who, record, is_owner=what.is_owner)
        else:
            user_id = self._users.id_beside(who, record)
        user, user_type = (None, None) if who is None else (who.user, who.user_type)
        activity = Activity(
            timestamp,
            record.Id or "",
            what.activity_type,
            what.operation,
            what.app,
            record.OrganizationId or None,
            user,
            user_id,
        )
        activity.user_type = user_type or what.user_type
        activity.is_admin_operation = what.admin
        activity.is_impersonated = what.is_impersonated
        activity.ip_address, activity.ip_port = _where(record)
        activity.user_agent = agent
        activity.device_tags = device_tags
        activity.result = what.result
        activity.result_detail = what.result_detail
        objects = what.objects_of(record)
        if objects:
            activity.objects = objects
            first = objects[0]
            activity.object_id, activity.object_name, activity.object_type = first.id, first.name, first.type
        return activity

    def _what_of(self, record: Record) -> What:
        return self._whats[_what_fields(record)]

    def _what(self, fields: tuple[Any, ...]) -> What:
        name, operation, record_type, user_type, logon_type, result_status, is_success, logon_error, error_number = fields
        workload = self._table.workloads.get(name or "")
        kind_of_user = self._table.user_types.get(str(user_type))
        if workload is None:
            app, activity_type, admin = f"{APP} ({name})" if name else APP, "Unspecified", kind_of_user == "Admin"
        else:
            app, activity_type = workload.app, workload.kind(operation)
            admin = workload.admin != (operation in workload.admin_exceptions)
            if name == DIRECTORY and operation not in workload.types:
                activity_type, admin = kind_of(operation)
        # Since 2018 that of a log on to Entra ID only says that HTTP worked: if it counted, failed log ons would be successes.
        status_counts = name != DIRECTORY or operation.startswith("PasswordLogon")
        status = result_status or _SUCCESS.get(is_success)
        own = _RESULTS.get(activity_type) or (workload.result(operation) if workload else None)
        said = self._table.result(status) if status else None
        result, detail = own, None
        if own is None or (said and status_counts):
            result = said
            detail = status if said == "unknown" else None
            if said == "failure" and activity_type == "Log on":
                activity_type = "Failed log on"
        elif own == "failure":
            detail = logon_error or (str(error_number) if error_number else None)
        impersonated = str(logon_type) in _NOT_THE_OWNER if logon_type is not None else operation in ("SendAs", "SendOnBehalf") or None
        return What(
            operation=operation,
            app=app,
            activity_type=activity_type,
            admin=admin or str(record_type) in self._table.admin_record_types,
            user_type=kind_of_user,
            result=result,
            result_detail=detail,
            is_impersonated=impersonated,
            is_owner=str(logon_type) in _OWNER,
            objects_of=objects_for(name, operation, record_type),
        )


_WHAT = ("Workload", "Operation", "RecordType", "UserType", "LogonType", "ResultStatus", "IsSuccess", "LogonError", "ErrorNumber")
_AGENTS: tuple[Path, ...] = (
    ("UserAgent",),
    ("ClientInfoString",),
    ("ExtendedProperties", "UserAgent"),
    ("ExtendedProperties", "additionalDetails"),
    ("ExtraProperties", "UserAgent"),
)
_what_fields = attrgetter(*_WHAT)
_REQUIRED = b'{"CreationTime":"","Operation":"",'
"""What a record cannot do without; what follows may say it again."""
_ODD = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError)
_OTHER_TIMES = ("CreationDate", "CreatedDateTime", "createdDateTime", "TimeGenerated")
"""Where exports that add their own fields to a record have its time as well."""
_SUCCESS: dict[bool | None, str] = {True: "success", False: "failure"}
"""Of Power BI's IsSuccess."""
_RESULTS = {"Failed log on": "failure", "Log on": "success"}
_OWNER = frozenset({"0", "Owner"})
_NOT_THE_OWNER = frozenset({"1", "2", "6", "Admin", "Delegated", "DelegatedAdmin"})


def _where(record: Record | Picked) -> addresses.Address:
    own = record.ClientIP or record.ClientIPAddress
    if own and (address := addresses.parse(own)).ip is not None:
        return address
    for other in (record.ClientIPAddress, record.ActorIpAddress, record.ActorIP):
        if other and (address := addresses.parse(other)).ip is not None:
            return address
    return addresses.NO_ADDRESS


def _agent(record: Record) -> str | None:
    agent = record.UserAgent or record.ClientInfoString
    if agent is None and record.ExtendedProperties:
        properties = properties_of(record.ExtendedProperties)
        agent = value_of("UserAgent", properties) or _agent_in_details(properties)
    if agent is None and record.ExtraProperties:
        agent = value_of("UserAgent", properties_of(record.ExtraProperties))
    return agent or None


def _agent_in_details(properties: list[Named]) -> str | None:
    """Entra ID: directory changes have it as JSON inside `additionalDetails`."""
    details = value_of("additionalDetails", properties)
    if details is None or "User-Agent" not in details:
        return None
    try:
        agent = json.loads(details).get("User-Agent")
    except (ValueError, AttributeError, RecursionError):
        return None
    return agent if isinstance(agent, str) else None


def _device_tags(record: Record) -> tuple[str, ...]:
    """Entra ID log ons: what the tenant knows of the device."""
    if not record.DeviceProperties:
        return ()
    compliant = hybrid = False
    for entry in properties_of(record.DeviceProperties):
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
