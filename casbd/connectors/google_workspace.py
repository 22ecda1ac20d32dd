"""Governance actions in Google Workspace, by the Admin SDK's Directory API.

It asks as a service account that acts for an administrator (domain-wide delegation) with the scopes
https://www.googleapis.com/auth/admin.directory.user and https://www.googleapis.com/auth/admin.directory.user.security.

Sources: Google, "Directory API: users" (https://developers.google.com/workspace/admin/directory/reference/rest/v1/users), "Directory API:
tokens" (.../rest/v1/tokens), "Using OAuth 2.0 for server to server applications"
(https://developers.google.com/identity/protocols/oauth2/service-account), "Control API access with domain-wide delegation"
(https://support.google.com/a/answer/162106).
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from casbd.clock import Clock, now
from casbd.connectors._vendor import Step, Vendor, listed, only, shown
from casbd.documents.mail_addresses import MailAddress
from casbd.documents.secrets import Secret
from casbd.errors import Mistake, Mistakes, Rejected
from casbd.model.governance import GovernanceCommand
from casbd.plugins import Done, Options, registry
from casbd.web.api import Api, BaseUrl, Http, HttpOptions, SecureUrl, segment
from casbd.web.tokens import Form, Granted, bearer_key, signed

_SCOPE = "https://www.googleapis.com/auth/admin.directory.user https://www.googleapis.com/auth/admin.directory.user.security"
_USER = "/admin/directory/v1/users/{id}"


class GoogleWorkspaceOptions(HttpOptions):
    """Options of the connector `google_workspace`."""

    service_account: Secret
    """The service account's key, the JSON file as Google gives it."""
    admin: MailAddress
    """The administrator it acts for."""
    base_url: BaseUrl = "https://admin.googleapis.com"
    """The Directory API."""
    login_url: SecureUrl = "https://oauth2.googleapis.com/token"
    """Where tokens come from."""


class _ServiceAccount(msgspec.Struct):
    client_email: str
    private_key: str
    private_key_id: str | None = None


class _User(msgspec.Struct, rename="camel"):
    """https://developers.google.com/admin-sdk/directory/reference/rest/v1/users"""

    id: str
    primary_email: str
    aliases: list[str] = []
    non_editable_aliases: list[str] = []
    suspended: bool = False
    is_admin: bool = False
    is_delegated_admin: bool = False

    @property
    def addresses(self) -> list[str]:
        return [self.primary_email, *self.aliases, *self.non_editable_aliases]

    def is_called(self, name: str) -> bool:
        return name == self.id or name.casefold() in map(str.casefold, self.addresses)


class _Token(msgspec.Struct, rename="camel"):
    client_id: str
    display_text: str = ""


class _Tokens(msgspec.Struct):
    items: list[_Token] = []


@registry.connector
class GoogleWorkspace(Vendor[_User]):
    """Suspends users, signs them out, and takes the super administrator's rights and apps' tokens from them."""

    Options: ClassVar[type[Options]] = GoogleWorkspaceOptions
    example: ClassVar[dict[str, Any]] = {"service_account": {"credential": "google.json"}, "admin": "admin@contoso.com"}
    steps: ClassVar = {
        "suspend_user": Step("PATCH", _USER, {"suspended": True}),
        "unsuspend_user": Step("PATCH", _USER, {"suspended": False}),
        "require_sign_in_again": Step("POST", f"{_USER}/signOut"),
        "revoke_admin_privileges": Step("POST", f"{_USER}/makeAdmin", {"status": False}),
        "restore_admin_privileges": Step("POST", f"{_USER}/makeAdmin", {"status": True}),
        "revoke_tokens": Step("DELETE", f"{_USER}/tokens/{{client}}"),
    }
    actions: ClassVar[tuple[str, ...]] = tuple(steps)
    ways_back: ClassVar = {"suspend_user": "unsuspend_user", "revoke_admin_privileges": "restore_admin_privileges"}

    def __init__(self, options: GoogleWorkspaceOptions, clock: Clock = now) -> None:
        """Raises Mistakes where the service account's key or the CA file cannot be used."""
        http = Http(options, clock)
        token = Granted(http, options.login_url, lambda: _form(options, clock()), (options.service_account,), clock)
        self.api = Api(http, options.base_url, token)

    def find(self, command: GovernanceCommand) -> _User:
        """By the id or any of the user's own addresses."""
        user = self.api.find(_USER.replace("{id}", segment(command.target)), _User)
        return only([user] if user and user.is_called(command.target) else [], command)

    def stands(self, command: GovernanceCommand, account: _User) -> bool | None:
        """Of sessions Google does not tell."""
        match command.action:
            case "suspend_user":
                return account.suspended
            case "unsuspend_user":
                return not account.suspended
            case "revoke_admin_privileges":
                return not account.is_admin and not account.is_delegated_admin
            case "restore_admin_privileges":
                return account.is_admin
            case "revoke_tokens":
                return not self._tokens(account)
            case _:
                return None

    def names(self, account: _User) -> list[str]:
        """All addresses that are the user's own."""
        return account.addresses

    def act(self, command: GovernanceCommand, account: _User) -> Done:
        """Send the request. Rejected where it would not take what somebody has."""
        if command.action == "revoke_admin_privileges" and not account.is_admin:
            raise Rejected(f"{shown(command.target)} has delegated roles and no super administrator's rights, which alone are taken here")
        if command.action == "restore_admin_privileges" and command.reverts is None:
            raise Rejected("rights are only given back that revoke_admin_privileges took away")
        return self._revoke_tokens(account) if command.action == "revoke_tokens" else super().act(command, account)

    def _revoke_tokens(self, account: _User) -> Done:
        path, tokens = self.step("revoke_tokens").of(account.id).path, self._tokens(account)
        steps = [Step("DELETE", path.replace("{client}", segment(token.client_id))) for token in tokens]
        for step in steps:
            self.api.call(*step, expected=(404,))
        names = listed([shown(token.display_text or token.client_id) for token in tokens])
        return Done(listed([self.api.describe(*step) for step in steps], "; "), f"taken from {len(tokens)} apps: {names}")

    def _tokens(self, account: _User) -> list[_Token]:
        return self.api.get(f"{_USER}/tokens".replace("{id}", segment(account.id)), _Tokens).items


def _form(options: GoogleWorkspaceOptions, moment: int) -> Form:
    """For a token (https://developers.google.com/identity/protocols/oauth2/service-account)."""
    secret = options.service_account
    try:
        account = msgspec.json.decode(secret.reveal(), type=_ServiceAccount)
    except msgspec.DecodeError:  # its own text may quote the key
        raise Mistakes([Mistake(str(secret), 0, 0, "is no key of a service account, as Google's JSON file has it")]) from None
    claims = {"iss": account.client_email, "sub": options.admin, "scope": _SCOPE, "aud": options.login_url}
    return bearer_key(signed(claims, account.private_key, moment, account.private_key_id))
