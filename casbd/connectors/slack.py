"""Governance actions in Slack, by its SCIM API (Business+ and Enterprise) and, to sign out, its Web API (Enterprise alone).

The token is a user token (xoxp-) of an owner, with the scopes `admin` (SCIM) and `admin.users:write` (sign out).

Sources: Slack, "SCIM API" (https://docs.slack.dev/reference/scim-api/scim-api-2), "SCIM API rate limits"
(https://docs.slack.dev/reference/scim-api/rate-limits), "admin.users.session.reset"
(https://docs.slack.dev/reference/methods/admin.users.session.reset).
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

import msgspec

from casbd.clock import Clock, now
from casbd.connectors import _scim
from casbd.connectors._scim import ScimUser
from casbd.connectors._vendor import Step, Vendor, only, shown
from casbd.documents.secrets import Secret
from casbd.errors import Rejected, Retry
from casbd.model.governance import GovernanceCommand
from casbd.model.identity import is_address
from casbd.plugins import Done, Options, registry
from casbd.web.api import Api, BaseUrl, Http, HttpOptions
from casbd.web.tokens import Fixed

_USERS = "/scim/v2/Users"
_ID = re.compile(r"[UW][A-Z0-9]{6,}")
_RESET = "/api/admin.users.session.reset"
_PASSING = frozenset(("ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"))
"""Errors of the Web API that ask for another try, by its own page on each method."""


class SlackOptions(HttpOptions):
    """Options of the connector `slack`."""

    token: Secret
    """The user token."""
    base_url: BaseUrl = "https://api.slack.com"
    """The SCIM API."""
    web_url: BaseUrl = "https://slack.com"
    """The Web API."""


class _Answer(msgspec.Struct):
    """Slack's Web API answers 200 when it says no, too (https://docs.slack.dev/apis/web-api/#responses)."""

    ok: bool
    error: str = ""


@registry.connector
class Slack(Vendor[ScimUser]):
    """Deactivates and reactivates members, and signs them out of all devices."""

    Options: ClassVar[type[Options]] = SlackOptions
    example: ClassVar[dict[str, Any]] = {"token": {"credential": "slack-token"}}
    steps: ClassVar = {**_scim.steps(_USERS), "require_sign_in_again": Step("POST", _RESET, {"user_id": "{id}"})}
    actions: ClassVar[tuple[str, ...]] = tuple(steps)
    ways_back: ClassVar = {"suspend_user": "unsuspend_user"}

    def __init__(self, options: SlackOptions, clock: Clock = now) -> None:
        """Raises Mistakes where the token or the CA file cannot be read."""
        http, token = Http(options, clock), Fixed(options.token)
        self.api = Api(http, options.base_url, token)
        self._web = Api(http, options.web_url, token)

    def api_of(self, step: Step) -> Api:
        """Signing out is the Web API's."""
        return self._web if step.path == _RESET else self.api

    def find(self, command: GovernanceCommand) -> ScimUser:
        """By the member's id, the mail address, or else the user name."""
        if _ID.fullmatch(command.target):
            return only(_scim.with_id(self.api, _USERS, command.target), command)
        return _scim.named(self.api, _USERS, "email" if is_address(command.target) else "userName", command)

    def names(self, account: ScimUser) -> list[str]:
        """The user name and the mail addresses."""
        return account.names

    def stands(self, command: GovernanceCommand, account: ScimUser) -> bool | None:
        """Of sessions Slack does not tell."""
        return _scim.stands(command.action, account)

    def act(self, command: GovernanceCommand, account: ScimUser) -> Done:
        """Send the request; of one to the Web API the answer says whether it was heard."""
        step = self.step(command.action).of(account.id)
        if step.path != _RESET:
            return self.send(step)
        answer = self._web.read(self._web.call(*step), _Answer)
        if not answer.ok:
            raise (Retry if answer.error in _PASSING else Rejected)(f"Slack answered {shown(answer.error)}")
        return Done(self._web.describe(*step), "200 ok")
