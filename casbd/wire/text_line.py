"""Alerts, activities and outcomes of governance as lines for people."""

from __future__ import annotations

from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.records.timestamps import iso
from casbd.wire.moments import moment
from casbd.wire.plain_text import cut, single_line

_MOST = 200
"""Characters of one value."""


def alert(alert: Alert) -> str:
    """`2026-01-31T12:00:00.000Z  high  Policy: title  user=a@example.com app=Box ... id=...`."""
    title = f": {alert.title}" if alert.title not in ("", alert.policy_name) else ""
    about = single_line(f"{alert.policy_name}{title}")
    pairs = {"user": alert.user, "app": alert.app, "ip": alert.ip_address, "country": alert.country}
    pairs |= {"activities": str(alert.activity_count), "id": alert.alert_id}
    if alert.event != "raised":
        pairs |= {"event": alert.event, "as": alert.resolution}
    return f"{iso(alert.last_activity)}  {alert.severity}  {cut(about, _MOST)}  {_pairs(pairs)}"


def activity(activity: Activity) -> str:
    """`2026-01-31T12:00:00.000Z  Log on  user=a@example.com app=Box ... id=...`."""
    pairs = {
        "user": activity.user,
        "app": activity.app,
        "ip": activity.ip_address,
        "country": activity.country,
        "object": activity.object_name or activity.object_id,
        "result": activity.result,
        "id": activity.activity_id,
    }
    return f"{iso(activity.timestamp)}  {cut(single_line(activity.activity_type), _MOST)}  {_pairs(pairs)}"


def command(command: GovernanceCommand) -> str:
    """`2026-01-31T12:00:00.000Z  governance  suspend_user succeeded  user=a@example.com connector=entra ... id=...`."""
    pairs = {
        "user": command.target,
        "connector": command.connector,
        "reason": command.error or command.reason,
        "who": command.who,
        "policy": command.policy_id,
        "id": command.command_id,
    }
    when = iso(moment(command))
    return f"{when}  governance  {cut(single_line(command.action), _MOST)} {command.status}  {_pairs(pairs)}"


def _pairs(pairs: dict[str, str | None]) -> str:
    return " ".join(f"{name}={cut(single_line(value), _MOST)}" for name, value in pairs.items() if value)
