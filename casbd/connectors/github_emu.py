"""Governance actions on managed users of a GitHub enterprise (Enterprise Managed Users), by its SCIM API.

The token is a classic one of the enterprise's setup user, with the scopes `scim:enterprise` and `read:enterprise`. What the identity
provider provisions next may activate the account again: suspend it there as well.

Sources: GitHub, "REST API endpoints for SCIM" (https://docs.github.com/enterprise-cloud@latest/rest/enterprise-admin/scim), "Using GraphQL"
in "Troubleshooting identity and access management for your organization" (which login has which identity).
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from casbd.clock import Clock, now
from casbd.connectors import _scim
from casbd.connectors._scim import ScimUser
from casbd.connectors._vendor import Step, Vendor, only
from casbd.documents.secrets import Secret
from casbd.model.governance import GovernanceCommand
from casbd.model.identity import is_address
from casbd.plugins import Options, registry
from casbd.web.api import Api, BaseUrl, Http, HttpOptions, PlainName
from casbd.web.tokens import Fixed

_USERS = "/scim/v2/enterprises/{place}/Users"
_IDENTITIES = """
query($enterprise: String!, $login: String!) {
  enterprise(slug: $enterprise) { ownerInfo {
    samlIdentityProvider { externalIdentities(first: 5, login: $login) { nodes { guid user { login } } } }
    oidcProvider { externalIdentities(first: 5, login: $login) { nodes { guid user { login } } } }
  } }
}"""
"""SCIM does not know GitHub's logins; the identity's GUID is the SCIM user's id."""


class GithubEmuOptions(HttpOptions):
    """Options of the connector `github_emu`."""

    enterprise: PlainName
    """The enterprise's short name, as in github.com/enterprises/NAME."""
    token: Secret
    """The token of the setup user."""
    base_url: BaseUrl = "https://api.github.com"
    """The REST API; with data residency https://api.SUBDOMAIN.ghe.com."""


class _Login(msgspec.Struct):
    login: str


class _Identity(msgspec.Struct):
    guid: str
    user: _Login | None = None


class _Nodes(msgspec.Struct):
    nodes: list[_Identity]


class _Provider(msgspec.Struct, rename="camel"):
    external_identities: _Nodes


class _Owner(msgspec.Struct, rename="camel"):
    saml_identity_provider: _Provider | None = None
    oidc_provider: _Provider | None = None


class _Enterprise(msgspec.Struct, rename="camel"):
    owner_info: _Owner | None = None


class _Data(msgspec.Struct):
    enterprise: _Enterprise | None = None


class _Answer(msgspec.Struct):
    data: _Data | None = None


@registry.connector
class GithubEmu(Vendor[ScimUser]):
    """Suspends and unsuspends managed users; their tokens and keys end with them."""

    Options: ClassVar[type[Options]] = GithubEmuOptions
    example: ClassVar[dict[str, Any]] = {"enterprise": "contoso", "token": {"credential": "github-scim-token"}}
    steps: ClassVar = _scim.steps(_USERS)
    actions: ClassVar[tuple[str, ...]] = tuple(steps)
    ways_back: ClassVar = {"suspend_user": "unsuspend_user"}

    def __init__(self, options: GithubEmuOptions, clock: Clock = now) -> None:
        """Raises Mistakes where the token or the CA file cannot be read."""
        self._enterprise = options.enterprise
        self._users = _USERS.replace("{place}", options.enterprise)
        self.api = Api(Http(options, clock), options.base_url, Fixed(options.token))

    def step(self, action: str) -> Step:
        """The request of an action in this enterprise."""
        return super().step(action).within(self._enterprise)

    def find(self, command: GovernanceCommand) -> ScimUser:
        """By the identity provider's user name, or the login, which GitHub's audit log has."""
        if is_address(command.target):
            return _scim.named(self.api, self._users, "userName", command)
        users = [user for guid in self._guids(command.target) for user in _scim.with_id(self.api, self._users, guid)]
        return only(users, command)

    def names(self, account: ScimUser) -> list[str]:
        """The user name and the mail addresses."""
        return account.names

    def stands(self, command: GovernanceCommand, account: ScimUser) -> bool | None:
        """SCIM tells."""
        return _scim.stands(command.action, account)

    def _guids(self, login: str) -> list[str]:
        body = {"query": _IDENTITIES, "variables": {"enterprise": self._enterprise, "login": login}}
        answer = self.api.read(self.api.call("POST", "/graphql", body), _Answer)
        owner = answer.data and answer.data.enterprise and answer.data.enterprise.owner_info
        providers = (owner.saml_identity_provider, owner.oidc_provider) if owner else ()
        nodes = [node for provider in providers if provider for node in provider.external_identities.nodes]
        return [node.guid for node in nodes if node.user and node.user.login.casefold() == login.casefold()]
