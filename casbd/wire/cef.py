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
from casbd.wire.cef_message import CLASS_MOST, NAME_MOST, Header, header_text, message

Profile = Literal["casbd", "mcas"]
Names = Literal["substitute", "escape"]
"""What becomes of characters in a name that mean something in the header (see `header_text`)."""

SEVERITY: dict[Severity, int] = {"informational": 0, "low": 3, "medium": 6, "high": 8}

_NAME_SEEN = 2 * NAME_MOST
"""Characters of a name that are looked at, so that what is remembered stays small whatever is in the records."""
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
    header = _header(profile, alert_class(alert), alert.policy_name[:_NAME_SEEN], names, SEVERITY[alert.severity])
    return message(header, keys, alert, with_empty=profile == "mcas", limit=limit)


def activity(activity: Activity, *, profile: Profile = "casbd", portal: str = "", names: Names = "substitute", limit: int = 0) -> str:
    """An activity as one CEF message; portal, names and limit as for `alert`."""
    keys = cef_mcas.activity_keys(portal) if profile == "mcas" else cef_casbd.activity_keys(portal)
    kind = activity.activity_type[:_NAME_SEEN]
    header = _header(profile, event_class(kind[:CLASS_MOST]), kind, names, 0, " (impersonated)" if activity.is_impersonated else "")
    return message(header, keys, activity, with_empty=profile == "mcas", limit=limit)


def command(command: GovernanceCommand, *, profile: Profile = "casbd", portal: str = "", limit: int = 0) -> str:
    """What became of a governance command as one CEF message; portal and limit as for `alert`.

    Microsoft's agent sent none: with its profile the header is the agent's, and the keys are casbd's.
    """
    class_id = f"GOVERNANCE_{command.action.upper()}"[:CLASS_MOST]
    name = f"{command.action} {command.status}"[:_NAME_SEEN]
    header = _header(profile, class_id, name, "substitute", SEVERITY[outcome_severity(command)])
    return message(header, cef_casbd.command_keys(portal), command, limit=limit)


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
def _header(profile: Profile, class_id: str, name: str, names: Names, severity: int, behind: str = "") -> Header:
    """Remembered: there are few policies and types of activities. behind: what follows the name."""
    name = header_text(name, escaped=names == "escape") + behind
    return Header(f"CEF:0|{_VENDOR[profile]}|{__version__}|{class_id}|", name, f"|{severity}|")
