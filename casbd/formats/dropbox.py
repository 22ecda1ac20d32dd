"""The team log of Dropbox Business: events of `{"events": [...]}` (`team_log/get_events`), or one a line.

Source: Dropbox, "team_log" of the Business API (https://www.dropbox.com/developers/documentation/http/teams#team_log-get_events) and its
specification (https://github.com/dropbox/dropbox-api-spec); which event is which canonical activity is in
`casbd/data/dropbox_activities.yaml`. Unions name their kind in `.tag`; what belongs to it stands beside it, or under the kind's name.

What it cannot know: events have no id (casbd's hash stands for it) and no user agent. The team has a name only in an enterprise of
several teams; tell others apart by the input's `instance`. Results are those of log ons and of events that are failures by name.
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
from casbd.formats._plain import dict_of, list_of, text_of
from casbd.formats._times import time_of
from casbd.model.activity import Activity, ActivityObject
from casbd.plugins import registry
from casbd.records import addresses


class Record(msgspec.Struct, gc=False):
    """The part of an event that becomes an activity; names are Dropbox's, the rest stays in `raw`."""

    timestamp: str
    event_type: Any
    event_category: Any = None
    actor: Any = None
    origin: Any = None
    context: Any = None
    participants: Any = None
    assets: Any = None
    details: Any = None


APP = "Dropbox"


@registry.format
class Dropbox:
    """The team log of Dropbox Business."""

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}
    words: ClassVar[plugins.Words] = {"app": (APP,)}

    def __init__(self, options: plugins.Options) -> None:  # noqa: ARG002  it has no options
        self._read = Reader(Record, "Dropbox team event", ("timestamp", "event_type")).read
        self._table = ActivityTable("dropbox")

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """Every event has a timestamp, and event_type and event_category with a tag."""
        return share(
            sample,
            lambda record: (
                "timestamp" in record
                and all(_tag(record.get(key)) and isinstance(record[key], dict) for key in ("event_type", "event_category"))
            ),
        )

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity. BadRecord where it is no JSON object or has no time or event type."""
        entry = self._read(record)
        event = _tag(entry.event_type)
        if event is None:
            raise BadRecord("event_type has no tag")
        timestamp = time_of("timestamp", entry.timestamp)
        kind = self._table.kind(event)
        details, context = dict_of(entry.details), _inside(entry.context)
        activity = Activity(timestamp, "", _by_value(event, details) or kind.activity_type, event, APP)
        _who(entry.actor, activity)
        team = context if _tag(entry.context) == "organization_team" else dict_of(context.get("team"))
        activity.app_instance = text_of(team.get("display_name"))
        origin = dict_of(entry.origin)
        place = dict_of(origin.get("geo_location"))
        activity.ip_address, activity.ip_port = addresses.parse(text_of(place.get("ip_address")))
        country = text_of(place.get("country")) or ""
        activity.country = country.upper() if len(country) == 2 and country.isascii() and country.isalpha() else None
        method = _tag(origin.get("access_method"))
        activity.device_type = _DEVICES.get(_tag(_inside(origin.get("access_method"))) or "")
        by_admin = _tag(entry.actor) == "admin" and _tag(entry.event_category) in _OF_THE_TEAM
        activity.is_admin_operation = kind.admin or method in _CONSOLES or by_admin
        activity.is_impersonated = True if method == "sign_in_as" or event.startswith("sign_in_as_session_") else None
        activity.result = _result(activity.activity_type, event)
        failure = dict_of(details.get("error_details"))
        activity.result_detail = text_of(failure.get("user_friendly_message")) or text_of(failure.get("technical_error_message"))
        objects = _objects(entry, details)
        if objects and objects[0].type == "Folder":
            activity.activity_type = _OF_FOLDERS.get(activity.activity_type, activity.activity_type)
        put_objects(activity, objects)
        return (activity,)


_CONSOLES = frozenset({"admin_console", "content_manager", "enterprise_console"})
_OF_THE_TEAM = frozenset({"apps", "devices", "groups", "members", "passwords", "tfa", "sso", "domains", "trusted_teams"})
"""Categories in which what an administrator does is done to the team, and not to his own files."""
_DEVICES = {"desktop": "PC", "mobile": "Mobile"}
_USER_TYPES = {"team_member": "Regular", "non_team_member": "Guest", "trusted_non_team_member": "Guest"}
_OF_FOLDERS = {f"{verb} file": f"{verb} folder" for verb in ("Copy", "Delete", "Move", "Rename")}
_BY_VALUE = {
    "account_lock_or_unlocked": {"locked": "Lock user", "unlocked": "Unlock user"},
    "member_change_status": {"active": "Create user", "suspended": "Suspend user", "removed": "Delete user"},
    "tfa_change_status": {
        "authenticator": "Enable multi-factor authentication",
        "disabled": "Disable multi-factor authentication",
        "enabled": "Enable multi-factor authentication",
        "sms": "Enable multi-factor authentication",
    },
}
"""What an event is by the tag of its new value."""
_ASSETS = {
    # kind: type, id, name
    "file": ("File", "file_id", "display_name"),
    "folder": ("Folder", "file_id", "display_name"),
    "paper_document": ("File", "doc_id", "doc_title"),
    "paper_folder": ("Folder", "folder_id", "folder_name"),
    "showcase_document": ("File", "showcase_id", "showcase_title"),
}


def _by_value(event: str, details: dict[str, Any]) -> str | None:
    new, old = _tag(details.get("new_value")), _tag(details.get("previous_value"))
    if event == "member_change_status" and (old, new) == ("suspended", "active"):
        return "Unsuspend user"
    if event == "member_change_admin_role" and (new or old):
        return "Remove member from role" if new in (None, "member_only") else "Add member to role"
    return _BY_VALUE.get(event, {}).get(new or "")


def _who(actor: Any, activity: Activity) -> None:
    kind, party = _tag(actor), _inside(actor)
    email = text_of(party.get("email")) or text_of(party.get("reseller_email"))
    name = text_of(party.get("display_name")) or text_of(party.get("reseller_name"))
    activity.user_id = text_of(party.get("account_id")) or text_of(party.get("app_id"))
    activity.user = email.lower() if email else name or activity.user_id
    activity.user_display_name = name
    if kind == "dropbox":
        activity.user, activity.user_type = "Dropbox", "System"
    elif kind in ("admin", "reseller"):
        activity.user_type = "Admin"
    elif kind == "app":
        activity.user_type = "Application"
    elif kind == "user":
        activity.user_type = _USER_TYPES.get(_tag(party) or "", "Regular")


def _result(activity_type: str, event: str) -> str | None:
    if activity_type == "Failed log on" or event.endswith(("_fail", "_failed", "_unsuccessful")):
        return "failure"
    return "success" if activity_type == "Log on" or event.endswith("_success") else None


def _objects(record: Record, details: dict[str, Any]) -> list[ActivityObject]:
    """Assets, participants, the member on whose behalf it was done if that is another than the actor, and the app of the details."""
    objects = []
    for asset in list_of(record.assets):
        kind, of_id, of_name = _ASSETS.get(_tag(asset) or "", (None, "file_id", "display_name"))
        inside = _inside(asset)
        path = dict_of(inside.get("path"))
        name = text_of(inside.get(of_name)) or text_of(path.get("contextual"))
        objects.append(ActivityObject(text_of(inside.get(of_id)), name, kind, "target"))
    objects += [_party(_inside(one), "Group" if _tag(one) == "group" else "User") for one in list_of(record.participants)]
    context, actor = _inside(record.context), _inside(record.actor)
    if "account_id" in context and context["account_id"] != actor.get("account_id"):
        objects.append(_party(context, "User"))
    app = dict_of(details.get("app_info"))
    objects.append(ActivityObject(text_of(app.get("app_id")), text_of(app.get("display_name")), "Application", "target"))
    return [one for one in objects if one.id or one.name]


def _party(inside: dict[str, Any], kind: str) -> ActivityObject:
    identifier = text_of(inside.get("account_id")) or text_of(inside.get("group_id"))
    return ActivityObject(identifier, text_of(inside.get("email")) or text_of(inside.get("display_name")), kind, "target")


def _tag(union: Any) -> str | None:
    """The tag of a union (Dropbox's `.tag`); a union without values may be plain text."""
    return text_of(union.get(".tag")) if isinstance(union, dict) else text_of(union)


def _inside(union: Any) -> dict[str, Any]:
    """What belongs to a union's kind."""
    union = dict_of(union)
    inside = union.get(_tag(union) or "")
    return inside if isinstance(inside, dict) else union
