"""The profile `casbd`: which key of the CEF dictionary carries what. Keys without a value are left out.

The order is that of importance: a message too long for its receiver loses keys from the end.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter

from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.wire.cef_message import external_id, key
from casbd.wire.cef_values import ipv4, ipv6, link
from casbd.wire.moments import moment
from casbd.wire.pairs import Key

_BASE, _CORRELATION, _ACTION = 0, 2, 3
"""CEF's event types."""

_FILES, _USERS = frozenset(("File", "Folder", "file", "folder")), frozenset(("User", "user"))
"""Types of objects that have keys of their own."""

_URLS = ("https://", "http://")


@cache
def alert_keys(portal: str = "") -> tuple[Key, ...]:
    """The extension of an alert."""
    return (
        key("externalId", lambda a: external_id(a.alert_id)),
        key("act", "event"),
        key("rt", moment),
        key("start", "first_activity"),
        key("end", "last_activity"),
        key("type", lambda _: _CORRELATION),
        key("cnt", "activity_count"),
        key("outcome", "resolution"),
        key("reason", "comment"),
        key("suser", "user"),
        key("src", lambda a: ipv4(a.ip_address)),
        key("c6a2", lambda a: ipv6(a.ip_address), "Source IPv6 Address"),
        key("destinationServiceName", "app"),
        key("sourceServiceName", "app_instance"),
        key("cat", "category"),
        key("cn1", "risk_score", "riskScore"),
        key("cs4", "policy_id", "policyIDs"),
        key("flexString1", "country", "country"),
        key("msg", _alert_text),
        key("cs1", lambda a: link(portal, "alerts", a.alert_id), "portalURL"),
        key("cs3", "activity_ids", "relatedAudits"),
        key("cs5", "tags", "tags"),
        key("flexString2", "closed_by", "closedBy"),
    )


@cache
def activity_keys(portal: str = "") -> tuple[Key, ...]:
    """The extension of an activity."""
    return (
        key("externalId", lambda a: external_id(a.activity_id)),
        key("rt", "timestamp"),
        key("start", "timestamp"),
        key("end", "timestamp"),
        key("type", lambda _: _BASE),
        key("act", "action_type"),
        key("outcome", "result"),
        key("reason", "result_detail"),
        key("suser", "user"),
        key("suid", "user_id"),
        key("spriv", "user_type"),
        key("sntdom", "user_domain"),
        key("src", lambda a: ipv4(a.ip_address)),
        key("c6a2", lambda a: ipv6(a.ip_address), "Source IPv6 Address"),
        key("spt", "ip_port"),
        key("destinationServiceName", "app"),
        key("sourceServiceName", "app_instance"),
        key("cs4", "matched_policies", "policyIDs"),
        key("flexString1", "country", "country"),
        key("flexString2", "isp", "ISP"),
        key("cn1", "asn", "ASN"),
        key("cs2", "ip_category", "ipCategory"),
        key("duser", _of_type(_USERS, "object_name")),
        key("duid", _of_type(_USERS, "object_id")),
        key("fname", _of_type(_FILES, "object_name")),
        key("filePath", _path),
        key("fileType", _of_type(_FILES, "object_type")),
        key("request", _url),
        key("requestClientApplication", "user_agent"),
        key("deviceFacility", "source"),
        key("cs6", "city", "city"),
        key("cs5", lambda a: (*a.ip_tags, *a.user_agent_tags, *a.device_tags), "tags"),
        key("cs3", lambda a: tuple([o.name or o.id for o in a.objects]), "targetObjects"),
        key("cs1", lambda a: link(portal, "activities", a.activity_id), "portalURL"),
    )


@cache
def command_keys(portal: str = "") -> tuple[Key, ...]:
    """The extension of what became of a governance command. suser: who asked for it or approved it; duser: to whom it was done."""
    return (
        key("externalId", lambda c: external_id(c.command_id)),
        key("rt", moment),
        key("start", "created"),
        key("end", "finished"),
        key("type", lambda _: _ACTION),
        key("act", "action"),
        key("outcome", "status"),
        key("reason", lambda c: c.error or c.reason),
        key("duser", "target"),
        key("duid", "user_id"),
        key("suser", "who"),
        key("deviceFacility", "connector"),
        key("destinationServiceName", "app"),
        key("sourceServiceName", "app_instance"),
        key("cs4", "policy_id", "policyIDs"),
        key("cs2", "alert_id", "alertID"),
        key("cn1", "duration", "durationMs"),
        key("cs3", "request", "request"),
        key("cs5", "answer", "answer"),
        key("cs6", "reverts", "reverts"),
        key("cs1", lambda c: link(portal, "governance", c.command_id), "portalURL"),
    )


def _alert_text(alert: Alert) -> str:
    """The title, unless it is the policy's name, which is in the header; then the evidence, before what may be cut; the description."""
    title = "" if alert.title == alert.policy_name else alert.title
    evidence, description = alert.evidence, alert.description
    said = f"{evidence}. {description}" if evidence and description else evidence or description
    return f"{title}: {said}" if title and said else title or said


def _of_type(kinds: frozenset[str], field: str) -> Callable[[Activity], str | None]:
    """The field, where the first object is of one of these types."""
    get: Callable[[Activity], str | None] = attrgetter(field)
    return lambda a: get(a) if a.object_type in kinds else None


def _url(a: Activity) -> str | None:
    return a.object_id if a.object_id and a.object_id.startswith(_URLS) else None


def _path(a: Activity) -> str | None:
    """A file's id, unless it is a URL, which goes to `request`."""
    return a.object_id if a.object_type in _FILES and not _url(a) else None
