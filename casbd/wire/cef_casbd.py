"""The profile `casbd`: which key of the CEF dictionary carries what. Keys without a value are left out.

The order is that of importance: a message too long for its receiver loses keys from the end.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.wire.cef_message import LIMITS, Key, external_id, key
from casbd.wire.cef_values import ipv4, ipv6, link
from casbd.wire.plain_text import joined

_BASE, _CORRELATION = 0, 2
"""CEF's event types."""

_FILES, _USERS = ("file", "folder"), ("user",)
"""Types of objects that have keys of their own."""


@cache
def alert_keys(portal: str = "") -> tuple[Key, ...]:
    """The extension of an alert."""
    return (
        key("externalId", lambda a: external_id(a.alert_id)),
        key("rt", lambda a: a.created or a.last_activity),
        key("start", lambda a: a.first_activity),
        key("end", lambda a: a.last_activity),
        key("type", lambda _: _CORRELATION),
        key("cnt", lambda a: a.activity_count),
        key("suser", lambda a: a.user),
        key("src", lambda a: ipv4(a.ip_address)),
        key("c6a2", lambda a: ipv6(a.ip_address), "Source IPv6 Address"),
        key("destinationServiceName", lambda a: a.app),
        key("sourceServiceName", lambda a: a.app_instance),
        key("cat", lambda a: a.category),
        key("cn1", lambda a: a.risk_score, "riskScore"),
        key("cs4", lambda a: a.policy_id, "policyIDs"),
        key("flexString1", lambda a: a.country, "country"),
        key("msg", _alert_text),
        key("cs1", lambda a: link(portal, "alerts", a.alert_id), "portalURL"),
        key("cs3", lambda a: joined(a.activity_ids, LIMITS["cs3"]), "relatedAudits"),
        key("cs5", lambda a: joined(a.tags, LIMITS["cs5"]), "tags"),
    )


@cache
def activity_keys(portal: str = "") -> tuple[Key, ...]:
    """The extension of an activity."""
    return (
        key("externalId", lambda a: external_id(a.activity_id)),
        key("rt", lambda a: a.timestamp),
        key("start", lambda a: a.timestamp),
        key("end", lambda a: a.timestamp),
        key("type", lambda _: _BASE),
        key("act", lambda a: a.action_type),
        key("outcome", lambda a: a.result),
        key("reason", lambda a: a.result_detail),
        key("suser", lambda a: a.user),
        key("suid", lambda a: a.user_id),
        key("spriv", lambda a: a.user_type),
        key("sntdom", lambda a: a.user_domain),
        key("src", lambda a: ipv4(a.ip_address)),
        key("c6a2", lambda a: ipv6(a.ip_address), "Source IPv6 Address"),
        key("spt", lambda a: a.ip_port),
        key("destinationServiceName", lambda a: a.app),
        key("sourceServiceName", lambda a: a.app_instance),
        key("cs4", lambda a: joined(a.matched_policies, LIMITS["cs4"]), "policyIDs"),
        key("flexString1", lambda a: a.country, "country"),
        key("flexString2", lambda a: a.isp, "ISP"),
        key("cn1", lambda a: a.asn, "ASN"),
        key("cs2", lambda a: a.ip_category, "ipCategory"),
        key("duser", _of_type(_USERS, lambda a: a.object_name)),
        key("duid", _of_type(_USERS, lambda a: a.object_id)),
        key("fname", _of_type(_FILES, lambda a: a.object_name)),
        key("filePath", _of_type(_FILES, lambda a: None if _is_url(a.object_id) else a.object_id)),
        key("fileType", _of_type(_FILES, lambda a: a.object_type)),
        key("request", lambda a: a.object_id if _is_url(a.object_id) else None),
        key("requestClientApplication", lambda a: a.user_agent),
        key("deviceFacility", lambda a: a.source),
        key("cs6", lambda a: a.city, "city"),
        key("cs5", lambda a: joined((*a.ip_tags, *a.user_agent_tags, *a.device_tags), LIMITS["cs5"]), "tags"),
        key("cs3", lambda a: joined([o.name or o.id for o in a.objects], LIMITS["cs3"]), "targetObjects"),
        key("cs1", lambda a: link(portal, "activities", a.activity_id), "portalURL"),
    )


def _alert_text(alert: Alert) -> str:
    """The title, and the description where it says more."""
    return f"{alert.title}: {alert.description}" if alert.title and alert.description else alert.title or alert.description


def _of_type(kinds: tuple[str, ...], get: Callable[[Activity], str | None]) -> Callable[[Activity], str | None]:
    """The value, where the first object is of one of these types."""
    return lambda a: get(a) if a.object_type and a.object_type.casefold() in kinds else None


def _is_url(text: str | None) -> bool:
    return text is not None and text[:8].lower().startswith(("http://", "https://"))
