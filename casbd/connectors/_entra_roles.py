"""Directory roles of Microsoft Entra ID: taking all of a user's away, and giving back those that were taken.

Only what is assigned to the user directly and now: not what comes by way of a group, nor what Privileged Identity Management
may give on demand (https://learn.microsoft.com/graph/api/resources/unifiedroleassignment).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from casbd.connectors._vendor import Step, listed, shown
from casbd.errors import Rejected
from casbd.model.governance import GovernanceCommand
from casbd.plugins import Done
from casbd.web.api import Api, pages, segment

_PATH = "/v1.0/roleManagement/directory/roleAssignments"


class _Definition(msgspec.Struct, rename="camel"):
    display_name: str = ""


class _Assignment(msgspec.Struct, rename="camel"):
    id: str
    role_definition_id: str
    directory_scope_id: str = "/"
    role_definition: _Definition | None = None

    @property
    def name(self) -> str:
        return (self.role_definition and self.role_definition.display_name) or self.role_definition_id

    @property
    def what(self) -> tuple[str, str]:
        """Which role where: an assignment that is made again has another id."""
        return self.role_definition_id, self.directory_scope_id


class _Page(msgspec.Struct):
    value: list[_Assignment]
    next: str | None = msgspec.field(name="@odata.nextLink", default=None)


class Roles:
    """The directory roles of users."""

    REMOVING: ClassVar = Step("DELETE", _PATH + "/{assignment}")
    ADDING: ClassVar = Step("POST", _PATH, {"principalId": "{id}", "roleDefinitionId": "{role}", "directoryScopeId": "{scope}"})

    def __init__(self, api: Api) -> None:
        self._api = api

    def stand(self, command: GovernanceCommand, user_id: str) -> bool:
        """Whether a user has no role, or all that were taken."""
        held = {one.what for one in self._held(user_id)}
        if command.action == "revoke_admin_privileges":
            return not held
        return held >= {(role["role"], role["scope"]) for role in _taken_before(command)}

    def held(self, user_id: str) -> dict[str, Any]:
        """For the way back."""
        return _restore(self._held(user_id))

    def remove(self, command: GovernanceCommand, user_id: str) -> Done:
        """Take all roles away. Rejected, with what was taken before, where one of them cannot be."""
        held = self._held(user_id)
        steps = [Step("DELETE", f"{_PATH}/{segment(one.id)}") for one in held]
        for number, step in enumerate(steps):
            try:
                self._api.call(*step, expected=(404,))
            except Rejected as error:
                raise Rejected(f"{held[number].name}: {error}; taken away before: {_names(held[:number])}") from None
        return self._done(steps, f"taken away: {_names(held)}", _restore(held, command))

    def add(self, command: GovernanceCommand, user_id: str) -> Done:
        """Give back what was taken, but for what the user has by now."""
        held = {one.what for one in self._held(user_id)}
        lacking = [role for role in _taken_before(command) if (role["role"], role["scope"]) not in held]
        steps = [
            Step("POST", _PATH, {"principalId": user_id, "roleDefinitionId": role["role"], "directoryScopeId": role["scope"]})
            for role in lacking
        ]
        for step in steps:
            self._api.call(*step)
        return self._done(steps, f"given back: {', '.join(shown(role['name']) for role in lacking)}")

    def _done(self, steps: Sequence[Step], answer: str, restore: Mapping[str, Any] | None = None) -> Done:
        return Done(listed([self._api.describe(*step) for step in steps], "; "), answer, restore)

    def _held(self, user_id: str) -> list[_Assignment]:
        query = {"$filter": f"principalId eq '{user_id}'", "$expand": "roleDefinition"}
        return [one for page in pages(self._api, _PATH, _Page, lambda page: page.next, query) for one in page.value]


def _taken_before(command: GovernanceCommand) -> list[dict[str, Any]]:
    """What the command that is taken back has taken. Rejected where it is not known."""
    roles = (command.restore or {}).get("roles")
    if not roles:
        raise Rejected("only what revoke_admin_privileges took away can be given back, and that is not known")
    return list(roles)


def _restore(held: Sequence[_Assignment], command: GovernanceCommand | None = None) -> dict[str, Any]:
    """For the way back: these roles, and what a command had to take before."""
    before = ((command and command.restore) or {}).get("roles", [])
    now = [{"role": one.role_definition_id, "scope": one.directory_scope_id, "name": one.name} for one in held]
    return {"roles": [*before, *(role for role in now if role not in before)]}


def _names(taken: Sequence[_Assignment]) -> str:
    return ", ".join(shown(one.name) for one in taken) or "none"
