"""Google Workspace: the activities of the Admin SDK's Reports API, of all applications; and the alerts of the Alert Center.

Read as `{"items": [...]}` or `{"activities": [...]}` (newest first) or one a line. One record may hold several events: each
becomes an activity, the first with the record's id, the others with `#1`, `#2` ... Alerts: `{"alerts": [...]}`, or one a line.
Source: Google, "Activities" of the Reports API (https://developers.google.com/workspace/admin/reports/reference/rest/v1/activities)
and its appendix of events; which event is which canonical activity is in `casbd/data/google_workspace_activities.yaml`.

Of alerts: "REST Resource: alerts" (https://developers.google.com/workspace/admin/alertcenter/reference/rest/v1beta1/alerts).

What it cannot know: only log ons, and events with a status, have a result; user agents are there in a few applications. Many alerts (of
rules, settings, outages) name no user; of reported mail the recipient is known, and the sender stands among the objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from casbd import plugins
from casbd.errors import BadRecord
from casbd.formats._activity_table import UNSPECIFIED, ActivityTable
from casbd.formats._google_alerts import activity_of, is_alert
from casbd.formats._lenient import Reader, as_dict, share
from casbd.formats._objects import put_objects
from casbd.formats._plain import dict_of, text_of
from casbd.formats._times import time_of
from casbd.model.activity import Activity, ActivityObject
from casbd.plugins import registry
from casbd.records import addresses


class Id(msgspec.Struct, gc=False):
    """What makes a record one of its own."""

    time: str
    uniqueQualifier: str | int | None = None  # noqa: N815
    applicationName: str | None = None  # noqa: N815
    customerId: str | None = None  # noqa: N815


class Actor(msgspec.Struct, gc=False):
    """Who did it."""

    email: str | None = None
    profileId: str | int | None = None  # noqa: N815
    callerType: str | None = None  # noqa: N815
    key: str | None = None
    applicationInfo: Any = None  # noqa: N815


class Event(msgspec.Struct, gc=False):
    """What was done."""

    name: str
    type: str | None = None
    parameters: Any = None
    status: Any = None


class Record(msgspec.Struct, gc=False):
    """The part of a record that becomes activities; names are Google's, the rest stays in `raw`.

    name, type, parameters: some tools write each event as a record of its own.
    """

    id: Id
    events: list[Event] | None = None
    actor: Actor | None = None
    ipAddress: str | None = None  # noqa: N815
    name: str | None = None
    type: str | None = None
    parameters: Any = None


APP = "Google Workspace"
_APPS = {
    "calendar": "Google Calendar",
    "chat": "Google Chat",
    "drive": "Google Drive",
    "gmail": "Gmail",
    "groups": "Google Groups",
    "groups_enterprise": "Google Groups",
    "keep": "Google Keep",
    "meet": "Google Meet",
}


@registry.format
class GoogleWorkspace:
    """The Reports API of the Admin SDK, all applications; alerts of the Alert Center."""

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}
    words: ClassVar[plugins.Words] = {"app": (APP, *_APPS.values())}

    def __init__(self, options: plugins.Options) -> None:  # noqa: ARG002  it has no options
        self._read = Reader(Record, "record of Google's Reports API", ("id",)).read
        self._table = ActivityTable("google_workspace")

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """Every record has `id.applicationName`, and `events` or the name of one; or is an alert by its keys."""
        return share(sample, lambda record: _is_activity(record) or is_alert(record))

    def parse(self, record: bytes) -> Sequence[Activity]:
        """An activity for each event, or one of an alert. BadRecord where it is no JSON object or has no time or no event."""
        if b'"alertId"' in record and is_alert(alert := as_dict(record) or {}):
            return (activity_of(alert),)
        entry = self._read(record)
        timestamp = time_of("id.time", entry.id.time)
        events = entry.events or ([Event(entry.name, entry.type, entry.parameters)] if entry.name else [])
        if not events:
            raise BadRecord("a record without events")
        name = f"{entry.id.applicationName}/{entry.id.time}/{entry.id.uniqueQualifier}"
        return [self._activity(entry, event, timestamp, name if not number else f"{name}#{number}") for number, event in enumerate(events)]

    def _activity(self, record: Record, event: Event, timestamp: int, name: str) -> Activity:
        application = record.id.applicationName or ""
        values = _parameters(event.parameters)
        kind = self._kind(application, event.name, values)
        activity = Activity(timestamp, name, kind, event.name, _APPS.get(application, APP))
        activity.app_instance = record.id.customerId or None
        activity.is_admin_operation = application == "admin"
        actor = record.actor or Actor()
        _who(actor, activity)
        if record.ipAddress:
            activity.ip_address, activity.ip_port = addresses.parse(record.ipAddress)
        agent = values.get("user_agent") or values.get("USER_AGENT")
        activity.user_agent = agent if isinstance(agent, str) else None
        activity.result, activity.result_detail = _result(kind, event, values)
        if kind == "Log on" and activity.result == "failure":
            activity.activity_type = "Failed log on"
        put_objects(activity, _objects(values))
        return activity

    def _kind(self, application: str, event: str, values: dict[str, Any]) -> str:
        """The table has `application.event` where the event's name alone says too little."""
        kind = self._table.kind(f"{application}.{event}").activity_type
        kind = kind if kind != UNSPECIFIED else self._table.kind(event).activity_type
        return "Unshare file" if kind == "Share file" and _takes_away(values) else kind


def _is_activity(record: dict[str, Any]) -> bool:
    return isinstance(record.get("id"), dict) and "applicationName" in record["id"] and ("events" in record or "name" in record)


_NOBODY = "105250506097979753968"
"""Google's placeholder where there is no profile."""


def _who(actor: Actor, activity: Activity) -> None:
    application = dict_of(actor.applicationInfo)
    name = text_of(application.get("applicationName")) or text_of(application.get("oauthClientId"))
    activity.user = (actor.email or "").lower() or actor.key or name
    activity.user_id = str(actor.profileId) if actor.profileId and str(actor.profileId) != _NOBODY else None
    if application.get("impersonation") is True:
        activity.is_impersonated = True
    if actor.email:
        activity.user_type = "Regular"
    elif actor.key or name:
        activity.user_type = "System" if actor.key == "SYSTEM" else "Application"


def _takes_away(values: dict[str, Any]) -> bool:
    """Whether a change of who may see something leaves it to fewer."""
    return _text(values.get("new_value")) in ("none", "private") or str(values.get("membership_change_type")).startswith("remove_")


_STATUS = {"SUCCEEDED": "success", "SUCCEEDED_WITH_WARNINGS": "partial", "FAILED": "failure"}


def _result(kind: str, event: Event, values: dict[str, Any]) -> tuple[str | None, str | None]:
    """What the event's status says, else its name or a challenge's outcome."""
    detail = _text(values.get("login_failure_type")) or _text(values.get("failure_type"))
    status = dict_of(event.status)
    outcome = _STATUS.get(text_of(status.get("eventStatus")) or "")
    if outcome:
        return outcome, text_of(status.get("errorMessage")) or text_of(status.get("errorCode")) or detail
    if kind in ("Log on", "Failed log on"):
        return "success" if kind == "Log on" else "failure", detail
    challenge = (_text(values.get("login_challenge_status")) or "").casefold()
    if "passed" in challenge or "failed" in challenge:
        return "success" if "passed" in challenge else "failure", detail
    return ("failure", detail) if event.name in _DENIED else (None, detail)


_DENIED = frozenset({"risky_sensitive_action_blocked", "ACCESS_DENY_EVENT"})
_NAMED = (
    # id, name, type: the parameters that name what was acted on, most to the point first
    ("doc_id", "doc_title", "File"),
    ("USER_EMAIL", "USER_EMAIL", "User"),
    ("target_user", "target_user", "User"),
    ("affected_email_address", "affected_email_address", "User"),
    ("user_email", "user_email", "User"),
    ("member_id", "member_id", "User"),
    ("grantee_email", "grantee_email", "User"),
    ("GROUP_EMAIL", "GROUP_EMAIL", "Group"),
    ("group_id", "group_email", "Group"),
    ("group_email", "group_email", "Group"),
    ("ROLE_ID", "ROLE_NAME", "Role"),
    ("event_id", "event_title", "Event"),
    ("calendar_id", "calendar_id", "Calendar"),
    ("client_id", "app_name", "Application"),
    ("API_CLIENT_NAME", "API_CLIENT_NAME", "Application"),
    ("OAUTH2_APP_ID", "OAUTH2_APP_NAME", "Application"),
    ("SETTING_NAME", "SETTING_NAME", "Setting"),
    ("DOMAIN_NAME", "DOMAIN_NAME", "Domain"),
    ("ORG_UNIT_NAME", "ORG_UNIT_NAME", "Organizational unit"),
)


def _parameters(pairs: Any) -> dict[str, Any]:
    """The parameters of an event by name; of several values the list."""
    values = {}
    for pair in pairs if isinstance(pairs, list) else ():
        if isinstance(pair, dict) and isinstance(pair.get("name"), str):
            values[pair["name"]] = pair["value"] if "value" in pair else next((value for key, value in pair.items() if key != "name"), None)
    return values


def _objects(values: dict[str, Any]) -> list[ActivityObject]:
    objects: dict[tuple[str, str], ActivityObject] = {}
    for of_id, of_name, kind in _NAMED:
        if of_id not in values and of_name not in values:
            continue
        identifier, name = _text(values.get(of_id)), _text(values.get(of_name))
        if identifier or name:
            objects.setdefault((kind, identifier or name or ""), ActivityObject(identifier, name or identifier, kind, "target"))
    return [*objects.values()]


def _text(value: Any) -> str | None:
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, str) and first else None
