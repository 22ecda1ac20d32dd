"""Governance actions in Okta, by its management API.

It asks as an API service app with a key (scopes okta.users.manage and okta.users.read, and an administrator role that may manage
users), or with an API token (SSWS), which may do whatever the administrator may who made it.

Sources: Okta, "User Lifecycle" and "User Sessions" (https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserLifecycle/,
.../tag/UserSessions/), "Implement OAuth for Okta with a service app"
(https://developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp/main/), "Rate limits" (https://developer.okta.com/docs/reference/rl-best-practices/).
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

import msgspec
from pydantic import Field, model_validator

from casbd.clock import Clock, now
from casbd.connectors._vendor import Step, Vendor, only, shown
from casbd.documents.secrets import Key, Secret
from casbd.errors import Rejected
from casbd.model.governance import GovernanceCommand
from casbd.plugins import Done, Options, registry
from casbd.web.api import Api, BaseUrl, Http, HttpOptions, PlainName, Token, segment
from casbd.web.tokens import Fixed, Granted, client_key, signed

_SCOPE = "okta.users.manage okta.users.read"


class OktaOptions(HttpOptions):
    """Options of the connector `okta`: a `token`, or a `client_id` with its `private_key`."""

    base_url: BaseUrl
    """The organization's own, not that of its administrators' console (`-admin`)."""
    client_id: PlainName | None = None
    """Of the API service app."""
    private_key: Key | None = None
    """Its private RSA key (PEM)."""
    key_id: str | None = Field(default=None, examples=["kid-1"])
    """The key's id, if the app has several."""
    token: Secret | None = None
    """An API token in the place of the two, as {credential: okta-token}."""

    @model_validator(mode="after")
    def _one_way(self) -> OktaOptions:
        ways = (self.token is not None, self.client_id is not None, self.private_key is not None)
        if ways not in ((True, False, False), (False, True, True)):
            raise ValueError("needs either `token`, or `client_id` and `private_key`")
        return self


class _Profile(msgspec.Struct):
    login: str = ""
    email: str = ""


class _User(msgspec.Struct):
    """https://developer.okta.com/docs/api/openapi/okta-management/management/tag/User/"""

    id: str
    status: str
    profile: _Profile

    def is_called(self, name: str) -> bool:
        """Okta also finds users by the part before the `@`, and whoever asks as `me`."""
        return name == self.id or name.casefold() == self.profile.login.casefold()


@registry.connector
class Okta(Vendor[_User]):
    """Suspends users, ends their sessions and tokens, and lets their passwords expire."""

    Options: ClassVar[type[Options]] = OktaOptions
    example: ClassVar[dict[str, Any]] = {
        "base_url": "https://contoso.okta.com",
        "client_id": "0oa1example",
        "private_key": {"credential": "okta-key.pem"},
    }
    steps: ClassVar = {
        "suspend_user": Step("POST", "/api/v1/users/{id}/lifecycle/suspend"),
        "unsuspend_user": Step("POST", "/api/v1/users/{id}/lifecycle/unsuspend"),
        "require_sign_in_again": Step("DELETE", "/api/v1/users/{id}/sessions?oauthTokens=true"),
        "expire_password": Step("POST", "/api/v1/users/{id}/lifecycle/expire_password"),
    }
    actions: ClassVar[tuple[str, ...]] = tuple(steps)
    ways_back: ClassVar = {"suspend_user": "unsuspend_user"}

    def __init__(self, options: OktaOptions, clock: Clock = now) -> None:
        """Raises Mistakes where a secret or the CA file cannot be read."""
        http = Http(options, clock)
        self.api = Api(http, options.base_url, _token(options, http, clock))

    def find(self, command: GovernanceCommand) -> _User:
        """By the login or the id, else by the mail address, which several may have."""
        user = self.api.find(f"/api/v1/users/{segment(command.target)}", _User)
        if user and user.is_called(command.target):
            return user
        mail = json.dumps(command.target, ensure_ascii=False)
        return only(self.api.get("/api/v1/users", list[_User], query={"search": f"profile.email eq {mail}"}), command)

    def stands(self, command: GovernanceCommand, account: _User) -> bool | None:
        """Of sessions Okta does not tell."""
        match command.action:
            case "suspend_user":
                return account.status == "SUSPENDED"
            case "unsuspend_user":
                return account.status == "ACTIVE"
            case "expire_password":
                return account.status == "PASSWORD_EXPIRED"
            case _:
                return None

    def names(self, account: _User) -> list[str]:
        """The login and the mail address."""
        return [account.profile.login, account.profile.email]

    def act(self, command: GovernanceCommand, account: _User) -> Done:
        """Send the request, where the user's status allows it."""
        before = {"suspend_user": "ACTIVE", "unsuspend_user": "SUSPENDED"}.get(command.action, account.status)
        if account.status != before:
            raise Rejected(f"{shown(command.target)} is {shown(account.status)}, and Okta does this only where somebody is {before}")
        return super().act(command, account)


def _token(options: OktaOptions, http: Http, clock: Clock) -> Token:
    if options.token is not None:
        return Fixed(options.token, "SSWS")
    client, key = options.client_id, options.private_key
    assert client is not None
    assert key is not None
    url = f"{options.base_url}/oauth2/v1/token"
    claims = {"iss": client, "sub": client, "aud": url}
    return Granted(http, url, lambda: client_key(client, signed(claims, key, clock(), options.key_id), _SCOPE), (key,), clock)
