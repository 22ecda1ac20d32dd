"""Box's enterprise events (`stream_type` admin_logs and admin_logs_streaming): entries of `{"entries": [...]}`, or one a line.

Source: Box, "Get enterprise events" (https://developer.box.com/guides/events/enterprise-events/for-enterprise), "Event"
(https://developer.box.com/reference/resources/event) and "Shield alert events"
(https://developer.box.com/guides/events/event-triggers/shield-alert-events); which event is which canonical activity is in
`casbd/data/box_activities.yaml`.

What it cannot know: an event names neither its enterprise nor a user agent; tell tenants apart by the input's `instance`. Only log ons
and what was blocked have a result. Box logs those who are not logged in as user 2, of whom nothing is known; of a failed log on the
account is known that was tried, of Shield's alerts the one whom they are about, the address and place that they report, and the files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from casbd import plugins
from casbd.errors import BadRecord
from casbd.formats._activity_table import ActivityTable
from casbd.formats._box_shield import items_of, place_of
from casbd.formats._lenient import Reader, share
from casbd.formats._objects import put_objects
from casbd.formats._plain import dict_of, list_of, scalar_of
from casbd.formats._times import time_of
from casbd.model.activity import Activity, ActivityObject
from casbd.plugins import registry
from casbd.records import addresses


class User(msgspec.Struct, gc=False):
    """Who did it."""

    id: str | int | None = None
    name: str | None = None
    login: str | None = None


class Record(msgspec.Struct, gc=False):
    """The part of an event that becomes an activity; names are Box's, the rest stays in `raw`."""

    event_type: str
    created_at: str
    event_id: str | None = None
    created_by: User | None = None
    ip_address: str | None = None
    source: Any = None
    accessible_by: Any = None
    action_by: Any = None
    additional_details: Any = None


APP = "Box"


@registry.format
class Box:
    """The admin events of an enterprise, Shield's alerts among them."""

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}
    words: ClassVar[plugins.Words] = {"app": (APP,)}

    def __init__(self, options: plugins.Options) -> None:  # noqa: ARG002  it has no options
        self._read = Reader(Record, "Box event", ("event_type", "created_at")).read
        self._table = ActivityTable("box")

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """Every record is of the type `event` and has event_id, event_type and created_by."""
        return share(
            sample, lambda record: record.get("type") == "event" and all(key in record for key in ("event_id", "event_type", "created_by"))
        )

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity. BadRecord where it is no JSON object or has no time or event type."""
        event = self._read(record)
        if not event.event_type:
            raise BadRecord("event_type is empty")
        timestamp = time_of("created_at", event.created_at)
        kind = self._table.kind(event.event_type)
        activity = Activity(timestamp, event.event_id or "", kind.activity_type, event.event_type, APP)
        details = dict_of(event.additional_details)
        activity.is_admin_operation = kind.admin or details.get("is_performed_by_admin") is True
        alert = dict_of(details.get("shield_alert"))
        signing = dict_of(details.get("sign_request"))
        enforcement = next((dict_of(value) for key, value in details.items() if key.startswith("shield_") and "enforcement" in key), {})
        _who(event.created_by or User(), _stand_in(event, alert, signing, enforcement), activity)
        address = event.ip_address or scalar_of(signing.get("signer_ip_address"))
        if alert and (place := place_of(alert)):
            address = scalar_of(place.get("ip"))
            activity.country, activity.city = _country(place), scalar_of(place.get("city_name"))
        activity.ip_address, activity.ip_port = addresses.parse(address)
        activity.is_impersonated = True if event.event_type == "ADMIN_LOGIN" else None
        activity.result, activity.result_detail = _result(kind.activity_type, event.event_type), scalar_of(alert.get("rule_name"))
        if enforcement.get("controlMode") == "monitoring":  # Shield only writes down what it would have blocked
            activity.result = None
        objects = _source(dict_of(event.source))
        if objects and objects[0].type == "Folder":
            activity.activity_type = _OF_FOLDERS.get(kind.activity_type, kind.activity_type)
        put_objects(activity, _merged([*objects, *(items_of(alert) if alert else ()), *_others(event, details, enforcement)]))
        return (activity,)


def _stand_in(record: Record, alert: dict[str, Any], signing: dict[str, Any], enforcement: dict[str, Any]) -> dict[str, Any]:
    """Whom the event is about if the one who did it was not logged in."""
    if record.event_type == "FAILED_LOGIN":
        return dict_of(record.source)
    blocked = dict_of(enforcement.get("access_user")) or dict_of(enforcement.get("inviter"))
    return dict_of(alert.get("user")) or dict_of(signing.get("signer")) or blocked


def _country(place: dict[str, Any]) -> str | None:
    code = scalar_of(place.get("country_code")) or ""
    return code.upper() if len(code) == 2 and code.isascii() and code.isalpha() else None


def _others(record: Record, details: dict[str, Any], enforcement: dict[str, Any]) -> list[ActivityObject]:
    """What stands elsewhere than in `source`: those who may see it now, groups, what Shield kept from being downloaded ..."""
    source = dict_of(record.source)
    parties = [
        (record.accessible_by, "target"),
        (dict_of(details.get("shield_alert")).get("user"), "target"),
        (enforcement.get("item"), "target"),
        (enforcement.get("invitee"), "target"),
        (dict_of(details.get("shield_justification")).get("item"), "target"),
        ({"email": source.get("user_email")}, "target"),
        ({"type": "group", "id": details.get("group_id"), "name": details.get("group_name")}, "target"),
        *((file, "target") for file in list_of(dict_of(details.get("sign_request")).get("files"))),
        (record.action_by, "actor"),
    ]
    return [one for party, role in parties if (one := _party(dict_of(party), role))]


def _merged(objects: list[ActivityObject]) -> list[ActivityObject]:
    """Each thing once; a user that comes twice by the login."""
    objects_by_key: dict[tuple[str | None, ...], ActivityObject] = {}
    for one in objects:
        key = (one.type, one.id or one.name, one.role)
        if key not in objects_by_key or "@" in (one.name or ""):
            objects_by_key[key] = one
    return [*objects_by_key.values()]


_ANONYMOUS = "2"
_OF_FOLDERS = {f"{verb} file": f"{verb} folder" for verb in ("Access", "Copy", "Delete", "Modify", "Move", "Rename")}
_OF_FOLDERS["Create item"] = "Create folder"
_PAIRS = (("item", ""), ("file", "File"), ("folder", "Folder"), ("group", "Group"), ("user", "User"))
"""How the names of a source's fields begin, and what is of which type; `item_type` is that of an item."""


def _who(user: User, stand_in: dict[str, Any], activity: Activity) -> None:
    identifier = str(user.id) if user.id else None
    if identifier in (_ANONYMOUS, None) and stand_in:
        identifier = scalar_of(stand_in.get("id"))
        user = User(identifier, scalar_of(stand_in.get("name")), scalar_of(stand_in.get("login")) or scalar_of(stand_in.get("email")))
    activity.user_id = identifier
    if identifier == _ANONYMOUS:
        return
    name = user.login or user.name
    activity.user = name.lower() if name and "@" in name else name or None
    activity.user_display_name = user.name or None
    if activity.user:
        # the account of an app itself (https://developer.box.com/platform/user-types)
        is_app = activity.user.startswith("automationuser_") and activity.user.endswith("@boxdevedition.com")
        activity.user_type = "Application" if is_app else "Regular"


def _result(activity_type: str, event_type: str) -> str | None:
    if activity_type == "Log on":
        return "success"
    if activity_type == "Failed log on" or "_BLOCKED" in event_type or event_type == "DEVICE_TRUST_CHECK_FAILED":
        return "failure"
    return None


def _source(source: dict[str, Any]) -> list[ActivityObject]:
    """What was acted on; sources are an object of Box, or `item_id`, `item_name`, or several such pairs."""
    objects = []
    for start, kind in _PAIRS:
        identifier, name = scalar_of(source.get(f"{start}_id")), scalar_of(source.get(f"{start}_name"))
        if identifier or name:
            item_type = kind or (scalar_of(source.get("item_type")) or "").capitalize() or None
            objects.append(ActivityObject(identifier, name, item_type, "target"))
    if objects:
        return objects
    one = _party(source, "target")
    return [one] if one else []


def _party(thing: dict[str, Any], role: str) -> ActivityObject | None:
    """A user by the login, anything else by its name."""
    identifier = scalar_of(thing.get("id"))
    name = scalar_of(thing.get("login")) or scalar_of(thing.get("email")) or scalar_of(thing.get("name"))
    kind = (scalar_of(thing.get("type")) or ("User" if "email" in thing or "login" in thing else "")).replace("_", " ").capitalize()
    return ActivityObject(identifier, name, kind or None, role) if identifier or name else None
