"""Governance actions in a Salesforce organization, by its REST API.

It asks as an external client app (or a connected app) with the scope "Manage user data via APIs (api)", by the JWT bearer flow (the app has
the certificate, casbd its private key; pre-authorize the user) or by client credentials (the app says as whom it runs). That user needs
"API Enabled", "Manage Users" and "View Setup and Configuration". What apps hold as refresh tokens stays; a frozen user's are worth nothing.

Sources: Salesforce, "UserLogin" (https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/
sforce_api_objects_userlogin.htm), "AuthSession" (.../sforce_api_objects_authsession.htm), "Quoted String Escape Sequences"
(https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_quotedstringescapes.htm),
"OAuth 2.0 JWT Bearer Flow" (https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec
from pydantic import Field, model_validator

from casbd.clock import Clock, now
from casbd.connectors._vendor import Step, Vendor, listed, only
from casbd.documents.secrets import Key, Secret
from casbd.model.governance import GovernanceCommand
from casbd.plugins import Done, Options, registry
from casbd.web.api import Api, BaseUrl, Http, HttpOptions, pages
from casbd.web.tokens import Form, Granted, bearer_key, client_secret, signed

_ID = re.compile(r"005[A-Za-z0-9]{12}([A-Za-z0-9]{3})?")
"""Of a user, as records have it that name nobody."""
_FREEZE = "/sobjects/UserLogin/{id}"
_SESSION = Step("DELETE", "/sobjects/AuthSession/{id}")


class SalesforceOptions(HttpOptions):
    """Options of the connector `salesforce`."""

    base_url: Annotated[BaseUrl, Field(examples=["https://contoso.my.salesforce.com"])]
    """The organization's My Domain."""
    client_id: Annotated[str, Field(min_length=1)]
    """The app's consumer key."""
    client_secret: Secret | None = None
    """The app's consumer secret, for the client credentials flow; in the place of private_key and username."""
    private_key: Key | None = Field(default=None, examples=[{"credential": "salesforce-key"}])
    """The private key (PEM) whose certificate the app has, for the JWT bearer flow."""
    username: Annotated[str, Field(min_length=1)] | None = Field(default=None, examples=["casbd@contoso.com"])
    """Whom casbd acts as in the JWT bearer flow."""
    audience: BaseUrl = "https://login.salesforce.com"
    """Whom the JWT is for; for sandboxes https://test.salesforce.com."""
    version: Annotated[str, Field(pattern=r"^[0-9]{2,3}\.0$")] = "62.0"
    """Of the API."""

    @model_validator(mode="after")
    def _one_flow(self) -> SalesforceOptions:
        if (self.client_secret is None) == (self.private_key is None):
            raise ValueError("write either client_secret, or private_key and username")
        if (self.private_key is None) != (self.username is None):
            raise ValueError("private_key and username go together")
        return self


class _Login(msgspec.Struct, rename="pascal"):
    """https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_userlogin.htm"""

    id: str
    user_id: str
    is_frozen: bool


class _Logins(msgspec.Struct, rename={"following": "nextRecordsUrl"}):
    records: list[_Login]
    following: str | None = None


class _User(msgspec.Struct, rename="pascal"):
    username: str = ""
    email: str = ""


class _Users(msgspec.Struct):
    records: list[_User]


class _Session(msgspec.Struct, rename="pascal"):
    id: str
    created_date: str

    def before(self, moment: int) -> bool:
        """Whether it began before then (ms). Salesforce writes no colon into the offset: `+0000`."""
        return datetime.fromisoformat(self.created_date).timestamp() * 1000 < moment


class _Sessions(msgspec.Struct, rename={"following": "nextRecordsUrl"}):
    records: list[_Session]
    following: str | None = None


@registry.connector
class Salesforce(Vendor[_Login]):
    """Freezes users, which keeps them from logging in, and ends their sessions."""

    Options: ClassVar[type[Options]] = SalesforceOptions
    example: ClassVar[dict[str, Any]] = {
        "base_url": "https://contoso.my.salesforce.com",
        "client_id": "3MVG9abcdefgh",
        "private_key": {"credential": "salesforce-key"},
        "username": "casbd@contoso.com",
    }
    steps: ClassVar = {
        "suspend_user": Step("PATCH", _FREEZE, {"IsFrozen": True}),
        "unsuspend_user": Step("PATCH", _FREEZE, {"IsFrozen": False}),
        "require_sign_in_again": _SESSION,
    }
    actions: ClassVar[tuple[str, ...]] = tuple(steps)
    ways_back: ClassVar = {"suspend_user": "unsuspend_user"}

    def __init__(self, options: SalesforceOptions, clock: Clock = now) -> None:
        """Raises Mistakes where a secret or the CA file cannot be read."""
        http = Http(options, clock)
        secrets = tuple(secret for secret in (options.client_secret, options.private_key) if secret)
        token = Granted(http, f"{options.base_url}/services/oauth2/token", lambda: _form(options, clock()), secrets, clock)
        self._path = f"/services/data/v{options.version}"
        self.api = Api(http, options.base_url + self._path, token)

    def find(self, command: GovernanceCommand) -> _Login:
        """By the id, else the user name, which nobody in any organization shares, else the address of one active user."""
        quoted = _quoted(command.target)
        if _ID.fullmatch(command.target):
            return only(self._logins(f"Id = {quoted}"), command)
        return only(self._logins(f"Username = {quoted}") or self._logins(f"Email = {quoted} AND IsActive = true"), command)

    def names(self, account: _Login) -> list[str]:
        """The user's id, user name and mail address."""
        query = {"q": _soql("Username, Email", "User", f"Id = {_quoted(account.user_id)}")}
        users = self.api.get("/query", _Users, query=query).records
        return [account.user_id, *(name for user in users for name in (user.username, user.email))]

    def stands(self, command: GovernanceCommand, account: _Login) -> bool | None:
        """Who is suspended has no session: freezing ends none."""
        if command.action == "unsuspend_user":
            return not account.is_frozen or bool((command.restore or {}).get("frozen"))
        return (account.is_frozen or command.action == "require_sign_in_again") and not self._sessions(account)

    def held(self, command: GovernanceCommand, account: _Login) -> dict[str, Any] | None:
        """Whether somebody had frozen the user already: then sessions alone are ended, and the way back leaves that as it was."""
        return {"frozen": account.is_frozen} if command.action == "suspend_user" else None

    def is_done(self, command: GovernanceCommand) -> bool | None:
        """Look at the account. Who has signed in since the command was made has signed in again."""
        self.step(command.action)
        account = self.find(command)
        if command.action != "require_sign_in_again":
            return self.stands(command, account)
        return not any(session.before(command.created) for session in self._sessions(account))

    def act(self, command: GovernanceCommand, account: _Login) -> Done:
        """Freeze first, so that no session begins while the others are ended."""
        if command.action == "unsuspend_user":
            return super().act(command, account)
        freezes = command.action == "suspend_user" and not account.is_frozen
        done = [super().act(command, account)] if freezes else []
        done += [self._end(session) for session in self._sessions(account)]
        requests = [one.request for one in done]
        return Done(listed(requests, "; "), done[-1].answer if done else "", {"frozen": False} if freezes else None)

    def _end(self, session: _Session) -> Done:
        """One that is gone has ended, such as with the one that began it."""
        step = _SESSION.of(session.id)
        return Done(self.api.describe(*step), str(self.api.call(*step, expected=(404,)).status))

    def _logins(self, which: str) -> list[_Login]:
        users = _soql("Id", "User", which)
        query = {"q": _soql("Id, UserId, IsFrozen", "UserLogin", f"UserId IN ({users})")}
        return [one for page in pages(self.api, "/query", _Logins, self._next, query) for one in page.records]

    def _sessions(self, account: _Login) -> list[_Session]:
        query = {"q": _soql("Id, CreatedDate", "AuthSession", f"UsersId = {_quoted(account.user_id)}")}
        return [one for page in pages(self.api, "/query", _Sessions, self._next, query) for one in page.records]

    def _next(self, page: _Logins | _Sessions) -> str | None:
        return page.following and page.following.removeprefix(self._path)


def _form(options: SalesforceOptions, now: int) -> Form:
    """What the token is asked for by. now: milliseconds since 1970."""
    if options.client_secret:
        return client_secret(options.client_id, options.client_secret)
    assert options.private_key
    claims = {"iss": options.client_id, "sub": options.username, "aud": options.audience}
    return bearer_key(signed(claims, options.private_key, now))


def _soql(fields: str, of: str, which: str) -> str:
    return " ".join(("SELECT", fields, "FROM", of, "WHERE", which))


def _quoted(text: str) -> str:
    """A text in a SOQL query, whatever is in it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
