"""Alerts, activities and outcomes of governance as log records of OpenTelemetry, in the JSON encoding of its protocol (OTLP).

A record's body is the object of JSON that a file has; attributes are of the semantic conventions where these have them.
Source: OpenTelemetry, "Logs Data Model", "OTLP Specification 1.7" (JSON Protobuf Encoding), `opentelemetry/proto/logs/v1/logs.proto`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from casbd import __version__
from casbd.model.activity import Activity
from casbd.model.alert import Alert, Severity
from casbd.model.governance import GovernanceCommand
from casbd.wire import json_lines
from casbd.wire.moments import moment

Item = Alert | Activity | GovernanceCommand

_SEVERITIES: Mapping[Severity, tuple[int, str]] = {
    "informational": (9, "INFO"),
    "low": (10, "INFO2"),
    "medium": (13, "WARN"),
    "high": (17, "ERROR"),
}
_NANOSECONDS = 1_000_000
_END = 1 << 63


def record(item: Item, message: bytes, uid: str, kind: str) -> bytes:
    """A log record. message: the item's JSON. uid: the same when it is sent again, and no other message's. kind: what the item is."""
    number, text = _severity(item)
    return json_lines.line(
        {
            "timeUnixNano": str(_nanoseconds(moment(item))),
            "severityNumber": number,
            "severityText": text,
            "eventName": f"casbd.{kind}",
            "body": _value(message.decode()),
            "attributes": _attributes({"log.record.uid": uid, "casbd.type": kind, **_about(item)}),
        }
    )


def request(records: bytes, host: str) -> bytes:
    """The body of an export. records: separated by commas. host: whose they are."""
    resource = {"service.name": "casbd", "service.version": __version__, "host.name": host}
    head = json_lines.line({"attributes": _attributes(resource)})
    scope = json_lines.line({"name": "casbd", "version": __version__})
    return b'{"resourceLogs":[{"resource":%b,"scopeLogs":[{"scope":%b,"logRecords":[%b]}]}]}' % (head, scope, records)


def _nanoseconds(moment: int) -> int:
    """0, which is unknown, of what receivers cannot count: before 1970 and after 2262 there is nothing for them. The body has it."""
    time = moment * _NANOSECONDS
    return time if 0 <= time < _END else 0


def _severity(item: Item) -> tuple[int, str]:
    if isinstance(item, Alert):
        return _SEVERITIES[item.severity]
    is_failure = isinstance(item, GovernanceCommand) and item.status == "failed"
    return _SEVERITIES["medium" if is_failure else "informational"]


def _about(item: Item) -> Mapping[str, Any]:
    if isinstance(item, Alert):
        return {
            "casbd.id": item.alert_id,
            "casbd.event": item.event,
            "casbd.policy": item.policy_name,
            "user.name": item.user,
            "client.address": item.ip_address,
            "geo.country.iso_code": item.country,
            "casbd.app": item.app,
            "cloud.account.id": item.app_instance,
        }
    if isinstance(item, Activity):
        return {
            "casbd.id": item.activity_id,
            "casbd.event": item.activity_type,
            "user.name": item.user,
            "user.id": item.user_id,
            "client.address": item.ip_address,
            "client.port": item.ip_port,
            "geo.country.iso_code": item.country,
            "user_agent.original": item.user_agent,
            "casbd.app": item.app,
            "cloud.account.id": item.app_instance,
        }
    return {
        "casbd.id": item.command_id,
        "casbd.event": item.action,
        "casbd.status": item.status,
        "user.name": item.target,
        "user.id": item.user_id,
        "casbd.app": item.app,
        "cloud.account.id": item.app_instance,
    }


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items() if value not in (None, "")]


def _value(value: str | int) -> dict[str, str]:
    """A 64 bit integer is a text in JSON."""
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}
