"""Alerts, activities and outcomes of governance as documents of the Elastic Common Schema (ECS), for Elasticsearch and OpenSearch.

All that casbd's JSON has stands under `casbd.alert`, `casbd.activity` or `casbd.governance` besides, under its own names.
Source: Elastic, "ECS field reference" and "ECS categorization fields" (9.4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from casbd import __version__
from casbd.model.activity import Activity
from casbd.model.alert import SEVERITIES, Alert
from casbd.model.governance import GovernanceCommand
from casbd.records.timestamps import iso
from casbd.wire import field_types, text_line
from casbd.wire.cef_values import is_address
from casbd.wire.moments import moment
from casbd.wire.ocsf_activity import table as ocsf_table

Item = Alert | Activity | GovernanceCommand
Document = dict[str, Any]

VERSION = "9.4.0"
TYPES: Mapping[str, str] = {
    "@timestamp": "date",
    "message": "match_only_text",
    "tags": "keyword",
    "ecs.version": "keyword",
    "cloud.account.id": "keyword",
    "cloud.service.name": "keyword",
    "data_stream.type": "constant_keyword",
    "data_stream.dataset": "constant_keyword",
    "data_stream.namespace": "constant_keyword",
    **dict.fromkeys(("event.created", "event.start", "event.end"), "date"),
    **dict.fromkeys((f"event.{name}" for name in ("id", "kind", "category", "type", "action", "outcome", "dataset")), "keyword"),
    **dict.fromkeys((f"event.{name}" for name in ("module", "provider", "reason", "original")), "keyword"),
    "event.risk_score": "float",
    "event.severity": "long",
    "file.name": "keyword",
    "observer.product": "keyword",
    "observer.vendor": "keyword",
    "observer.version": "keyword",
    "related.ip": "ip",
    "related.user": "keyword",
    "rule.category": "keyword",
    "rule.id": "keyword",
    "rule.name": "keyword",
    "source.as.number": "long",
    "source.as.organization.name": "keyword",
    "source.geo.city_name": "keyword",
    "source.geo.country_iso_code": "keyword",
    "source.geo.location": "geo_point",
    "source.ip": "ip",
    "source.port": "long",
    "threat.technique.id": "keyword",
    **dict.fromkeys((f"user.{name}" for name in ("domain", "email", "full_name", "id", "name")), "keyword"),
    **dict.fromkeys(("user.target.id", "user.target.name"), "keyword"),
    **dict.fromkeys((f"user_agent.{name}" for name in ("device.name", "name", "original", "os.name", "os.version", "version")), "keyword"),
}
"""ECS's fields that documents have, and what they are in an index."""

_CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "authentication": ("authentication",),
    "account_change": ("iam", "user"),
    "user_access": ("iam", "user"),
    "group_management": ("iam", "group"),
    "entity_management": ("configuration",),
    "file_hosting": ("file",),
    "web_resources_activity": ("api",),
    "api_activity": ("api",),
    "detection_finding": ("intrusion_detection",),
}
"""By the class of an activity type in OCSF: `event.category`, and what stands in `event.type` of all of them."""
_TYPES = {1: "creation", 2: "access", 3: "change", 4: "deletion"}
_MEMBERS = re.compile("(Add|Remove|Change) (member|owner)")
"""A member more is a change of the group or role."""
_OUTCOMES = {"success": "success", "failure": "failure", "succeeded": "success", "failed": "failure"}
_TECHNIQUE = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)", re.IGNORECASE)
_DEGREES = 90, 180


def dataset(item: Item) -> field_types.Item:
    """Which of the data streams an item belongs to."""
    return "alert" if isinstance(item, Alert) else "activity" if isinstance(item, Activity) else "governance"


def document(item: Item, fields: Mapping[str, Any], namespace: str) -> Document:
    """An item as a document. fields: what its JSON has (`type` among them). namespace: the last part of the data stream's name."""
    kind = dataset(item)
    flat: Document = {
        "@timestamp": iso(moment(item)),
        "ecs.version": VERSION,
        "data_stream.type": "logs",
        "data_stream.dataset": f"casbd.{kind}",
        "data_stream.namespace": namespace,
        "event.module": "casbd",
        "event.dataset": f"casbd.{kind}",
        "observer.vendor": "casbd",
        "observer.product": "casbd",
        "observer.version": __version__,
    }
    flat |= _alert(item) if isinstance(item, Alert) else _activity(item) if isinstance(item, Activity) else _command(item)
    own = {name: value for name, value in fields.items() if name not in ("type", "raw") and (value or value == 0)}
    return _nested({name: value for name, value in flat.items() if value or value == 0}) | {"casbd": {"type": fields["type"], kind: own}}


def _alert(alert: Alert) -> Document:
    return {
        "message": alert.title or alert.policy_name,
        "event.id": alert.alert_id,
        "event.kind": "alert",
        "event.action": alert.event,
        "event.severity": SEVERITIES.index(alert.severity),
        "event.risk_score": alert.risk_score,
        "event.reason": alert.evidence,
        "event.created": iso(alert.created),
        "event.start": iso(alert.first_activity),
        "event.end": iso(alert.last_activity),
        "rule.id": alert.policy_id,
        "rule.name": alert.policy_name,
        "rule.category": alert.category,
        "tags": alert.tags,
        "threat.technique.id": [found[1].upper() for tag in alert.tags if (found := _TECHNIQUE.fullmatch(tag))],
        "user.name": alert.user,
        "source.geo.country_iso_code": alert.country,
        **_of_app(alert.app, alert.app_instance),
        **_of_address(alert.ip_address),
        "related.user": list(filter(None, [alert.user])),
    }


def _activity(activity: Activity) -> Document:
    latitude, longitude = activity.latitude, activity.longitude
    is_place = latitude is not None and longitude is not None and abs(latitude) <= _DEGREES[0] and abs(longitude) <= _DEGREES[1]
    categories, types = _categorized(activity.activity_type)
    return {
        "message": text_line.activity(activity),
        "event.id": activity.activity_id,
        "event.kind": "alert" if categories == ["intrusion_detection"] else "event",
        "event.category": categories,
        "event.type": types,
        "event.action": activity.action_type or activity.activity_type,
        "event.outcome": _OUTCOMES.get(activity.result or "", "unknown"),
        "event.provider": activity.source,
        "event.reason": activity.result_detail,
        "event.original": activity.raw,
        "user.name": activity.user,
        "user.id": activity.user_id,
        "user.full_name": activity.user_display_name,
        "user.domain": activity.user_domain,
        "user.email": activity.user if activity.user and "@" in activity.user else None,
        "source.port": activity.ip_port,
        "source.geo.country_iso_code": activity.country,
        "source.geo.city_name": activity.city,
        "source.geo.location": {"lat": latitude, "lon": longitude} if is_place else None,
        "source.as.number": activity.asn,
        "source.as.organization.name": activity.isp,
        "user_agent.original": activity.user_agent,
        "user_agent.name": activity.browser,
        "user_agent.version": activity.browser_version,
        "user_agent.os.name": activity.os,
        "user_agent.os.version": activity.os_version,
        "user_agent.device.name": activity.device_type,
        "file.name": activity.object_name if categories == ["file"] else None,
        **_of_app(activity.app, activity.app_instance),
        **_of_address(activity.ip_address),
        "related.user": [*dict.fromkeys(filter(None, [activity.user, *(one.name for one in activity.objects if one.type == "User")]))],
    }


def _command(command: GovernanceCommand) -> Document:
    return {
        "message": text_line.command(command),
        "event.id": command.command_id,
        "event.kind": "event",
        "event.category": ["iam"],
        "event.type": ["user", "change"],
        "event.action": command.action,
        "event.outcome": _OUTCOMES.get(command.status, "unknown"),
        "event.reason": command.reason,
        "event.created": iso(command.created),
        "rule.id": command.policy_id,
        "user.name": command.who,
        "user.target.name": command.target,
        "user.target.id": command.user_id,
        **_of_app(command.app, command.app_instance),
        "related.user": list(filter(None, [command.target, command.who])),
    }


def _categorized(activity_type: str) -> tuple[list[str], list[str]]:
    """`event.category` and `event.type`."""
    category, *types = _CATEGORIES[ocsf_table().class_of(activity_type)[0]]
    if category == "authentication":
        return [category], ["end" if activity_type == "Log out" else "start"]
    if category == "api" and ("message" in activity_type or "mail" in activity_type):
        return ["email"], ["info"]
    verb = 3 if _MEMBERS.match(activity_type) else ocsf_table().any_of(activity_type)
    if category == "intrusion_detection" or (category == "iam" and verb == 2):
        verb = 0
    return [category], [*types, _TYPES.get(verb, "info")]


def _of_app(app: str | None, instance: str | None) -> Document:
    return {"cloud.service.name": app, "cloud.account.id": instance}


def _of_address(text: str | None) -> Document:
    """An index refuses a document for what is no address in a field of addresses."""
    return {"source.ip": text, "related.ip": [text]} if is_address(text) else {}


def _nested(flat: Mapping[str, Any]) -> Document:
    document: Document = {}
    for path, value in flat.items():
        *above, name = path.split(".")
        place = document
        for part in above:
            place = place.setdefault(part, {})
        place[name] = value
    return document


_KINDS: Mapping[field_types.Kind, str] = {
    "time": "date",
    "text": "keyword",
    "flag": "boolean",
    "integer": "long",
    "number": "double",
    "list": "keyword",
    "objects": "flattened",
}


def index_types() -> Iterator[tuple[str, str]]:
    """Every field that a document may have, and what it is in an index: ECS's, then casbd's own."""
    yield from TYPES.items()
    yield "casbd.type", "keyword"
    for item, kinds in field_types.KINDS.items():
        yield from ((f"casbd.{item}.{name}", _KINDS[kind]) for name, kind in kinds.items() if name != "raw")
