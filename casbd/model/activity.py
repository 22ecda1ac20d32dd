"""The activity: what one record of an export becomes.

This class is casbd's one table of fields. Rule files, the command line, JSON, CSV, CEF and the docs take names, types,
meanings and MDCA's own names from `FIELDS`, which is read off the class; a field is added here and nowhere else.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

Kind = Literal["time", "text", "choice", "flag", "integer", "number", "list", "objects"]


def _about(meaning: str, mdca: str = "", events: str = "", values: tuple[str, ...] = ()) -> Meta:
    """A column of the table: the meaning, MDCA's filter name, the name in CloudAppEvents, and the closed set of values."""
    return Meta(description=meaning, extra={"mdca": mdca, "events": events, "values": values})


class ActivityObject(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Something that was acted on: a file, folder, user, group, mailbox, app ..."""

    id: str | None = None
    name: str | None = None
    type: str | None = None
    role: str | None = None


Time = Annotated[int, Meta(extra={"kind": "time"})]
Text = str | None
Flag = bool | None


class Activity(msgspec.Struct, gc=False, array_like=True):
    """One activity. Unknown is None, for a list the empty tuple.

    Not frozen, for speed alone: a copy of this many fields for each enricher would cost more than decoding the record.
    `scan()` makes it, its enrichers and matching fill it in, and from then on nothing changes it.
    Stored by position (`array_like`): new fields go to the end, and none is ever taken out.
    """

    timestamp: Annotated[Time, _about("when it happened, UTC, milliseconds", "Date", "Timestamp")] = 0
    activity_id: Annotated[str, _about("the vendor's own id of the record, or a hash of it", "Activity ID", "ReportId")] = ""
    activity_type: Annotated[str, _about("MDCA's canonical name: Log on, Download file ...", "Activity type", "ActivityType")] = (
        "Unspecified"
    )
    action_type: Annotated[Text, _about("the vendor's own operation name, unchanged", "Action type", "ActionType")] = None
    app: Annotated[Text, _about("the cloud app", "App", "Application")] = None
    app_instance: Annotated[Text, _about("which tenant or account of the app", "Instance", "AppInstanceId")] = None
    user: Annotated[Text, _about("who did it: UPN or e-mail, lower case, else the vendor's name", "User name", "AccountId")] = None
    user_id: Annotated[Text, _about("the vendor's id of the user", "", "AccountObjectId")] = None
    user_display_name: Annotated[Text, _about("the user's full name", "User name", "AccountDisplayName")] = None
    user_domain: Annotated[Text, _about("the domain of the user's address", "User domain")] = None
    user_type: Annotated[
        Text,
        _about("what kind of account", "", "AccountType", ("Regular", "Admin", "System", "Application", "Guest")),
    ] = None
    user_groups: Annotated[tuple[str, ...], _about("from the user-group file", "User group")] = ()
    user_organization: Annotated[Text, _about("organizational unit", "User organization")] = None
    is_admin_operation: Annotated[Flag, _about("an administrative activity", "Administrative activity", "IsAdminOperation")] = None
    is_external_user: Annotated[Flag, _about("the user is of none of the organization's domains", "External", "IsExternalUser")] = None
    is_impersonated: Annotated[Flag, _about("done by one user as another", "Impersonated activity", "IsImpersonated")] = None
    ip_address: Annotated[Text, _about("the client's address, canonical", "IP address", "IPAddress")] = None
    ip_port: Annotated[int | None, _about("the client's port")] = None
    ip_category: Annotated[
        Text,
        _about(
            "what kind of address",
            "IP category",
            "IPCategory",
            ("Administrative", "Cloud provider", "Corporate", "Risky", "VPN", "Other"),
        ),
    ] = None
    ip_tags: Annotated[tuple[str, ...], _about("Tor, Anonymous proxy ..., and the operator's own", "IP tag", "IPTags")] = ()
    country: Annotated[Text, _about("ISO 3166 alpha-2", "Location", "CountryCode")] = None
    city: Annotated[Text, _about("English name", "Location", "City")] = None
    latitude: Annotated[float | None, _about("degrees, north is positive")] = None
    longitude: Annotated[float | None, _about("degrees, east is positive")] = None
    isp: Annotated[Text, _about("who the address is registered to", "Registered ISP", "Isp")] = None
    asn: Annotated[int | None, _about("autonomous system number")] = None
    user_agent: Annotated[Text, _about("as the client sent it", "User agent", "UserAgent")] = None
    user_agent_tags: Annotated[
        tuple[str, ...],
        _about(
            "what the user agent says",
            "User agent tag",
            "UserAgentTags",
            ("Native client", "Outdated browser", "Outdated operating system", "Robot"),
        ),
    ] = ()
    browser: Annotated[Text, _about("family name of ua-parser", "User agent")] = None
    browser_version: Annotated[Text, _about("major.minor.patch as far as known")] = None
    os: Annotated[Text, _about("family name of ua-parser", "Device", "OSPlatform")] = None
    os_version: Annotated[Text, _about("major.minor as far as known")] = None
    device_type: Annotated[Text, _about("what kind of device", "Device type", "DeviceType", ("PC", "Mobile", "Tablet", "Other"))] = None
    device_tags: Annotated[
        tuple[str, ...],
        _about(
            "what the identity provider says of the device",
            "Device tag",
            "",
            ("Intune compliant", "Microsoft Entra hybrid joined", "Valid client certificate"),
        ),
    ] = ()
    objects: Annotated[tuple[ActivityObject, ...], _about("what was acted on", "Activity objects", "ActivityObjects")] = ()
    object_id: Annotated[Text, _about("the first object's id", "Activity object ID", "ObjectId")] = None
    object_name: Annotated[Text, _about("the first object's name", "Activity object", "ObjectName")] = None
    object_type: Annotated[Text, _about("the first object's type", "Activity object", "ObjectType")] = None
    result: Annotated[Text, _about("how it ended", "", "", ("success", "failure", "partial", "unknown"))] = None
    result_detail: Annotated[Text, _about("the vendor's reason or code")] = None
    source: Annotated[Text, _about("the format it came from", "Source", "AuditSource")] = None
    input: Annotated[Text, _about("the input's name in the configuration")] = None
    input_file: Annotated[Text, _about("the file it was read from")] = None
    input_offset: Annotated[int | None, _about("bytes from the beginning of the (decompressed) file")] = None
    matched_policies: Annotated[
        tuple[str, ...],
        _about("ids of the policies whose filters it meets, but for those that compare with what is usual", "Matched policy"),
    ] = ()
    raw: Annotated[str, _about("the record as exported", "View raw data", "RawEventData")] = ""


class Field(msgspec.Struct, frozen=True):
    """One row of the table: a field of Activity. `values` is empty where any text is allowed."""

    name: str
    kind: Kind
    meaning: str
    mdca: str
    events: str
    values: tuple[str, ...]


def _kind(hint: Any, values: tuple[str, ...]) -> Kind:
    """Which operators a field takes, from its type."""
    plain = [part for part in (get_args(hint) if get_origin(hint) not in (None, tuple) else (hint,)) if part is not type(None)]
    first = plain[0]
    if get_origin(first) is tuple:
        return "objects" if get_args(first)[0] is ActivityObject else "list"
    if first is str:
        return "choice" if values else "text"
    kinds: dict[Any, Kind] = {bool: "flag", int: "integer", float: "number"}
    return kinds[first]


def _read_fields() -> dict[str, Field]:
    fields = {}
    for name, hint in get_type_hints(Activity, include_extras=True).items():
        base, *metas = get_args(hint)
        extra: dict[str, Any] = {}
        for meta in metas:
            extra |= meta.extra or {}
        values = tuple(extra.get("values", ()))
        kind: Kind = extra.get("kind") or _kind(base, values)
        fields[name] = Field(name, kind, metas[-1].description or "", extra.get("mdca", ""), extra.get("events", ""), values)
    return fields


FIELDS: dict[str, Field] = _read_fields()
"""Every field by name, in the order of the class."""

# An activity's fields are set some thirty times. msgspec's own way to set one takes four times as long as Python's, which CPython has
# a short cut for; they do the same where a struct is neither frozen nor collected as garbage.
Activity.__setattr__ = object.__setattr__  # type: ignore[method-assign]
Activity.__delattr__ = object.__delattr__  # type: ignore[method-assign]
