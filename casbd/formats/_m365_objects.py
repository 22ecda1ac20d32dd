"""What a Microsoft 365 audit record was done to: the `objects` of its activity.

One function a workload, because each names its objects in its own way (Office 365 Management Activity API schema:
"Exchange Admin", "Exchange mailbox", "SharePoint file operations", "Sharing", "Azure Active Directory", "Teams").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from casbd.model.activity import ActivityObject

MOST_OBJECTS = 100
"""A record that names more (thousands of mail items, say) keeps them in `raw`."""


class Named(msgspec.Struct, gc=False):
    """An element of Parameters, ExtendedProperties ... : Name/Value, in some workloads Key/Value."""

    Name: Any = None
    Value: Any = None
    Key: Any = None


class Principal(msgspec.Struct, gc=False):
    """An element of Entra ID's Actor and Target; Type is 0 claim, 1 name, 2 other, 3 PUID, 4 SPN, 5 UPN."""

    ID: str | None = None
    Type: Any = None


def named(properties: Any, name: str) -> str | None:
    """The text value of one property; None where there is none, it is empty, or the properties are a string."""
    if isinstance(properties, list):
        for entry in properties:
            if entry.Name == name or entry.Key == name:
                return entry.Value if isinstance(entry.Value, str) and entry.Value else None
    return None


def objects_of(record: Any) -> tuple[ActivityObject, ...]:
    """The objects of an m365 `Record`, most important first; empty where it names none."""
    return _BY_WORKLOAD.get(record.Workload, _generic)(record)[:MOST_OBJECTS]


def _generic(record: Any) -> tuple[ActivityObject, ...]:
    target = record.ObjectId
    if not target:
        return ()
    return (ActivityObject(target, record.Subject or target, record.ItemType, "target"),)


_KINDS = frozenset({"User", "Group", "Role", "Application", "ServicePrincipal", "Device", "Policy", "Directory"})


def _entra(record: Any) -> tuple[ActivityObject, ...]:
    """Target lists every name of one object: its kind, ids, UPN and display name."""
    target = record.Target if isinstance(record.Target, list) else ()
    kind = name = upn = identifier = None
    for entry in target:
        if not entry.ID:
            continue
        if entry.Type == 5:
            upn = entry.ID
        elif entry.Type == 1:
            name = entry.ID
        elif entry.Type == 2 and entry.ID in _KINDS:
            kind = entry.ID
        elif entry.Type in (0, 2) and (identifier is None or len(entry.ID) == 36):
            identifier = entry.ID
    identifier = identifier or record.ObjectId
    if not (identifier or name or upn):
        return ()
    if kind is None:
        kind = "User" if upn else "Application" if record.RecordType == 15 else None
    found = [ActivityObject(identifier, upn or name or record.ObjectId or identifier, kind, "target")]
    if isinstance(record.ModifiedProperties, list) and "member" in record.Operation:
        found += _containers(record.ModifiedProperties)
    return tuple(found)


def _containers(properties: list[Any]) -> list[ActivityObject]:
    """The role or group that a member was added to or removed from."""
    values = {p.get("Name"): p.get("NewValue") or p.get("OldValue") for p in properties if isinstance(p, dict)}
    found = []
    for kind in ("Role", "Group"):
        name = values.get(f"{kind}.DisplayName")
        if isinstance(name, str) and name:
            identifier = values.get(f"{kind}.ObjectID")
            found.append(ActivityObject(identifier if isinstance(identifier, str) else None, name.strip('"'), kind, "container"))
    return found


def _exchange(record: Any) -> tuple[ActivityObject, ...]:
    if "-" in record.Operation:
        return _cmdlet(record)
    found = []
    items = record.AffectedItems if isinstance(record.AffectedItems, list) else [record.Item]
    for item in items:
        if isinstance(item, dict):
            found.append(_mail_item(item))
    if isinstance(record.Folder, dict):
        found.append(ActivityObject(_text(record.Folder.get("Id")), _text(record.Folder.get("Path")), "Folder", "target"))
    if record.MailboxOwnerUPN:
        owner = record.MailboxOwnerUPN.lower()
        found.append(ActivityObject(owner, owner, "Mailbox", "container"))
    return tuple(found)


def _mail_item(item: dict[str, Any]) -> ActivityObject:
    folder = item.get("ParentFolder")
    name = _text(item.get("Subject")) or (_text(folder.get("Path")) if isinstance(folder, dict) else None)
    identifier = _text(item.get("InternetMessageId")) or _text(item.get("Id"))
    return ActivityObject(identifier, name, "Mail item", "target")


def _cmdlet(record: Any) -> tuple[ActivityObject, ...]:
    """`Set-Mailbox` acts on a Mailbox; the one who gets a permission or a forward is an object too."""
    noun = record.Operation.partition("-")[2]
    identity = record.ObjectId or named(record.Parameters, "Identity")
    found = []
    if identity:
        found.append(ActivityObject(identity, identity.replace("\\", "/").rpartition("/")[2] or identity, noun, "target"))
    for parameter in ("User", "Trustee", "Member", "Members"):
        name = named(record.Parameters, parameter)
        if name:
            found.append(ActivityObject(name, name.rpartition("/")[2], "User", "grantee"))
    return tuple(found)


def _sharepoint(record: Any) -> tuple[ActivityObject, ...]:
    found = []
    url = record.ObjectId or record.SiteUrl
    if url:
        name = record.SourceFileName or url.rstrip("/").rpartition("/")[2] or url
        found.append(ActivityObject(url, name, record.ItemType, "target"))
    shared_with = record.TargetUserOrGroupName or record.UserSharedWith
    if shared_with:
        kind = record.TargetUserOrGroupType
        found.append(ActivityObject(shared_with, shared_with, "Group" if kind and "Group" in kind else "User", "grantee"))
    return tuple(found)


def _teams(record: Any) -> tuple[ActivityObject, ...]:
    found = []
    if record.TeamName:
        found.append(ActivityObject(record.ObjectId or None, record.TeamName, "Team", "target"))
    if record.ChannelName:
        found.append(ActivityObject(None, record.ChannelName, "Channel", "target"))
    if isinstance(record.Members, list):
        for member in record.Members[:MOST_OBJECTS]:
            if isinstance(member, dict) and _text(member.get("UPN")):
                name = member["UPN"].lower()
                found.append(ActivityObject(name, _text(member.get("DisplayName")) or name, "User", "member"))
    return tuple(found) or _generic(record)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


_BY_WORKLOAD: dict[str, Callable[[Any], tuple[ActivityObject, ...]]] = {
    "AzureActiveDirectory": _entra,
    "Exchange": _exchange,
    "SharePoint": _sharepoint,
    "OneDrive": _sharepoint,
    "MicrosoftTeams": _teams,
    "SecurityComplianceCenter": _generic,
}
