"""The audit record of Microsoft 365 as it is decoded, how it is told from others, and how one is found inside what holds it.

Source: Microsoft, "Office 365 Management Activity API schema" (page of 2026-06-24).
"""

from __future__ import annotations

from typing import Any

import msgspec

from casbd.formats._m365_objects import NOTHING, Named, Principal
from casbd.records.opening import decode


class Record(msgspec.Struct, gc=False):
    """The part of an audit record that becomes an activity. Names are Microsoft's; the rest stays in `raw`.

    In the order in which Microsoft writes them, which the decoder is fastest at. Raw: decoded only where it is needed.
    """

    CreationTime: str
    Operation: str
    Id: str | None = None
    OrganizationId: str | None = None
    RecordType: int | str | None = None
    ResultStatus: str | None = None
    UserKey: str | None = None
    UserType: int | str | None = None
    Workload: str | None = None
    ClientIP: str | None = None
    ObjectId: str | None = None
    UserId: str | None = None
    ClientIPAddress: str | None = None
    ClientInfoString: str | None = None
    ExtendedProperties: list[Named] | str | None = None
    ModifiedProperties: msgspec.Raw = NOTHING
    Actor: msgspec.Raw = NOTHING
    ActorIpAddress: str | None = None
    Target: list[Principal] | str | None = None
    ErrorNumber: int | str | None = None
    LogonError: str | None = None
    LogonType: int | str | None = None
    MailboxOwnerUPN: str | None = None
    Parameters: msgspec.Raw = NOTHING
    ActorIP: str | None = None
    UserAgent: str | None = None
    ExtraProperties: list[Named] | str | None = None
    DeviceProperties: list[Named] | str | None = None
    Item: Any = None
    AffectedItems: Any = None
    Folder: Any = None
    ItemType: str | None = None
    SourceFileName: str | None = None
    SiteUrl: str | None = None
    TargetUserOrGroupName: str | None = None
    TargetUserOrGroupType: str | None = None
    UserSharedWith: str | None = None
    TeamName: str | None = None
    ChannelName: str | None = None
    Members: Any = None
    Subject: str | None = None
    IsSuccess: bool | None = None
    CopilotEventData: msgspec.Raw = NOTHING


class Picked(msgspec.Struct, gc=False):
    """What is picked of a usual record, under the same names: texts, the time in milliseconds, lists and objects as JSON text or None.

    The other fields lead to what records that have them alike have in common, see `M365`.
    """

    what: Any
    agent: str | None
    device_tags: tuple[str, ...]
    who: Any
    CreationTime: Any
    Id: str | None
    OrganizationId: str | None
    UserId: str | None
    UserKey: str | None
    ClientIP: str | None
    ClientIPAddress: str | None
    ActorIpAddress: str | None
    ActorIP: str | None
    MailboxOwnerUPN: str | None
    ObjectId: str | None
    Subject: str | None
    ItemType: str | None
    SiteUrl: str | None
    SourceFileName: str | None
    TargetUserOrGroupName: str | None
    TargetUserOrGroupType: str | None
    UserSharedWith: str | None
    TeamName: str | None
    ChannelName: str | None
    Actor: bytes | None
    Target: bytes | list[Principal] | None
    ExtendedProperties: bytes | None
    ExtraProperties: bytes | None
    ModifiedProperties: bytes | None
    Parameters: bytes | None
    Item: bytes | None
    AffectedItems: bytes | None
    Folder: bytes | None
    Members: bytes | None
    CopilotEventData: bytes | None


_FIELDS = Picked.__struct_fields__
TEXTS = _FIELDS[_FIELDS.index("Id") : _FIELDS.index("Actor")]
NESTED = _FIELDS[_FIELDS.index("Actor") :]


def is_audit_record(record: dict[str, Any]) -> bool:
    """Whether it is one by its keys, which no other export has together."""
    required = ("CreationTime", "Operation", "Workload")
    return all(key in record for key in required) and ("RecordType" in record or "OrganizationId" in record)


_HOLDERS = ("auditData", "AuditData")
"""Of Graph's audit log queries, an object; of `Search-UnifiedAuditLog | ConvertTo-Json`, JSON as text."""


def holds_audit_record(record: dict[str, Any]) -> bool:
    """Whether one of its values is an audit record."""
    inside = next((record[key] for key in _HOLDERS if key in record), None)
    inside = decode(inside) if isinstance(inside, str) else inside
    return isinstance(inside, dict) and is_audit_record(inside)


class _Holder(msgspec.Struct, gc=False):
    graph: msgspec.Raw = msgspec.field(default=NOTHING, name="auditData")
    search: str | None = msgspec.field(default=None, name="AuditData")


_HOLDER = msgspec.json.Decoder(_Holder)


def audit_record_within(record: bytes) -> bytes | None:
    """The audit record within this one; None where there is none, or it holds another one itself."""
    if b'uditData"' not in record:
        return None
    try:
        holder = _HOLDER.decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    inside = bytes(holder.graph) or (holder.search or "").encode(errors="replace")
    # One level and no more: a hostile record that nests holders would make its caller call itself for each of them.
    return inside if inside[:1] == b"{" and b'uditData"' not in inside else None
