"""Okta System Log, as its API gives it (arrays, one event a line), and as its event hooks and EventBridge log streams deliver it.

Source: Okta, "System Log API" (https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/) and
"Event types" (https://developer.okta.com/docs/reference/api/event-types/); which event is which canonical activity is in
`casbd/data/okta_activities.yaml`.

What it cannot know: an event does not name its organization; tell tenants apart by the input's `instance`. The result of a
challenge (CHALLENGE, SKIPPED) is neither success nor failure and is `unknown`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from casbd import plugins
from casbd.errors import BadRecord
from casbd.formats._activity_table import ActivityTable
from casbd.formats._lenient import Reader, delivered, share
from casbd.formats._objects import put_objects
from casbd.formats._times import time_of
from casbd.model.activity import Activity, ActivityObject
from casbd.plugins import registry
from casbd.records import addresses


class Party(msgspec.Struct, gc=False):
    """An actor or a target."""

    id: str | None = None
    type: str | None = None
    alternateId: str | None = None  # noqa: N815
    displayName: str | None = None  # noqa: N815


class UserAgent(msgspec.Struct, gc=False):
    """`client.userAgent`."""

    rawUserAgent: str | None = None  # noqa: N815


class Hop(msgspec.Struct, gc=False):
    """One address of `request.ipChain`, the client's first."""

    ip: str | None = None


class Request(msgspec.Struct, gc=False):
    """`request`."""

    ipChain: list[Hop] | None = None  # noqa: N815


class Client(msgspec.Struct, gc=False):
    """Where the request came from."""

    ipAddress: str | None = None  # noqa: N815
    userAgent: UserAgent | None = None  # noqa: N815


class Outcome(msgspec.Struct, gc=False):
    """What came of it."""

    result: str | None = None
    reason: str | None = None


class Record(msgspec.Struct, gc=False):
    """The part of an event that becomes an activity; names are Okta's, the rest stays in `raw`."""

    eventType: str  # noqa: N815
    published: str
    uuid: str | None = None
    actor: Party | None = None
    client: Client | None = None
    outcome: Outcome | None = None
    target: list[Party] | None = None
    request: Request | None = None


class Hook(msgspec.Struct, gc=False):
    """What Okta sends to an event hook (https://developer.okta.com/docs/concepts/event-hooks/): events within one object."""

    class Data(msgspec.Struct, gc=False):
        """`data`."""

        events: list[msgspec.Raw]

    data: Data


_HOOK = "com.okta.event_hook"

APP = "Okta"


@registry.format
class Okta:
    """The System Log, event hooks, EventBridge log streams."""

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}
    words: ClassVar[plugins.Words] = {"app": (APP,)}

    def __init__(self, options: plugins.Options) -> None:  # noqa: ARG002  it has no options
        self._read = Reader(Record, "Okta event", ("eventType", "published")).read
        self._table = ActivityTable("okta")
        self._hook = msgspec.json.Decoder(Hook).decode

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """Every event has eventType, published, uuid and actor; or is what a hook gets."""
        return share(
            sample,
            lambda record: (
                all(key in record for key in ("eventType", "published", "uuid", "actor"))
                or (record.get("eventType") == _HOOK and "data" in record)
            ),
        )

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity, of what a hook gets several. BadRecord where it is no JSON object or has no time or event type."""
        if _HOOK.encode() in record[:2000]:
            return self._hooked(record)
        if (own := delivered(record)) is not None:
            return self._within(own)
        return (self._activity(record),)

    def _hooked(self, record: bytes) -> Sequence[Activity]:
        try:
            events = self._hook(record).data.events
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadRecord(f"not what Okta sends to an event hook: {error}") from None
        return [activity for event in events for activity in self._within(bytes(event))]

    def _within(self, event: bytes) -> Sequence[Activity]:
        """An event inside another record."""
        activity = self._activity(event)
        activity.raw = event.decode(errors="replace")
        return (activity,)

    def _activity(self, record: bytes) -> Activity:
        event = self._read(record)
        timestamp = time_of("published", event.published)
        kind = self._table.kind(event.eventType)
        activity = Activity(timestamp, event.uuid or "", kind.activity_type, event.eventType, APP)
        activity.is_admin_operation = kind.admin
        if event.eventType.startswith("user.session.impersonation."):
            activity.is_impersonated = True
        _who(event.actor or Party(), activity)
        client = event.client or Client()
        chain = event.request.ipChain if event.request else None
        if address := client.ipAddress or (chain[0].ip if chain else None):
            activity.ip_address, activity.ip_port = addresses.parse(address)
        activity.user_agent = (client.userAgent.rawUserAgent if client.userAgent else None) or None
        outcome = event.outcome or Outcome()
        activity.result = _RESULTS.get((outcome.result or "").upper(), "unknown" if outcome.result else None)
        activity.result_detail = outcome.reason or None
        if activity.result == "failure" and (kind.activity_type in _LOG_ONS or event.eventType.startswith(_STEPS)):
            activity.activity_type = "Failed log on"
        put_objects(activity, [_object(target) for target in event.target or ()])
        return activity


_LOG_ONS = ("Log on", "Single sign-on log on")
_STEPS = "user.authentication.auth_via_"
"""Authentication at a directory, another identity provider, by a factor: only its failure says something, as a session follows."""
_RESULTS = {"SUCCESS": "success", "ALLOW": "success", "FAILURE": "failure", "DENY": "failure", "RATE_LIMIT": "failure"}
_USER_TYPES = {"User": "Regular", "SystemPrincipal": "System", "PublicClientApp": "Application", "ServiceApp": "Application"}
_UNKNOWN = frozenset({"unknown", "null", "none"})


def _known(text: str | None) -> str | None:
    return text if text and text.casefold() not in _UNKNOWN else None


def _who(actor: Party, activity: Activity) -> None:
    name = _known(actor.alternateId) or _known(actor.displayName)
    activity.user = name.lower() if name and "@" in name else name
    activity.user_id = _known(actor.id)
    activity.user_display_name = _known(actor.displayName)
    activity.user_type = _USER_TYPES.get(actor.type or "")


def _object(target: Party) -> ActivityObject:
    """A user by the address, anything else by what people call it."""
    is_user = target.type in ("User", "AppUser")
    names = (target.alternateId, target.displayName) if is_user else (target.displayName, target.alternateId)
    kind = {"AppInstance": "Application", "AppUser": "User", "UserGroup": "Group"}.get(target.type or "", target.type)
    return ActivityObject(_known(target.id), _known(names[0]) or _known(names[1]), _known(kind), "target")
