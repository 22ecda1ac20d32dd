"""What events of the Open Cybersecurity Schema Framework (OCSF) are made of: their head, and objects of an activity's fields.

Source: https://schema.ocsf.io/1.5.0. An object of which nothing is known is None, as one that lacks what the schema demands of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from casbd import __version__
from casbd.model.activity import Activity, ActivityObject
from casbd.wire.cef_values import is_address

VERSION = "1.5.0"
Event = dict[str, Any]


class Class(NamedTuple):
    """uid, name: `class_uid` and `class_name`."""

    uid: int
    name: str


CLASSES = {
    "base_event": Class(0, "Base Event"),
    "detection_finding": Class(2004, "Detection Finding"),
    "account_change": Class(3001, "Account Change"),
    "authentication": Class(3002, "Authentication"),
    "entity_management": Class(3004, "Entity Management"),
    "user_access": Class(3005, "User Access Management"),
    "group_management": Class(3006, "Group Management"),
    "web_resources_activity": Class(6001, "Web Resources Activity"),
    "api_activity": Class(6003, "API Activity"),
    "file_hosting": Class(6006, "File Hosting Activity"),
    "remediation_activity": Class(7001, "Remediation Activity"),
}
"""Those that casbd writes, by OCSF's names."""

_USER_TYPES = {"Regular": 1, "Guest": 1, "Admin": 2, "System": 3}
_DEVICE_TYPES = {"PC": 2, "Mobile": 5, "Tablet": 4}
_SYSTEMS = {"Windows": 100, "Linux": 200, "Ubuntu": 200, "Fedora": 200, "Android": 201, "Mac OS X": 300, "iOS": 301, "iPadOS": 302}
_OTHER = 99
_EMAIL = re.compile(r"[a-zA-Z0-9!#$%&'*+-/=?^_`{|}~.]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9-.]+")
"""What the schema takes for an address: another one in `email_addr` would make the event invalid."""
_LONGEST_ADDRESS = 40
_PORTS = range(65536)
_OBSERVED = (
    ("src_endpoint.ip", 2, "IP Address"),
    ("user.name", 4, "User Name"),
    ("actor.user.name", 4, "User Name"),
    ("file.name", 7, "File Name"),
    ("http_request.user_agent", 16, "HTTP User-Agent"),
)


def known(**values: Any) -> Event:
    """Those of which something is known: None, "" and empty collections are left out, False and 0 are not."""
    return {name: value for name, value in values.items() if value or value == 0}


def head(name: str, activity_id: int, activity_name: str, time: int, severity: tuple[int, str], metadata: Event) -> Event:
    """What every event has. name: of the class, as OCSF has it. time: milliseconds since 1970."""
    uid, caption = CLASSES[name]
    return {
        "class_uid": uid,
        "class_name": caption,
        "category_uid": uid // 1000,
        "activity_id": activity_id,
        "activity_name": activity_name,
        "type_uid": uid * 100 + activity_id,
        "time": time,
        "severity_id": severity[0],
        "severity": severity[1],
        "metadata": {"version": VERSION, "log_provider": "casbd", **metadata},
    }


def own_product() -> Event:
    """casbd as `metadata.product`."""
    return {"name": "casbd", "vendor_name": "casbd", "version": __version__}


def user_of(activity: Activity) -> Event:
    """Who did it."""
    return known(
        name=activity.user,
        uid=activity.user_id,
        display_name=activity.user_display_name,
        domain=activity.user_domain,
        email_addr=email(activity.user),
        type=activity.user_type,
        type_id=_USER_TYPES.get(activity.user_type, _OTHER) if activity.user_type else None,
        groups=[{"name": group} for group in activity.user_groups if group],
    )


def user_named(name: str | None, uid: str | None = None) -> Event | None:
    """A user of whom no more is known."""
    return known(name=name, uid=uid, email_addr=email(name)) or None


def email(name: str | None) -> str | None:
    """A name that is an address."""
    return name if name and _EMAIL.fullmatch(name) else None


def address(text: str | None) -> str | None:
    """An address of either version."""
    return text if text and len(text) <= _LONGEST_ADDRESS and is_address(text) else None


def is_someone(user: Mapping[str, Any]) -> bool:
    """Whether it is known which user that is: the schema demands a name or an id."""
    return "name" in user or "uid" in user


def endpoint_of(activity: Activity) -> Event:
    """Where it was done from; without an address it is none, and belongs to what is unmapped."""
    place = known(country=activity.country, city=activity.city, lat=activity.latitude, long=activity.longitude)
    system = known(name=activity.os, version=activity.os_version)
    return known(
        ip=address(activity.ip_address),
        port=activity.ip_port if activity.ip_port in _PORTS else None,
        location=place if activity.country or activity.city else None,
        autonomous_system=known(number=activity.asn, name=activity.isp),
        isp=activity.isp,
        os=system | {"type_id": _SYSTEMS.get(activity.os, _OTHER)} if activity.os else None,
        type=activity.device_type,
        type_id=_DEVICE_TYPES.get(activity.device_type, _OTHER) if activity.device_type else None,
    )


def thing(found: ActivityObject | None) -> Event | None:
    """Something that was acted on, as the schema's resources and entities have it."""
    if found is None or not (found.name or found.id):
        return None
    return known(name=found.name, uid=found.id, type=found.type)


def all_objects(objects: Iterable[ActivityObject]) -> list[Event]:
    """As casbd has them, with their roles."""
    return [known(id=one.id, name=one.name, type=one.type, role=one.role) for one in objects]


def observables(event: Event) -> list[Event]:
    """What investigators search for across all classes."""
    found = ((name, number, kind, _at(event, name)) for name, number, kind in _OBSERVED)
    return [{"name": name, "type_id": number, "type": kind, "value": value} for name, number, kind, value in found if value]


def _at(event: Any, path: str) -> Any:
    for part in path.split("."):
        event = event.get(part) if isinstance(event, dict) else None
    return event
