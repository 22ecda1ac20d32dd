"""Governance actions in an organization of GitHub, by its REST API.

The token is a classic one of an owner with the scope `admin:org`, or a fine-grained one that may write Members, and block users and
manage credentials where that is asked for. GitHub cannot suspend a member of an organization: `suspend_user` removes the member
(`suspend: block` blocks, too), and there is no true way back. `unsuspend_user` invites again; who accepts is a member as before
but for teams, private forks and whatever else GitHub removed.

Sources: GitHub, "REST API endpoints for organization members" (https://docs.github.com/rest/orgs/members), "... for blocking users"
(.../rest/orgs/blocking), "List SAML SSO authorizations for an organization" (https://docs.github.com/enterprise-cloud@latest/rest/orgs/orgs),
"Blocking a user from your organization" (a member has to be removed first), "Rate limits for the REST API".
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from casbd.clock import Clock, now
from casbd.connectors._vendor import Step, Vendor, listed, not_found, shown
from casbd.documents.secrets import Secret
from casbd.errors import Rejected
from casbd.model.governance import GovernanceCommand
from casbd.plugins import Done, Options, registry
from casbd.web.api import Api, BaseUrl, Http, HttpOptions, PlainName, linked_pages, segment
from casbd.web.tokens import Fixed

_INVITED = "invited again: a member once the invitation is accepted, without the teams and forks of before"
_REMOVED = "removed: the way back is only an invitation"
_APP = "GitHub"


class GithubOptions(HttpOptions):
    """Options of the connector `github`."""

    organization: PlainName
    """The organization's login."""
    token: Secret
    """The owner's token."""
    suspend: Literal["remove", "block"] = "remove"
    """What `suspend_user` does: `remove` from the organization, or also `block` from everything public of it."""
    base_url: BaseUrl = "https://api.github.com"
    """The REST API; of GitHub Enterprise Server https://HOST/api/v3."""


class _User(msgspec.Struct):
    """https://docs.github.com/rest/users/users#get-a-user"""

    login: str
    number: int = msgspec.field(name="id")


class _Membership(msgspec.Struct):
    """state: `active` or `pending`, which is invited."""

    state: str
    role: str = "member"


class _Member(msgspec.Struct):
    """id: the login, by which the API names users. membership: None for who is no member and not invited."""

    id: str
    membership: _Membership | None
    is_blocked: bool


class _Credential(msgspec.Struct):
    credential_id: int
    login: str


@registry.connector
class Github(Vendor[_Member]):
    """Removes members (and blocks them), invites them again, and ends what they authorized for SAML single sign-on."""

    Options: ClassVar[type[Options]] = GithubOptions
    example: ClassVar[dict[str, Any]] = {"organization": "contoso", "token": {"credential": "github-token"}}
    steps: ClassVar = {
        "suspend_user": Step("DELETE", "/orgs/{place}/memberships/{id}"),
        "unsuspend_user": Step("PUT", "/orgs/{place}/memberships/{id}", {"role": "member"}),
        "require_sign_in_again": Step("DELETE", "/orgs/{place}/credential-authorizations/{credential}"),
    }
    actions: ClassVar[tuple[str, ...]] = tuple(steps)
    ways_back: ClassVar = {"suspend_user": "unsuspend_user"}

    def __init__(self, options: GithubOptions, clock: Clock = now) -> None:
        """Raises Mistakes where the token or the CA file cannot be read."""
        self._organization = options.organization
        self._blocks = options.suspend == "block"
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        self.api = Api(Http(options, clock), options.base_url, Fixed(options.token), headers)

    def step(self, action: str) -> Step:
        """The request of an action in this organization."""
        return super().step(action).within(self._organization)

    def find(self, command: GovernanceCommand) -> _Member:
        """By the login. One that is given up is anybody's: where the record has the account's number, it has to be that account."""
        user = self.api.find(f"/users/{segment(command.target)}", _User)
        if user is None or user.login.casefold() != command.target.casefold():
            raise not_found(command)
        if command.app == _APP and command.user_id and command.user_id != str(user.number):
            raise Rejected(f"not found: {shown(command.target)} is another account by now than when it was seen")
        return _Member(user.login, self.api.find(self._path("memberships", user.login), _Membership), self._is_blocked(user.login))

    def stands(self, command: GovernanceCommand, account: _Member) -> bool | None:
        """What was authorized for single sign-on can be listed; sessions cannot."""
        match command.action:
            case "suspend_user":
                return account.membership is None and (account.is_blocked or not self._blocks)
            case "unsuspend_user":
                return not account.is_blocked and (account.membership is not None or self._role(command) is None)
            case _:
                return not self._credentials(account)

    def act(self, command: GovernanceCommand, account: _Member) -> Done:
        """Send what the action takes."""
        match command.action:
            case "suspend_user":
                return self._suspend(command, account)
            case "unsuspend_user":
                return self._unsuspend(command, account)
            case _:
                return self._end_credentials(account)

    def held(self, command: GovernanceCommand, account: _Member) -> dict[str, Any] | None:
        """The role."""
        if command.action != "suspend_user" or account.membership is None:
            return None
        return {"role": account.membership.role}

    def _suspend(self, command: GovernanceCommand, account: _Member) -> Done:
        step = self.step("suspend_user").of(account.id)
        if account.membership is not None:
            self.api.call(*step, expected=(404,))
        if self._blocks and not account.is_blocked:
            self.api.call("PUT", self._path("blocks", account.id))
        answer = _REMOVED + (" and blocked" if self._blocks else "")
        return Done(self.api.describe(*step), answer, command.restore or self.held(command, account))

    def _unsuspend(self, command: GovernanceCommand, account: _Member) -> Done:
        if account.is_blocked:
            self.api.call("DELETE", self._path("blocks", account.id), expected=(404,))
        role = self._role(command)
        if role is None:
            return Done(self.api.describe("DELETE", self._path("blocks", account.id)), "not blocked any more")
        return self.send(Step("PUT", self._path("memberships", account.id), {"role": role}), _INVITED)

    def _end_credentials(self, account: _Member) -> Done:
        path, found = self.step("require_sign_in_again").path, self._credentials(account)
        steps = [Step("DELETE", path.replace("{credential}", str(one.credential_id))) for one in found]
        for step in steps:
            self.api.call(*step, expected=(404,))
        request = listed([self.api.describe(*step) for step in steps], "; ")
        return Done(request, f"{len(found)} keys and tokens are not authorized any more")

    def _credentials(self, account: _Member) -> list[_Credential]:
        path, query = f"/orgs/{self._organization}/credential-authorizations", {"login": account.id, "per_page": "100"}
        listed = [one for page in linked_pages(self.api, path, list[_Credential], query) for one in page]
        return [one for one in listed if one.login.casefold() == account.id.casefold()]

    def _role(self, command: GovernanceCommand) -> str | None:
        """As what to invite again; None where somebody was blocked who had been no member."""
        role = (command.restore or {}).get("role", None if self._blocks else "member")
        return None if role is None else str(role)

    def _is_blocked(self, login: str) -> bool:
        return self._blocks and self.api.call("GET", self._path("blocks", login), expected=(404,)).status != 404

    def _path(self, what: str, login: str) -> str:
        return f"/orgs/{self._organization}/{what}/{segment(login)}"
