"""Governance actions in a Box enterprise.

It asks as a platform app with server authentication (client credentials grant), app access to the enterprise, and the scopes "Manage
users" and "Manage enterprise properties"; an administrator has to authorize the app in the Admin Console. Who is inactive is signed
out; the way back gives the status that was before.

Sources: Box, "List enterprise users" (https://developer.box.com/reference/get-users), "Update user" (.../put-users-id), "Create jobs to
terminate users session" (.../post-users-terminate-sessions), "Client credentials grant"
(https://developer.box.com/guides/authentication/client-credentials), "Scopes"
(https://developer.box.com/guides/api-calls/permissions-and-errors/scopes).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar
from urllib.parse import quote, urlencode

import msgspec
from pydantic import Field

from casbd.clock import Clock, now
from casbd.connectors._vendor import Step, Vendor, only, shown
from casbd.documents.secrets import Secret
from casbd.errors import Rejected
from casbd.model.governance import GovernanceCommand
from casbd.plugins import Done, Options, registry
from casbd.web.api import Api, BaseUrl, Http, HttpOptions, pages, segment
from casbd.web.tokens import Form, Granted, client_secret

_FIELDS = {"fields": "id,login,status,role"}
_OWNER = "admin"
"""The role of the one who owns the enterprise; other administrators are `coadmin`."""
_ACTIVE, _INACTIVE = "active", "inactive"


class BoxOptions(HttpOptions):
    """Options of the connector `box`."""

    enterprise_id: Annotated[str, Field(pattern=r"^[0-9]+$")]
    """The enterprise's number."""
    client_id: Annotated[str, Field(min_length=1)]
    """The app's client id."""
    client_secret: Secret
    """The app's client secret."""
    base_url: BaseUrl = "https://api.box.com"
    """Box's API."""


class _User(msgspec.Struct):
    """https://developer.box.com/reference/resources/user--full"""

    id: str
    login: str
    status: str = _ACTIVE
    role: str = ""


class _Users(msgspec.Struct):
    entries: list[_User]
    total_count: int = 0
    offset: int = 0


@registry.connector
class Box(Vendor[_User]):
    """Makes users inactive, and ends their sessions. The enterprise's owner cannot be suspended."""

    Options: ClassVar[type[Options]] = BoxOptions
    example: ClassVar[dict[str, Any]] = {
        "enterprise_id": "1234567",
        "client_id": "abcdefghijklmnop",
        "client_secret": {"credential": "box-secret"},
    }
    steps: ClassVar = {
        "suspend_user": Step("PUT", "/2.0/users/{id}", {"status": _INACTIVE}),
        "unsuspend_user": Step("PUT", "/2.0/users/{id}", {"status": _ACTIVE}),
        "require_sign_in_again": Step("POST", "/2.0/users/terminate_sessions", {"user_ids": ["{id}"], "user_logins": []}),
    }
    actions: ClassVar[tuple[str, ...]] = tuple(steps)
    ways_back: ClassVar = {"suspend_user": "unsuspend_user"}

    def __init__(self, options: BoxOptions, clock: Clock = now) -> None:
        """Raises Mistakes where the secret or the CA file cannot be read."""
        http = Http(options, clock)
        token = Granted(http, f"{options.base_url}/oauth2/token", lambda: _form(options), (options.client_secret,), clock)
        self.api = Api(http, options.base_url, token)

    def find(self, command: GovernanceCommand) -> _User:
        """By the login, which is nobody else's, or Box's own number. External users are none of the enterprise's."""
        if command.target.isdecimal():
            user = self.api.find(f"/2.0/users/{segment(command.target)}", _User, query=_FIELDS)
            return only([user] if user else [], command)
        return only([user for user in self._beginning(command.target) if user.login.casefold() == command.target.casefold()], command)

    def stands(self, command: GovernanceCommand, account: _User) -> bool | None:
        """Of sessions Box does not tell."""
        match command.action:
            case "suspend_user":
                return account.status == _INACTIVE
            case "unsuspend_user":
                return account.status != _INACTIVE
            case _:
                return None

    def names(self, account: _User) -> list[str]:
        """The login."""
        return [account.login]

    def held(self, command: GovernanceCommand, account: _User) -> dict[str, Any] | None:
        """What the user was allowed: it may have been less than everything."""
        return {"status": account.status} if command.action == "suspend_user" else None

    def act(self, command: GovernanceCommand, account: _User) -> Done:
        """Send the request. Rejected without one for the owner."""
        step = self.step(command.action).of(account.id)
        match command.action:
            case "suspend_user" if account.role == _OWNER:
                raise Rejected(f"{shown(command.target)} owns the enterprise, and Box lets nobody suspend its owner")
            case "suspend_user":
                return self.send(step)._replace(restore=command.restore or self.held(command, account))
            case "unsuspend_user":
                return self.send(step._replace(body={"status": (command.restore or {}).get("status", _ACTIVE)}))
            case _:
                return self.send(step._replace(body=step.body | {"user_logins": [account.login]}), "Box ends them in a job of its own")

    def _beginning(self, text: str) -> Iterator[_User]:
        """Managed users whose name or login begins so."""
        query = {**_FIELDS, "user_type": "managed", "filter_term": text, "limit": "1000"}
        for page in pages(self.api, "/2.0/users", _Users, lambda page: _next(page, query), query):
            yield from page.entries


def _form(options: BoxOptions) -> Form:
    whose = {"box_subject_type": "enterprise", "box_subject_id": options.enterprise_id}
    return {**client_secret(options.client_id, options.client_secret), **whose}


def _next(page: _Users, query: dict[str, str]) -> str | None:
    """Where the users behind a page are."""
    behind = page.offset + len(page.entries)
    if not page.entries or behind >= page.total_count:
        return None
    return f"/2.0/users?{urlencode({**query, 'offset': str(behind)}, quote_via=quote)}"
