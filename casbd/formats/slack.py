"""Slack's Audit Logs API: entries of `{"entries": [...]}`, or one a line.

Source: Slack, "Audit Logs API methods & actions" (https://docs.slack.dev/reference/audit-logs-api/methods-actions-reference) and
"Using the Audit Logs API" (https://docs.slack.dev/admins/audit-logs-api); which action is which canonical activity is in
`casbd/data/slack_activities.yaml`.

What it cannot know: only log ons have a result; an actor is a user whatever the role, so guests and administrators look alike.
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
from casbd.formats._plain import dict_of, text_of
from casbd.formats._times import time_of
from casbd.model.activity import Activity, ActivityObject
from casbd.plugins import registry
from casbd.records import addresses


class User(msgspec.Struct, gc=False):
    """`actor.user`."""

    id: str | None = None
    name: str | None = None
    email: str | None = None


class Actor(msgspec.Struct, gc=False):
    """Who did it."""

    type: str | None = None
    user: User | None = None
    app: Any = None


class Location(msgspec.Struct, gc=False):
    """The workspace or the organization where it happened."""

    id: str | None = None
    name: str | None = None
    domain: str | None = None


class Context(msgspec.Struct, gc=False):
    """Where it came from."""

    location: Location | None = None
    ua: str | None = None
    ip_address: str | None = None


class Record(msgspec.Struct, gc=False):
    """The part of an entry that becomes an activity; names are Slack's, the rest stays in `raw`."""

    action: str
    date_create: float | str
    id: str | None = None
    actor: Actor | None = None
    context: Context | None = None
    entity: Any = None
    details: Any = None


APP = "Slack"


@registry.format
class Slack:
    """The Audit Logs API."""

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}
    words: ClassVar[plugins.Words] = {"app": (APP,)}

    def __init__(self, options: plugins.Options) -> None:  # noqa: ARG002  it has no options
        self._read = Reader(Record, "Slack audit entry", ("action", "date_create"), ("date_create",)).read
        self._table = ActivityTable("slack")

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """Every entry has date_create, action, actor and entity or context."""
        return share(
            sample,
            lambda record: all(key in record for key in ("date_create", "action", "actor")) and ("entity" in record or "context" in record),
        )

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity. BadRecord where it is no JSON object or has no time or action."""
        entry = self._read(record)
        if not entry.action:
            raise BadRecord("action is empty")
        timestamp = time_of("date_create", entry.date_create)
        kind = self._table.kind(entry.action)
        activity = Activity(timestamp, entry.id or "", kind.activity_type, entry.action, APP)
        activity.is_admin_operation = kind.admin
        _who(entry.actor or Actor(), activity)
        context = entry.context or Context()
        if context.location:
            activity.app_instance = context.location.name or context.location.domain or context.location.id or None
        if context.ip_address:
            activity.ip_address, activity.ip_port = addresses.parse(context.ip_address)
        activity.user_agent = context.ua or None
        details = entry.details if isinstance(entry.details, dict) else {}
        activity.result = _RESULTS.get(kind.activity_type) or _RESULTS.get(entry.action)
        activity.result_detail = _reason(details.get("reason"))
        put_objects(activity, _objects(entry.entity, details))
        return (activity,)


_RESULTS = {
    "Log on": "success",
    "Failed log on": "failure",
    "file_download_blocked": "failure",
    "file_downloaded_blocked": "failure",
    "file_upload_blocked_by_type": "failure",
    "file_share_blocked_by_type": "failure",
}
"""Of canonical activities, and of actions that say that nothing came of them."""
_SLACK_ITSELF = frozenset({"USLACKBOT", "USLACKSECURITY"})
_NOBODY = "USLACKUSER"
"""Stands where an action has no actor ("Using the Audit Logs API")."""
_TYPES = {
    "account_type_role": "Role",
    "app": "Application",
    "enterprise": "Organization",
    "usergroup": "Group",
    "workflow_v2": "Workflow",
}
"""Other types of entities are as Slack calls them."""


def _who(actor: Actor, activity: Activity) -> None:
    user = actor.user or User()
    if user.id == _NOBODY:
        return
    if actor.user is None and actor.app:
        app = dict_of(actor.app)
        activity.user, activity.user_id = text_of(app.get("name")) or text_of(app.get("id")), text_of(app.get("id"))
        activity.user_type = "Application" if activity.user else None
        return
    activity.user = (user.email or "").lower() or user.name or None
    activity.user_id = user.id or None
    activity.user_display_name = user.name or None
    if user.id in _SLACK_ITSELF:
        activity.user_type = "System"
    elif actor.type == "user":
        activity.user_type = "Regular"


def _reason(reason: Any) -> str | None:
    """One reason, or those of an anomaly."""
    reasons = reason if isinstance(reason, list) else [reason]
    return ", ".join(text for one in reasons if (text := text_of(one))) or None


def _objects(entity: Any, details: dict[str, Any]) -> list[ActivityObject]:
    """The entity, then who and what the details name."""
    objects: dict[tuple[str | None, str | None], ActivityObject] = {}

    def add(kind: str | None, of: str | None, name: str | None) -> None:
        if of or name:
            objects.setdefault((kind, of or name), ActivityObject(of, name, kind, "target"))

    if isinstance(entity, dict):
        entity_type = text_of(entity.get("type"))
        thing = entity.get(entity_type)
        if not isinstance(thing, dict):
            thing = next((value for value in entity.values() if isinstance(value, dict)), {})
        kind = _TYPES.get(entity_type, entity_type.replace("_", " ").capitalize()) if entity_type else None
        if kind == "Message":
            add(kind, text_of(thing.get("timestamp")), None)
            add("Channel", text_of(thing.get("channel")), None)
        else:
            names = ("email", "name") if kind == "User" else ("name", "title", "domain")
            add(kind, text_of(thing.get("id")), next((name for key in names if (name := text_of(thing.get(key)))), None))
    for key in ("target_user", "target_user_id", "user"):
        add("User", text_of(details.get(key)), None)
    add("User", text_of(details.get("external_user_id")), text_of(details.get("external_user_email")))
    add("Organization", text_of(details.get("external_organization_id")), text_of(details.get("external_organization_name")))
    for key in ("channel", "channel_id"):
        add("Channel", text_of(details.get(key)), None)
    return [*objects.values()]
