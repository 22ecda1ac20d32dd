"""Google Workspace: the activities of the Admin SDK's Reports API, of all applications.

Read as `{"items": [...]}` or `{"activities": [...]}` (newest first) or one a line. One record may hold several events: each
becomes an activity, the first with the record's id, the others with `#1`, `#2` ...
Source: Google, "Activities" of the Reports API (https://developers.google.com/workspace/admin/reports/reference/rest/v1/activities)
and its appendix of events; which event is which canonical activity is in `casbd/data/google_workspace_activities.yaml`.

What it cannot know: only log ons have a result; user agents are there in a few applications.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from casbd import plugins
from casbd.errors import BadRecord
from casbd.formats._activity_table import ActivityTable
from casbd.formats._lenient import Reader, share
from casbd.formats._objects import put_objects
from casbd.model.activity import Activity, ActivityObject
from casbd.registry import plugin
from casbd.wire import addresses, timestamps


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


class Event(msgspec.Struct, gc=False):
    """What was done."""

    name: str
    type: str | None = None
    parameters: Any = None


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


@plugin
class GoogleWorkspace:
    """`format: google_workspace`."""

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}

    def __init__(self, options: plugins.Options) -> None:  # noqa: ARG002  it has no options
        self._read = Reader(Record, "record of Google's Reports API", ("id",)).read
        self._table = ActivityTable("google_workspace")

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """Every record has `id.applicationName`, and `events` or the name of one."""
        return share(
            sample,
            lambda record: (
                isinstance(record.get("id"), dict) and "applicationName" in record["id"] and ("events" in record or "name" in record)
            ),
        )

    def parse(self, record: bytes) -> Sequence[Activity]:
        """An activity for each event. BadRecord where it is no JSON object or has no time or no event."""
        found = self._read(record)
        try:
            timestamp = timestamps.parse(found.id.time)
        except ValueError as error:
            raise BadRecord(f"id.time {found.id.time[:40]!r}: {error}") from None
        events = found.events or ([Event(found.name, found.type, found.parameters)] if found.name else [])
        if not events:
            raise BadRecord("a record without events")
        name = f"{found.id.applicationName}/{found.id.time}/{found.id.uniqueQualifier}"
        return [self._activity(found, event, timestamp, name if not number else f"{name}#{number}") for number, event in enumerate(events)]

    def _activity(self, record: Record, event: Event, timestamp: int, name: str) -> Activity:
        kind = self._table.kind(event.name)
        application = record.id.applicationName or ""
        activity = Activity(timestamp, name, kind.activity_type, event.name, _APPS.get(application, "Google Workspace"))
        activity.app_instance = record.id.customerId or None
        activity.is_admin_operation = application == "admin"
        actor = record.actor or Actor()
        activity.user = (actor.email or "").lower() or actor.key or None
        activity.user_id = str(actor.profileId) if actor.profileId else None
        if actor.key and not actor.email:
            activity.user_type = "System" if actor.key == "SYSTEM" else "Application"
        elif actor.email:
            activity.user_type = "Regular"
        if record.ipAddress:
            activity.ip_address, activity.ip_port = addresses.parse(record.ipAddress)
        values = _parameters(event.parameters)
        agent = values.get("user_agent") or values.get("USER_AGENT")
        activity.user_agent = agent if isinstance(agent, str) else None
        if kind.activity_type in ("Log on", "Failed log on"):
            activity.result = "success" if kind.activity_type == "Log on" else "failure"
            detail = values.get("login_failure_type")
            activity.result_detail = detail if isinstance(detail, str) else None
        put_objects(activity, _objects(values))
        return activity


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


def _parameters(given: Any) -> dict[str, Any]:
    """The parameters of an event by name; of several values the list."""
    found = {}
    for pair in given if isinstance(given, list) else ():
        if isinstance(pair, dict) and isinstance(pair.get("name"), str):
            found[pair["name"]] = pair["value"] if "value" in pair else next((value for key, value in pair.items() if key != "name"), None)
    return found


def _objects(values: dict[str, Any]) -> list[ActivityObject]:
    found: dict[tuple[str, str], ActivityObject] = {}
    for of_id, of_name, kind in _NAMED:
        if of_id not in values and of_name not in values:
            continue
        identifier, name = _text(values.get(of_id)), _text(values.get(of_name))
        if identifier or name:
            found.setdefault((kind, identifier or name or ""), ActivityObject(identifier, name or identifier, kind, "target"))
    return [*found.values()]


def _text(value: Any) -> str | None:
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, str) and first else None
