"""GitHub's audit log of an organization or an enterprise: JSON exports, the REST API, and the stream to a bucket.

Source: GitHub, "Reviewing the audit log for your organization" and "Audit log events for your organization"
(https://docs.github.com/en/organizations/keeping-your-organization-secure/managing-security-settings-for-your-organization/),
"Identifying audit log events performed by an access token" (https://docs.github.com/en/enterprise-cloud@latest/admin/
monitoring-activity-in-your-enterprise/reviewing-audit-logs-for-your-enterprise/);
which action is which canonical activity is in `casbd/data/github_activities.yaml`.

What it cannot know: only log ons, API requests and what was rejected have a result; addresses are only there when the enterprise has
switched their display on, and user agents are those of the web.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from casbd import plugins
from casbd.formats._activity_table import ActivityTable
from casbd.formats._lenient import Reader, share
from casbd.formats._objects import put_objects
from casbd.formats._times import time_of
from casbd.model.activity import Activity, ActivityObject
from casbd.plugins import registry
from casbd.records import addresses


class Location(msgspec.Struct, gc=False):
    """`actor_location`."""

    country_code: str | None = None


class Record(msgspec.Struct, gc=False):
    """The part of an event that becomes an activity; names are GitHub's, the rest stays in `raw`."""

    action: str
    at: float | str | None = msgspec.field(default=None, name="@timestamp")
    created_at: float | str | None = None
    document: str | None = msgspec.field(default=None, name="_document_id")
    actor: str | None = None
    actor_id: int | str | None = None
    actor_is_bot: bool | None = None
    actor_is_agent: bool | None = None
    programmatic_access_type: str | None = None
    actor_ip: str | None = None
    actor_location: Location | None = None
    user_agent: str | None = None
    org: Any = None
    business: str | None = None
    repo: Any = None
    repository: str | None = None
    user: str | None = None
    team: str | None = None
    status_code: int | None = None


APP = "GitHub"


@registry.format
class GitHub:
    """The audit log of an organization or enterprise: exports, API, stream."""

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}
    words: ClassVar[plugins.Words] = {"app": (APP,)}

    def __init__(self, options: plugins.Options) -> None:  # noqa: ARG002  it has no options
        self._read = Reader(
            Record, "GitHub event", ("action",), ("@timestamp", "created_at", "actor_id", "actor_is_bot", "actor_is_agent", "status_code")
        ).read
        self._table = ActivityTable("github")

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """Every event has an action with a dot in it, a time, and an actor, an organization or an enterprise."""
        return share(
            sample,
            lambda record: (
                "." in str(record.get("action", ""))
                and ("@timestamp" in record or "created_at" in record)
                and any(key in record for key in ("actor", "org", "business"))
                and "eventName" not in record
            ),
        )

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity. BadRecord where it is no JSON object or has no time or action."""
        entry = self._read(record)
        timestamp = time_of("@timestamp", entry.at, entry.created_at)
        kind = self._table.kind(entry.action)
        activity = Activity(timestamp, entry.document or "", kind.activity_type, entry.action, APP)
        activity.app_instance = _one(entry.org) or entry.business or None
        activity.is_admin_operation = kind.admin
        actor = entry.actor or (entry.user if kind.activity_type in ("Log on", "Failed log on") else None)
        activity.user = actor.lower() if actor and "@" in actor else actor or None
        activity.user_id = str(entry.actor_id) if entry.actor_id else None
        activity.user_type = "Application" if _is_application(entry) else "Regular" if actor else None
        if entry.actor_ip:
            activity.ip_address, activity.ip_port = addresses.parse(entry.actor_ip)
        code = entry.actor_location.country_code if entry.actor_location else None
        activity.country = code.upper() if code and len(code) == 2 else None
        activity.user_agent = entry.user_agent or None
        activity.result = _result(kind.activity_type, entry)
        if activity.result == "failure" and entry.status_code:
            activity.result_detail = str(entry.status_code)
        put_objects(activity, _objects(entry))
        return (activity,)


_DEPLOY_KEY = "deploy_key"
"""The actor where a repository's own key was used."""


def _is_application(record: Record) -> bool:
    """Whether no person did it: a bot, an agent, a deploy key, or an app for itself (for a user it has a user-to-server token)."""
    actor, access = record.actor or "", (record.programmatic_access_type or "").casefold().replace("_", " ")
    return bool(
        record.actor_is_bot
        or record.actor_is_agent
        or actor.endswith("[bot]")
        or actor.casefold() == _DEPLOY_KEY
        or "deploy key" in access
        or "server-to-server" in access
    )


_FAILED = frozenset(
    {"external_identity.scim_api_failure", "protected_branch.rejected_ref_update", "repository_ruleset.rejected_ref_update"}
)


def _result(activity_type: str, record: Record) -> str | None:
    """The result, from the status of a request or the event's name."""
    if record.status_code is not None and 100 <= record.status_code < 600:
        return "success" if record.status_code < 400 else "failure"
    if activity_type == "Failed log on" or record.action in _FAILED:
        return "failure"
    return "success" if activity_type == "Log on" or record.action == "external_identity.scim_api_success" else None


def _one(value: Any) -> str | None:
    """Of several organizations the first."""
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, str) and first else None


def _objects(record: Record) -> tuple[ActivityObject, ...]:
    """The user that was acted on, then the repository, then the team."""
    named = (("User", record.user if record.user != record.actor else None), ("Repository", _one(record.repo) or record.repository))
    return tuple(ActivityObject(name, name, kind, "target") for kind, name in (*named, ("Team", record.team)) if name)
