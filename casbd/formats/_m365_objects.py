"""What a Microsoft 365 audit record was done to: the `objects` of its activity.

One function a workload, because each names its objects in its own way (Office 365 Management Activity API schema:
"Exchange Admin", "Exchange mailbox", "SharePoint file operations", "Sharing", "Azure Active Directory", "Teams"; "CopilotInteraction",
https://learn.microsoft.com/en-us/office/office-365-management-api/copilot-schema).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import msgspec

from casbd.formats._plain import dict_of, list_of, scalar_of, text_of
from casbd.model.activity import ActivityObject
from casbd.records.opening import decode

MOST_OBJECTS = 100
"""A record that names more (thousands of mail items, say) keeps them in `raw`."""


class Named(msgspec.Struct, gc=False):
    """An element of Parameters, ExtendedProperties ... : Name/Value, in some workloads Key/Value."""

    Name: str | None = None
    Value: Any = None
    Key: str | None = None


class Principal(msgspec.Struct, gc=False):
    """An element of Entra ID's Actor and Target; Type is 0 claim, 1 name, 2 other, 3 PUID, 4 SPN, 5 UPN."""

    ID: str | None = None
    Type: Any = None


def value_of(name: str, properties: list[Named]) -> str | None:
    """The text that a property has; None where it is empty or no text."""
    for entry in properties:
        if (entry.Name == name or (entry.Key == name and not entry.Name)) and type(entry.Value) is str and entry.Value:
            value: str = entry.Value
            return value
    return None


NOTHING = msgspec.Raw()
"""A list that the record does not have."""
ObjectsOf = Callable[[Any], tuple[ActivityObject, ...]]
_named_list = msgspec.json.Decoder(list[Named]).decode
_principals = msgspec.json.Decoder(list[Principal]).decode
_anything = msgspec.json.Decoder().decode
_properties = msgspec.json.Decoder(list[Named] | str | None).decode
_targets = msgspec.json.Decoder(list[Principal] | str | None).decode


def properties_of(value: list[Named] | bytes | str | None) -> list[Named]:
    """A list of properties; empty where something else stands there. DecodeError for JSON text that is none of what a record may have."""
    value = _properties(value) if type(value) is bytes else value
    return value if isinstance(value, list) else []


def targets_of(value: list[Principal] | bytes | str | None) -> list[Principal]:
    """The same of Entra ID's Target."""
    value = _targets(value) if type(value) is bytes else value
    return value if isinstance(value, list) else []


def plain(value: Any) -> Any:
    """The value, or what its JSON text says. DecodeError as above."""
    return _anything(value) if type(value) is bytes else value


def parameters(raw: msgspec.Raw) -> list[Named]:
    """A Name/Value list; empty where there is none, or it is written in another way."""
    try:
        return _named_list(raw) if raw else []
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def principals(raw: msgspec.Raw) -> list[Principal]:
    """Entra ID's Actor; empty where there is none."""
    try:
        return _principals(raw) if raw else []
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def objects_for(workload: str | None, operation: str, record_type: int | str | None) -> ObjectsOf:
    """What reads the objects of such m365 records, most important first; an empty tuple where a record names none.

    They are of `Record`, or as they are picked: with JSON text in the place of lists and objects.
    """
    if workload == "Exchange":
        return _mailbox if "-" not in operation else _cmdlet(operation)
    if workload == "AzureActiveDirectory":
        return _entra(is_log_on=record_type in _LOG_ON, has_container="member" in operation)
    return _BY_WORKLOAD.get(workload or "", _copilot if operation in _INTERACTIONS else _generic)


def _generic(record: Any) -> tuple[ActivityObject, ...]:
    target = _known(record.ObjectId)
    if target is None:
        return ()
    return (ActivityObject(target, record.Subject or target, record.ItemType, "target"),)


_LOG_ON = (15, "15", "AzureActiveDirectoryStsLogon")
_KINDS = frozenset({"User", "Group", "Role", "Application", "ServicePrincipal", "Device", "Policy", "Directory"})


def _entra(*, is_log_on: bool, has_container: bool) -> ObjectsOf:
    """Of Entra ID. has_container: something was put into a role or group, or taken out."""

    def objects(record: Any) -> tuple[ActivityObject, ...]:
        target = _directory_object(record, is_log_on)
        if target is None:
            return ()
        return (target, *_containers(record.ModifiedProperties)) if has_container else (target,)

    return objects


def _directory_object(record: Any, is_log_on: bool) -> ActivityObject | None:
    """Target lists every name of one object: its kind, ids, UPN and display name."""
    kind = name = upn = identifier = None
    for entry in targets_of(record.Target):
        if _known(entry.ID) is None:
            continue
        if entry.Type == 5:
            upn = entry.ID
        elif entry.Type == 1:
            name = entry.ID
        elif entry.Type == 2 and entry.ID in _KINDS:
            kind = entry.ID
        elif entry.Type in (0, 2) and entry.ID and (identifier is None or len(entry.ID) == 36):
            identifier = entry.ID
    identifier = identifier or _known(record.ObjectId)
    if not (identifier or name or upn):
        return None
    if kind is None:
        kind = "User" if upn else "Application" if is_log_on else None
    return ActivityObject(identifier, upn or name or _known(record.ObjectId) or identifier, kind, "target")


def _containers(raw: msgspec.Raw) -> list[ActivityObject]:
    """The role or group that a member was added to or removed from."""
    try:
        properties = _anything(raw) if raw else []
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    if not isinstance(properties, list):
        return []
    values = {p.get("Name"): p.get("NewValue") or p.get("OldValue") for p in properties if isinstance(p, dict) and text_of(p.get("Name"))}
    containers = []
    for kind in ("Role", "Group"):
        name = values.get(f"{kind}.DisplayName")
        if isinstance(name, str) and name:
            identifier = values.get(f"{kind}.ObjectID")
            containers.append(ActivityObject(identifier if isinstance(identifier, str) else None, name.strip('"'), kind, "container"))
    return containers


def _mailbox(record: Any) -> tuple[ActivityObject, ...]:
    """An operation on the items of a mailbox."""
    objects = []
    items, folder = plain(record.AffectedItems), plain(record.Folder)
    for item in items[:MOST_OBJECTS] if isinstance(items, list) else (plain(record.Item),):
        if isinstance(item, dict):
            objects.append(_mail_item(item))
    if isinstance(folder, dict):
        objects.append(ActivityObject(text_of(folder.get("Id")), text_of(folder.get("Path")), "Folder", "target"))
    if record.MailboxOwnerUPN:
        owner = record.MailboxOwnerUPN.lower()
        objects.append(ActivityObject(owner, owner, "Mailbox", "container"))
    return tuple(objects)


def _mail_item(item: dict[str, Any]) -> ActivityObject:
    folder = item.get("ParentFolder")
    name = text_of(item.get("Subject")) or (text_of(folder.get("Path")) if isinstance(folder, dict) else None)
    identifier = text_of(item.get("InternetMessageId")) or text_of(item.get("Id"))
    return ActivityObject(identifier, name, "Mail item", "target")


_GRANTS = re.compile(r"Permission|Member|Delegate|RoleAssignment", re.IGNORECASE)


def _cmdlet(operation: str) -> ObjectsOf:
    """`Set-Mailbox` acts on a Mailbox, and so does `Add-MailboxPermission`; whom something is given to is an object too."""
    noun = operation.partition("-")[2]
    kind = noun.removesuffix("Permission").removesuffix("Member") or noun

    def target(record: Any) -> tuple[ActivityObject, ...]:
        identity = record.ObjectId or value_of("Identity", parameters(record.Parameters))
        if not identity:
            return ()
        return (ActivityObject(identity, identity.replace("\\", "/").rpartition("/")[2] or identity, kind, "target"),)

    def target_and_grantees(record: Any) -> tuple[ActivityObject, ...]:
        named = parameters(record.Parameters)
        names = [name for parameter in ("User", "Trustee", "Member", "Members") if (name := value_of(parameter, named))]
        return (*target(record), *(ActivityObject(name, name.rpartition("/")[2], "User", "grantee") for name in names))

    return target_and_grantees if _GRANTS.search(operation) else target


def _sharepoint(record: Any) -> tuple[ActivityObject, ...]:
    objects: tuple[ActivityObject, ...] = ()
    url = _known(record.ObjectId) or _known(record.SiteUrl)
    if url:
        name = _known(record.SourceFileName) or _last_of(url)
        objects = (ActivityObject(url, name, record.ItemType, "target"),)
    shared_with = record.TargetUserOrGroupName or record.UserSharedWith
    if shared_with:
        kind = record.TargetUserOrGroupType
        objects += (ActivityObject(shared_with, shared_with, "Group" if kind and "Group" in kind else "User", "grantee"),)
    return objects


def _copilot(record: Any) -> tuple[ActivityObject, ...]:
    """What Copilot read or used to answer, then where it was asked (the document, chat or meeting that was open)."""
    try:
        event = _anything(record.CopilotEventData) if record.CopilotEventData else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        event = None
    event = dict_of(decode(event) if isinstance(event, str) else event)
    resources = [_resource(dict_of(one), "target") for one in list_of(event.get("AccessedResources"))[:MOST_OBJECTS]]
    contexts = [_resource(dict_of(one), "context") for one in list_of(event.get("Contexts"))[:MOST_OBJECTS]]
    objects = dict.fromkeys(one for one in (*resources, *contexts) if one.id or one.name)
    return tuple(objects)[:MOST_OBJECTS] or _generic(record)


def _resource(one: dict[str, Any], role: str) -> ActivityObject:
    """Its name, or that of the file which its id or address leads to."""
    identifier, url = scalar_of(one.get("ID")) or scalar_of(one.get("Id")), scalar_of(one.get("SiteUrl"))
    leads = url if url and not (identifier and "://" in identifier) else identifier
    name = scalar_of(one.get("Name")) or (_file_of(leads) if leads and "://" in leads else leads)
    return ActivityObject(identifier or url, name, scalar_of(one.get("Type")), role)


_FILE = re.compile(r"[?&]file=([^&#]+)")


def _file_of(url: str) -> str:
    """The name in an address; SharePoint opens documents by `Doc.aspx?...&file=plan.docx`."""
    parameter = _FILE.search(url)
    return unquote(parameter[1]) if parameter else _last_of(unquote(url.partition("?")[0]))


def _last_of(url: str) -> str:
    """The last step of an address."""
    return url.rstrip("/").rpartition("/")[2] or url


def _teams(record: Any) -> tuple[ActivityObject, ...]:
    objects = []
    if record.TeamName:
        objects.append(ActivityObject(record.ObjectId or None, record.TeamName, "Team", "target"))
    if record.ChannelName:
        objects.append(ActivityObject(None, record.ChannelName, "Channel", "target"))
    if isinstance(members := plain(record.Members), list):
        for member in members[:MOST_OBJECTS]:
            if isinstance(member, dict) and text_of(member.get("UPN")):
                name = member["UPN"].lower()
                objects.append(ActivityObject(name, text_of(member.get("DisplayName")) or name, "User", "member"))
    return tuple(objects) or _generic(record)


_UNKNOWN = frozenset({"not available", "not-found", "unknown", "unknown (unknown)", "<null>"})
_LONGEST_UNKNOWN = max(map(len, _UNKNOWN))


def _known(name: str | None) -> str | None:
    """The name or id, or None where it is one of Microsoft's words for "unknown", or only blanks."""
    if not name or name.isspace() or (len(name) <= _LONGEST_UNKNOWN and name.lower() in _UNKNOWN):
        return None
    return name


_BY_WORKLOAD: dict[str, ObjectsOf] = {
    "SharePoint": _sharepoint,
    "OneDrive": _sharepoint,
    "MicrosoftTeams": _teams,
    "Copilot": _copilot,
}
_INTERACTIONS = frozenset({"CopilotInteraction", "ConnectedAIAppInteraction", "AIAppInteraction", "TeamCopilotInteraction"})
"""With Microsoft's assistants and others', whatever the workload."""
