"""The profile `mcas`: the keys of Microsoft's SIEM agent, in its order, the empty ones included ("" here; None is left out).

Not `cs1`: public parsers read on to the next key where it is empty, so without a portal it is left out.

After the sample messages of https://learn.microsoft.com/defender-cloud-apps/siem. Label and `=` as newer agents and the CEF
rules have them: no quotes around a label, every `=` in a value escaped.
"""

from __future__ import annotations

from functools import cache
from urllib.parse import quote

from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.wire.cef_message import external_id, key
from casbd.wire.cef_values import ipv4, ipv6
from casbd.wire.moments import moment
from casbd.wire.pairs import Key

_APP_ID = {
    "active directory": "ACTIVE_DIRECTORY",
    "aws": "11599",
    "azure": "12260",
    "box": "BOX",
    "dropbox": "11627",
    "google": "33626",
    "google workspace": "33626",
    "jive software": "JIVE",
    "microsoft 365": "O365",
    "microsoft 365 admin center": "O365_PORTAL",
    "microsoft azure": "12260",
    "microsoft defender for cloud apps": "MCAS",
    "microsoft exchange online": "OUTLOOK",
    "microsoft onedrive for business": "15600",
    "microsoft power bi": "26324",
    "microsoft sharepoint online": "20892",
    "microsoft skype for business": "25275",
    "microsoft teams": "28375",
    "microsoft viva engage": "11522",
    "okta": "10980",
    "salesforce": "SALESFORCE",
    "servicenow": "SERVICENOW",
}
"""The ids that public material has seen: names of the agent's samples, else the numbers of the PowerShell module of MDCA."""

_WHAT_HAPPENED = (
    key("act", lambda a: None if a.event == "raised" else a.event),
    key("cnt", lambda a: None if a.event == "raised" else a.activity_count),
    key("outcome", lambda a: None if a.event == "raised" else a.resolution),
)
"""The agent told only that an alert was raised, and a message that tells it is as the agent's was."""


@cache
def alert_keys(portal: str = "") -> tuple[Key, ...]:
    """The extension of an alert."""
    return (
        key("externalId", lambda a: external_id(a.alert_id)),
        key("rt", moment),
        key("start", "first_activity"),
        key("end", "last_activity"),
        key("msg", _alert_text),
        key("suser", lambda a: a.user or ""),
        key("destinationServiceName", lambda a: a.app or ""),
        key("src", lambda a: ipv4(a.ip_address)),
        key("cn1", lambda a: "" if a.risk_score is None else a.risk_score, "riskScore"),
        key("cs1", lambda a: f"{portal.rstrip('/')}/#/alerts/{_quoted(a.alert_id)}" if portal else None, "portalURL"),
        key("cs2", lambda a: app_id(a.app), "uniqueServiceAppIds"),
        key("cs3", "activity_ids", "relatedAudits"),
        key("cs4", "policy_id", "policyIDs"),
        key("c6a1", lambda a: ipv6(a.ip_address), "Device IPv6 Address"),
        *_WHAT_HAPPENED,
    )


@cache
def activity_keys(portal: str = "") -> tuple[Key, ...]:
    """The extension of an activity."""
    return (
        key("externalId", lambda a: external_id(a.activity_id)),
        key("rt", "timestamp"),
        key("start", "timestamp"),
        key("end", "timestamp"),
        key("msg", _activity_text),
        key("suser", lambda a: a.user or ""),
        key("destinationServiceName", lambda a: a.app or ""),
        key("dvc", lambda a: ipv4(a.ip_address) or ""),
        key("requestClientApplication", lambda a: a.user_agent or ""),
        key("cs1", lambda a: f"{portal.rstrip('/')}/#/audits?activity.id=eq({_quoted(a.activity_id)},)" if portal else None, "portalURL"),
        key("cs2", lambda a: app_id(a.app), "uniqueServiceAppIds"),
        key("cs3", lambda a: tuple([o.name or o.id for o in a.objects]), "targetObjects"),
        key("cs4", "matched_policies", "policyIDs"),
        key("c6a1", lambda a: ipv6(a.ip_address) or "", "Device IPv6 Address"),
    )


def _alert_text(alert: Alert) -> str:
    """The agent's sentence, and the evidence; apostrophes are doubled (the agent never undid what Java's MessageFormat asks for)."""
    if alert.policy_type == "system":
        text = alert.title or alert.description or alert.policy_name
    else:
        text = f"Activity policy '{alert.policy_name}' was triggered" + (f" by '{alert.user}'" if alert.user else "")
        text += f". {alert.evidence}" if alert.evidence else ""
    return text.replace("'", "''")


def _activity_text(a: Activity) -> str:
    """`View report: ServiceNow Report 23`."""
    what = a.object_name or a.object_id
    if not what:
        return a.activity_type
    return f"{a.activity_type}: {a.object_type} {what}" if a.object_type else f"{a.activity_type}: {what}"


def app_id(app: str | None) -> str | None:
    """`Box` -> `APPID_BOX`; None for an app whose id is not known: a made-up one would be looked up in vain."""
    known = _APP_ID.get(app.casefold()) if app else None
    return f"APPID_{known}" if known else None


def _quoted(item_id: str) -> str:
    return quote(item_id, safe="", errors="replace")
