"""Governance actions in a Dropbox team.

It asks as a scoped app with the scopes members.read and members.write (suspend), sessions.list and sessions.modify (sign in again, tokens)
that a team administrator authorized once, with `token_access_type=offline`: the refresh token of that answer is the option. Who is
suspended is signed out of all devices; what they shared stays shared.

Sources: Dropbox, "Dropbox for teams API" (https://www.dropbox.com/developers/documentation/http/teams; as text
https://github.com/dropbox/dropbox-api-spec: team_members.stone, team_devices.stone, team_linked_apps.stone), "OAuth guide"
(https://developers.dropbox.com/oauth-guide), "Error handling guide" (https://developers.dropbox.com/error-handling-guide: 409 is an error
of the endpoint's own), "Suspend a member" (https://help.dropbox.com/security/suspend-member).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, NamedTuple

import msgspec
from pydantic import Field

from casbd.clock import Clock, now
from casbd.connectors._vendor import Step, Vendor, only, shown
from casbd.documents.secrets import Secret
from casbd.errors import Rejected
from casbd.model.governance import GovernanceCommand
from casbd.plugins import Done, Options, registry
from casbd.web.api import Api, BaseUrl, Http, HttpOptions, T
from casbd.web.tokens import Granted, refreshed

_GONE = ("device_session_not_found", "app_not_found")
_HELD = ("require_sign_in_again", "revoke_tokens")
"""Actions about what the member holds: sessions, and apps' rights."""
_MEMBER = {".tag": "team_member_id", "team_member_id": "{id}"}


class DropboxOptions(HttpOptions):
    """Options of the connector `dropbox`."""

    app_key: Annotated[str, Field(min_length=1)]
    """The app's key."""
    app_secret: Secret
    """The app's secret."""
    refresh_token: Secret
    """What the team's authorization of the app gave; it does not expire."""
    base_url: BaseUrl = "https://api.dropboxapi.com"
    """Dropbox's API."""


class _Tag(msgspec.Struct):
    """A union's case (https://github.com/dropbox/stone)."""

    tag: str = msgspec.field(name=".tag")


class _Profile(msgspec.Struct):
    team_member_id: str
    status: _Tag
    email: str = ""

    @property
    def id(self) -> str:
        return self.team_member_id


class _Found(_Tag):
    """member_info, or id_not_found."""

    profile: _Profile | None = None


class _Session(msgspec.Struct):
    session_id: str
    created: datetime | None = None


class _Devices(msgspec.Struct):
    active_web_sessions: tuple[_Session, ...] = ()
    desktop_client_sessions: tuple[_Session, ...] = ()
    mobile_client_sessions: tuple[_Session, ...] = ()


class _App(msgspec.Struct):
    app_id: str
    linked: datetime | None = None


class _Apps(msgspec.Struct):
    linked_api_apps: tuple[_App, ...]


class _Status(msgspec.Struct):
    success: bool
    error_type: _Tag | None = None


class _Statuses(msgspec.Struct):
    """One of the two, in the order of what was asked for."""

    revoke_devices_status: tuple[_Status, ...] = ()
    revoke_linked_app_status: tuple[_Status, ...] = ()


class _Held(NamedTuple):
    """A session, or an app's right to act for the member: since when, where Dropbox tells, and how to ask for its end."""

    since: datetime | None
    ending: dict[str, str]

    def before(self, moment: int) -> bool:
        """Whether it may have begun before then (ms)."""
        return self.since is None or self.since.timestamp() * 1000 < moment


@registry.connector
class Dropbox(Vendor[_Profile]):
    """Suspends members, ends their sessions on the web and on devices (nothing is deleted there), and unlinks their apps."""

    Options: ClassVar[type[Options]] = DropboxOptions
    example: ClassVar[dict[str, Any]] = {
        "app_key": "abcdefghijklmno",
        "app_secret": {"credential": "dropbox-secret"},
        "refresh_token": {"credential": "dropbox-token"},
    }
    steps: ClassVar = {
        "suspend_user": Step("POST", "/2/team/members/suspend", {"user": _MEMBER, "wipe_data": False}),
        "unsuspend_user": Step("POST", "/2/team/members/unsuspend", {"user": _MEMBER}),
        "require_sign_in_again": Step("POST", "/2/team/devices/revoke_device_session_batch", {"revoke_devices": ["each of {id}"]}),
        "revoke_tokens": Step("POST", "/2/team/linked_apps/revoke_linked_app_batch", {"revoke_linked_app": ["each of {id}"]}),
    }
    actions: ClassVar[tuple[str, ...]] = tuple(steps)
    ways_back: ClassVar = {"suspend_user": "unsuspend_user"}

    def __init__(self, options: DropboxOptions, clock: Clock = now) -> None:
        """Raises Mistakes where a secret or the CA file cannot be read."""
        http = Http(options, clock)
        token = Granted(
            http,
            f"{options.base_url}/oauth2/token",
            lambda: refreshed(options.app_key, options.app_secret, options.refresh_token),
            (options.app_secret, options.refresh_token),
            clock,
        )
        self.api = Api(http, options.base_url, token)

    def find(self, command: GovernanceCommand) -> _Profile:
        """By the address, which is one member's."""
        members = {"members": [{".tag": "email", "email": command.target}]}
        found = self._asked("/2/team/members/get_info", members, list[_Found])
        return only([one.profile for one in found if one.profile], command)

    def names(self, account: _Profile) -> list[str]:
        """The primary address; members are found by others, too."""
        return [account.email]

    def stands(self, command: GovernanceCommand, account: _Profile) -> bool | None:
        """Dropbox signs out whom it suspends."""
        match command.action:
            case "suspend_user":
                return account.status.tag == "suspended"
            case "unsuspend_user":
                return account.status.tag == "active"
            case _:
                return not self._held(command, account)

    def is_done(self, command: GovernanceCommand) -> bool | None:
        """Look at the member. What began after the command was made is not what it is about."""
        self.step(command.action)
        account = self.find(command)
        if command.action not in _HELD:
            return self.stands(command, account)
        return not any(held.before(command.created) for held in self._held(command, account))

    def act(self, command: GovernanceCommand, account: _Profile) -> Done:
        """Send the request; where it is about what the member holds, of all of it at once."""
        step = self.step(command.action).of(account.id)
        if command.action not in _HELD:
            return self.send(step)
        held = self._held(command, account)
        answer = self.api.call(step.method, step.path, {key: [one.ending for one in held] for key in step.body})
        return Done(self.api.describe(*step), _outcome(self.api.read(answer, _Statuses)))

    def _held(self, command: GovernanceCommand, account: _Profile) -> list[_Held]:
        member = {"team_member_id": account.id}
        if command.action == "revoke_tokens":
            apps = self._asked("/2/team/linked_apps/list_member_linked_apps", member, _Apps)
            return [_Held(app.linked, {"app_id": app.app_id, **member}) for app in apps.linked_api_apps]
        devices = self._asked("/2/team/devices/list_member_devices", member, _Devices)
        kinds = {
            "web_session": devices.active_web_sessions,
            "desktop_client": devices.desktop_client_sessions,
            "mobile_client": devices.mobile_client_sessions,
        }
        return [
            _Held(one.created, {".tag": kind, "session_id": one.session_id, **member})
            for kind, sessions in kinds.items()
            for one in sessions
        ]

    def _asked(self, path: str, body: Any, kind: type[T]) -> T:
        """Dropbox' questions are posted, too."""
        return self.api.read(self.api.call("POST", path, body), kind)


def _outcome(answer: _Statuses) -> str:
    """How many ended. Rejected where some did not, but for those that were gone."""
    statuses = answer.revoke_devices_status or answer.revoke_linked_app_status
    failed = [one.error_type.tag if one.error_type else "other" for one in statuses if not one.success]
    if left := [tag for tag in failed if tag not in _GONE]:
        raise Rejected(f"Dropbox ended {len(statuses) - len(left)} of {len(statuses)}: {shown(left[0])}")
    return f"200; {len(statuses)} ended"
