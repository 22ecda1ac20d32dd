"""Governance actions in Microsoft Entra ID (Microsoft 365, Azure), by Microsoft Graph.

The app registration needs the application permissions User.Read.All and, by action: User.EnableDisableAccount.All (suspend),
User.RevokeSessions.All (sign in again), IdentityRiskyUser.ReadWrite.All and Entra ID P2 (compromised, dismiss),
RoleManagement.ReadWrite.Directory (administrators); to suspend an administrator the app itself must have a directory role.

Sources: Microsoft, "Register an application" (https://learn.microsoft.com/graph/auth-register-app-v2), "Update user"
(https://learn.microsoft.com/graph/api/user-update), "user: revokeSignInSessions" (.../user-revokesigninsessions), "riskyUser:
confirmCompromised" (.../riskyuser-confirmcompromised), "List unifiedRoleAssignments" (.../rbacapplication-list-roleassignments).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from pydantic import model_validator

from casbd.clock import Clock, now
from casbd.connectors._entra_roles import Roles
from casbd.connectors._vendor import Step, Vendor, only, shown
from casbd.documents.secrets import Key, Secret
from casbd.errors import Rejected, Retry
from casbd.model.governance import GovernanceCommand
from casbd.plugins import Done, Options, registry
from casbd.web.api import Api, BaseUrl, Http, HttpOptions, PlainName, Token, segment
from casbd.web.microsoft import of_application

_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SELECT = {"$select": "id,userPrincipalName,mail,userType,accountEnabled,onPremisesSyncEnabled,signInSessionsValidFromDateTime"}
_RISK = ("confirm_user_compromised", "dismiss_user_risk")
_BETWEEN_RISKS = 1000
"""Milliseconds: Microsoft takes one such request a second of a tenant, and says in its 429 not for how long to wait."""
_SYNCHRONIZED = "the account is synchronized from Active Directory, which will set it again"


class EntraOptions(HttpOptions):
    """Options of the connector `entra`."""

    tenant: PlainName
    """The tenant's id or one of its domains."""
    client_id: PlainName
    """The application id of the app registration."""
    client_secret: Secret | None = None
    """Its client secret."""
    certificate: Key | None = None
    """In the place of the secret: its certificate with the private RSA key, in one PEM file, as {credential: entra.pem}."""
    base_url: BaseUrl = "https://graph.microsoft.com"
    """Microsoft Graph; national clouds have others."""
    login_url: BaseUrl = "https://login.microsoftonline.com"
    """Where tokens come from; national clouds have others."""

    @model_validator(mode="after")
    def _one_way(self) -> EntraOptions:
        if (self.client_secret is None) == (self.certificate is None):
            raise ValueError("needs either `client_secret` or `certificate`")
        return self


class _User(msgspec.Struct, rename="camel"):
    """https://learn.microsoft.com/graph/api/resources/user"""

    id: str
    user_principal_name: str = ""
    mail: str | None = None
    user_type: str | None = None
    account_enabled: bool | None = None
    on_premises_sync_enabled: bool | None = None
    sign_in_sessions_valid_from: datetime | None = msgspec.field(name="signInSessionsValidFromDateTime", default=None)


class _Users(msgspec.Struct):
    value: list[_User]


class _Risk(msgspec.Struct, rename="camel"):
    risk_state: str


@registry.connector
class Entra(Vendor[_User]):
    """Suspends users, ends their sessions, tells Identity Protection of them, and takes their directory roles away."""

    Options: ClassVar[type[Options]] = EntraOptions
    example: ClassVar[dict[str, Any]] = {
        "tenant": "contoso.onmicrosoft.com",
        "client_id": "11111111-2222-3333-4444-555555555555",
        "client_secret": {"credential": "entra-secret"},
    }
    steps: ClassVar = {
        "suspend_user": Step("PATCH", "/v1.0/users/{id}", {"accountEnabled": False}),
        "unsuspend_user": Step("PATCH", "/v1.0/users/{id}", {"accountEnabled": True}),
        "require_sign_in_again": Step("POST", "/v1.0/users/{id}/revokeSignInSessions"),
        "confirm_user_compromised": Step("POST", "/v1.0/identityProtection/riskyUsers/confirmCompromised", {"userIds": ["{id}"]}),
        "dismiss_user_risk": Step("POST", "/v1.0/identityProtection/riskyUsers/dismiss", {"userIds": ["{id}"]}),
        "revoke_admin_privileges": Roles.REMOVING,
        "restore_admin_privileges": Roles.ADDING,
    }
    actions: ClassVar[tuple[str, ...]] = tuple(steps)
    ways_back: ClassVar = {
        "suspend_user": "unsuspend_user",
        "confirm_user_compromised": "dismiss_user_risk",
        "revoke_admin_privileges": "restore_admin_privileges",
    }

    def __init__(self, options: EntraOptions, clock: Clock = now) -> None:
        """Raises Mistakes where the secret or the CA file cannot be read."""
        http = Http(options, clock)
        token = _token(options, http, clock)
        self.api = Api(http, options.base_url, token)
        self._clock = clock
        self._roles = Roles(self.api)
        self._last_risk = -_BETWEEN_RISKS

    def find(self, command: GovernanceCommand) -> _User:
        """By the object id, else the user principal name, which is nobody else's, else the mail address, as guests have."""
        if _ID.fullmatch(command.target):
            user = self.api.find(f"/v1.0/users/{segment(command.target)}", _User, query=_SELECT)
            return only([user] if user else [], command)
        quoted = command.target.replace("'", "''")
        users: list[_User] = []
        for name in ("userPrincipalName", "mail"):
            users = users or self.api.get("/v1.0/users", _Users, query=_SELECT | {"$filter": f"{name} eq '{quoted}'"}).value
        return only(users, command)

    def stands(self, command: GovernanceCommand, account: _User) -> bool | None:
        """Sessions are ended where they are valid from a moment after the command was made."""
        match command.action:
            case "suspend_user":
                return account.account_enabled is False
            case "unsuspend_user":
                return account.account_enabled is True
            case "require_sign_in_again":
                since = account.sign_in_sessions_valid_from
                return since is not None and command.created > 0 and since.timestamp() * 1000 >= command.created
            case "confirm_user_compromised":
                return self._risk_state(account) == "confirmedCompromised"
            case "dismiss_user_risk":
                return self._risk_state(account) in ("none", "dismissed")
            case _:
                return self._roles.stand(command, account.id)

    def names(self, account: _User) -> list[str]:
        """The user principal name and the mail address."""
        return [account.user_principal_name, account.mail or ""]

    def held(self, command: GovernanceCommand, account: _User) -> dict[str, Any] | None:
        """The directory roles."""
        return self._roles.held(account.id) if command.action == "revoke_admin_privileges" else None

    def act(self, command: GovernanceCommand, account: _User) -> Done:
        """Send the request, where Microsoft says that it has an effect."""
        if command.action == "require_sign_in_again" and account.user_type == "Guest":
            raise Rejected(f"{shown(command.target)} is a guest: sessions are ended in the home tenant alone")
        if command.action in _RISK:
            self._wait_for_a_second()
        elif command.action == "revoke_admin_privileges":
            return self._roles.remove(command, account.id)
        elif command.action == "restore_admin_privileges":
            return self._roles.add(command, account.id)
        suspends = command.action in ("suspend_user", "unsuspend_user")
        return self.send(self.step(command.action).of(account.id), _SYNCHRONIZED if suspends and account.on_premises_sync_enabled else "")

    def _risk_state(self, account: _User) -> str:
        found = self.api.find(f"/v1.0/identityProtection/riskyUsers/{segment(account.id)}", _Risk)
        return found.risk_state if found else "none"

    def _wait_for_a_second(self) -> None:
        passed = self._clock() - self._last_risk
        if 0 <= passed < _BETWEEN_RISKS:
            raise Retry("Microsoft takes one such request a second", after=(_BETWEEN_RISKS - passed) / 1000)
        self._last_risk = self._clock()


def _token(options: EntraOptions, http: Http, clock: Clock) -> Token:
    credential = options.client_secret or options.certificate
    assert credential is not None
    return of_application(http, clock, options.login_url, options.tenant, options.client_id, f"{options.base_url}/.default", credential)
