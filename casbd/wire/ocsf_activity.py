"""An activity as an event of the Open Cybersecurity Schema Framework (OCSF).

Its class is that of its activity type (`data/ocsf_classes.yaml`). Where it lacks what that class demands, an address perhaps, it is an API
Activity, else a Web Resources Activity, else a Base Event: nothing is made up. What has no place in its class stands in `unmapped`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import msgspec

from casbd.documents import Document
from casbd.model.activity import Activity, ActivityObject
from casbd.wire import ocsf_parts as parts
from casbd.wire import text_line
from casbd.wire.ocsf_parts import Event, known, thing

_FILE = Path(__file__).parents[1] / "data" / "ocsf_classes.yaml"
_OTHER = 99
_STATUS = {"success": (1, "Success"), "failure": (2, "Failure"), "unknown": (0, "Unknown"), None: (0, "Unknown")}
_INFORMATIONAL = 1, "Informational"
_UNKNOWN = 0, "Unknown"
_ENTITIES = {"Device": 1, "User": 2, "Group": 3, "Organization": 4, "Policy": 5, "Email": 6}
_FILES = {"File": 1, "Folder": 2}
_GROUPS = ("Group", "Team")
_ROLES = ("Role", "RoleGroup")
_OF_ONESELF = frozenset(("Change password", "Enable multi-factor authentication", "Disable multi-factor authentication"))
"""What people do to their own accounts: records of it that name nobody mean who did it."""
_UNMAPPED = (
    *("user_organization", "is_admin_operation", "is_external_user", "is_impersonated", "ip_category", "ip_tags", "user_agent_tags"),
    *("browser", "browser_version", "device_tags", "input", "input_file", "input_offset", "matched_policies"),
)
_OF_ENDPOINT = {"ip": ("ip_address",), "port": ("ip_port",), "location": ("latitude", "longitude"), "os": ("os_version",)}
"""What of an activity stands in a part of its endpoint, which demands more than that."""
_LACKS = {
    "base_event": ("src_endpoint", "http_request"),
    "detection_finding": ("src_endpoint", "http_request"),
    "file_hosting": ("http_request",),
}
"""Of what all other classes have."""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """classes: of each the activity types, with its `activity_id`. words: by the first word of a type that of any class of CRUD."""

    classes: Mapping[str, Mapping[str, int]]
    words: Mapping[str, int]

    def class_of(self, activity_type: str) -> tuple[str, int]:
        """The class and its `activity_id`."""
        return _by_type().get(activity_type) or ("api_activity", self.any_of(activity_type))

    def any_of(self, activity_type: str) -> int:
        """The `activity_id` of a class that knows to create, read, update and delete."""
        return self.words.get(activity_type.partition(" ")[0], _OTHER)


@cache
def table() -> Table:
    """The whole of it."""
    return msgspec.convert(Document(_FILE).data, Table)


@cache
def _by_type() -> Mapping[str, tuple[str, int]]:
    return {kind: (name, number) for name, kinds in table().classes.items() for kind, number in kinds.items()}


def event(activity: Activity, uid: str) -> Event:
    """The whole event. uid: its `metadata.uid`."""
    name, activity_id, own = _classified(activity)
    severity = _UNKNOWN if name == "detection_finding" else _INFORMATIONAL
    found = parts.head(name, activity_id, activity.activity_type, activity.timestamp, severity, _metadata(activity, uid))
    found |= known(message=text_line.activity(activity), status_detail=activity.result_detail, raw_data=activity.raw)
    unmapped = known(**{field: getattr(activity, field) for field in _UNMAPPED}, objects=parts.all_objects(activity.objects))
    if name == "detection_finding":  # whose status says how far its handling has got
        unmapped |= known(result=activity.result)
    else:
        found["status_id"], found["status"] = _STATUS.get(activity.result, (_OTHER, activity.result))
    _place(found, unmapped, name, activity)
    found |= own
    return found | known(observables=parts.observables(found), unmapped=unmapped)


def _classified(activity: Activity) -> tuple[str, int, Event]:
    """Of what class it is, its `activity_id` there, and what only this class has."""
    name, activity_id = table().class_of(activity.activity_type)
    if (own := _OWN[name](activity)) is not None:
        return name, activity_id, own
    activity_id = table().any_of(activity.activity_type)
    for name in ("api_activity", "web_resources_activity"):
        if (own := _OWN[name](activity)) is not None:
            return name, activity_id, own
    return "base_event", _OTHER, {}


def _metadata(activity: Activity, uid: str) -> Event:
    return known(
        uid=uid,
        product={"name": activity.app} if activity.app else parts.own_product(),
        log_name=activity.source,
        event_code=activity.action_type,
        tenant_uid=activity.app_instance,
        profiles=["cloud", "host"] if activity.app else ["host"],
    )


def _place(found: Event, unmapped: Event, name: str, activity: Activity) -> None:
    """What all classes have of an activity, in the event where it may be there, else in what is unmapped."""
    user, endpoint = parts.user_of(activity), parts.endpoint_of(activity)
    if activity.app:
        found["cloud"] = {"provider": activity.app} | known(account=known(uid=activity.app_instance))
    if activity.action_type and (activity.app or name == "api_activity"):
        found["api"] = {"operation": activity.action_type} | known(service=known(name=activity.app))
    if user:
        (found if parts.is_someone(user) else unmapped)["actor"] = {"user": user}
    if activity.user_agent:
        (unmapped if "http_request" in _LACKS.get(name, ()) else found)["http_request"] = {"user_agent": activity.user_agent}
    if endpoint:
        has_place = "ip" in endpoint and "src_endpoint" not in _LACKS.get(name, ())
        (found if has_place else unmapped)["src_endpoint"] = endpoint
    for part, fields in _OF_ENDPOINT.items():
        if part not in endpoint:
            unmapped |= known(**{field: getattr(activity, field) for field in fields})


def _first(activity: Activity, kinds: tuple[str, ...]) -> ActivityObject | None:
    """The first object of such a type that has a name or an id."""
    return next((one for one in activity.objects if one.type in kinds and (one.name or one.id)), None)


def _someone(activity: Activity) -> Event | None:
    """Whom it was done to: a user, or what has no type where there is no user."""
    one = _first(activity, ("User",)) or next((one for one in activity.objects if one.type is None and (one.name or one.id)), None)
    return parts.user_named(one.name, one.id) if one else None


def _authentication(activity: Activity) -> Event | None:
    user = parts.user_of(activity)
    return {"user": user, "service": {"name": activity.app}} if activity.app and parts.is_someone(user) else None


def _account_change(activity: Activity) -> Event | None:
    user = _someone(activity)
    if user is None and activity.activity_type in _OF_ONESELF and not activity.objects:
        own = parts.user_of(activity)
        user = own if parts.is_someone(own) else None
    return {"user": user} if user else None


def _user_access(activity: Activity) -> Event | None:
    user, role = _someone(activity), _first(activity, _ROLES)
    return {"user": user, "privileges": [role.name or role.id]} if user and role else None


def _group_management(activity: Activity) -> Event | None:
    group = _first(activity, _GROUPS)
    if group is None:
        return None
    return {"group": known(name=group.name, uid=group.id, type=group.type)} | known(user=_someone(activity))


def _entity_management(activity: Activity) -> Event | None:
    entity = _resources(activity)[:1]
    if not entity:
        return None
    kind = entity[0].get("type")
    return {"entity": entity[0] | ({"type_id": _ENTITIES.get(kind, _OTHER)} if kind else {})}


def _file_hosting(activity: Activity) -> Event | None:
    found = _first(activity, tuple(_FILES)) or next((one for one in activity.objects if one.name or one.id), None)
    user = parts.user_of(activity)
    if found is None or not parts.address(activity.ip_address) or not parts.is_someone(user):
        return None
    about = known(name=found.name or found.id, uid=found.id, type=found.type)
    return {"file": about | {"type_id": _FILES.get(found.type or "", _OTHER if found.type else 0)}}


def _api_activity(activity: Activity) -> Event | None:
    if not (activity.action_type and parts.address(activity.ip_address) and parts.is_someone(parts.user_of(activity))):
        return None
    return known(resources=_resources(activity))


def _web_resources_activity(activity: Activity) -> Event | None:
    resources = _resources(activity)
    return {"web_resources": resources} if resources else None


def _detection_finding(activity: Activity) -> Event | None:
    info = known(uid=activity.activity_id, title=activity.action_type or activity.activity_type, types=[activity.activity_type])
    return {"finding_info": info, "is_alert": True, **known(resources=_resources(activity))} if activity.activity_id else None


def _resources(activity: Activity) -> list[Event]:
    return [found for one in activity.objects if (found := thing(one))]


_OWN: Mapping[str, Callable[[Activity], Event | None]] = {
    "authentication": _authentication,
    "account_change": _account_change,
    "user_access": _user_access,
    "group_management": _group_management,
    "entity_management": _entity_management,
    "file_hosting": _file_hosting,
    "web_resources_activity": _web_resources_activity,
    "detection_finding": _detection_finding,
    "api_activity": _api_activity,
}
"""By class what only it has; None where the activity lacks some of what the class demands."""
