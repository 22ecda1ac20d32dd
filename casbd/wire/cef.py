"""Alerts, activities and outcomes of governance as CEF, in two profiles.

`casbd` uses what the CEF dictionary offers; `mcas` writes what Microsoft's SIEM agent for Defender for Cloud Apps wrote
(https://learn.microsoft.com/defender-cloud-apps/siem), so that parsers made for it keep working.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from casbd import __version__
from casbd.model.activity import Activity
from casbd.model.alert import Alert, Severity
from casbd.model.governance import GovernanceCommand
from casbd.wire import cef_casbd, cef_mcas
from casbd.wire.cef_classes import alert_class
from casbd.wire.cef_message import CLASS_MOST, extension, header_text, message

Profile = Literal["casbd", "mcas"]
Names = Literal["substitute", "escape"]
"""What becomes of characters in a name that mean something in the header (see `header_text`)."""

SEVERITY: dict[Severity, int] = {"informational": 0, "low": 3, "medium": 6, "high": 8}

_VENDOR = {"casbd": "casbd|casbd", "mcas": "MCAS|SIEM_Agent"}
_EVENT_CLASS = {
    "log on": "LOGIN",
    "failed log on": "FAILED_LOGIN",
    "single sign-on log on": "SSO_LOGIN",
    "log out": "LOGOUT",
}
"""Where the agent's class is not just the activity type in capitals."""


def alert(alert: Alert, *, profile: Profile = "casbd", portal: str = "", names: Names = "substitute", limit: int = 0) -> str:
    """An alert as one CEF message.

    portal: the address of a web page that shows alerts, for `cs1` (portalURL). names: `escape` where the receiver undoes escapes in the
    header. limit: bytes, from 480; 0 is no limit.
    """
    keys = cef_mcas.alert_keys(portal) if profile == "mcas" else cef_casbd.alert_keys(portal)
    start = _start(profile, alert_class(alert))
    pairs = extension(keys, alert, with_empty=profile == "mcas")
    return message(start, header_text(alert.policy_name, escaped=names == "escape"), SEVERITY[alert.severity], pairs, limit)


def activity(activity: Activity, *, profile: Profile = "casbd", portal: str = "", names: Names = "substitute", limit: int = 0) -> str:
    """An activity as one CEF message; portal, names and limit as for `alert`."""
    keys = cef_mcas.activity_keys(portal) if profile == "mcas" else cef_casbd.activity_keys(portal)
    name = header_text(activity.activity_type, escaped=names == "escape")
    if activity.is_impersonated:
        name += " (impersonated)"
    pairs = extension(keys, activity, with_empty=profile == "mcas")
    return message(_start(profile, event_class(activity.activity_type[:CLASS_MOST])), name, 0, pairs, limit)


def command(command: GovernanceCommand, *, profile: Profile = "casbd", portal: str = "", limit: int = 0) -> str:
    """What became of a governance command as one CEF message; portal and limit as for `alert`.

    Microsoft's agent sent none: with its profile the header is the agent's, and the keys are casbd's.
    """
    start = _start(profile, f"GOVERNANCE_{command.action.upper()}"[:CLASS_MOST])
    pairs = extension(cef_casbd.command_keys(portal), command, with_empty=False)
    return message(start, header_text(f"{command.action} {command.status}"), SEVERITY[outcome_severity(command)], pairs, limit)


def outcome_severity(command: GovernanceCommand) -> Severity:
    """What failed somebody has to look at; what was done is worth knowing; the others nobody acted on."""
    if command.status == "failed":
        return "medium"
    return "low" if command.status in ("succeeded", "reverted", "pending_approval") else "informational"


@lru_cache(1024)
def event_class(activity_type: str) -> str:
    """`Upload file` -> `EVENT_CATEGORY_UPLOAD_FILE`."""
    event_class = _EVENT_CLASS.get(activity_type.casefold())
    name = event_class or re.sub(r"[^A-Z0-9]+", "_", activity_type.upper()).strip("_") or "UNSPECIFIED"
    return f"EVENT_CATEGORY_{name}"[:CLASS_MOST]


@lru_cache(1024)
def _start(profile: Profile, class_id: str) -> str:
    return f"CEF:0|{_VENDOR[profile]}|{__version__}|{class_id}|"
