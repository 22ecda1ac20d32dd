"""Users by SCIM 2.0 (RFC 7643, RFC 7644): finding one, and making it active or not."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from casbd.connectors._vendor import Step, only
from casbd.model.governance import GovernanceCommand
from casbd.web.api import Api, segment


class Email(msgspec.Struct):
    """One of a user's addresses."""

    value: str = ""


class ScimUser(msgspec.Struct, rename="camel"):
    """https://www.rfc-editor.org/rfc/rfc7643#section-4.1"""

    id: str
    user_name: str = ""
    active: bool | None = None
    emails: list[Email] = []

    @property
    def names(self) -> list[str]:
        """The user name and the mail addresses."""
        return [self.user_name, *(one.value for one in self.emails)]

    def is_called(self, name: str) -> bool:
        """Asked again here: a server that does not know a filter gives everybody."""
        return name == self.id or name.casefold() in map(str.casefold, self.names)


class _Page(msgspec.Struct):
    resources: list[ScimUser] | None = msgspec.field(name="Resources", default=None)


def steps(path: str) -> dict[str, Step]:
    """Suspending and the way back. path: of the users."""
    return {
        "suspend_user": Step("PATCH", f"{path}/{{id}}", _active(False)),
        "unsuspend_user": Step("PATCH", f"{path}/{{id}}", _active(True)),
    }


def with_id(api: Api, path: str, user_id: str) -> list[ScimUser]:
    """The user with an id, or nobody."""
    user = api.find(f"{path}/{segment(user_id)}", ScimUser)
    return [user] if user else []


def named(api: Api, path: str, attribute: str, command: GovernanceCommand) -> ScimUser:
    """The one user of whom an attribute is a command's target. Rejected where there is none or several."""
    name = json.dumps(command.target, ensure_ascii=False)  # RFC 7644, 3.4.2.2: as JSON has texts
    page = api.get(path, _Page, query={"filter": f"{attribute} eq {name}"})
    return only([user for user in page.resources or () if user.is_called(command.target)], command)


def stands(action: str, user: ScimUser) -> bool | None:
    """Whether a user is active or not, as the action asks."""
    wanted = {"suspend_user": False, "unsuspend_user": True}.get(action)
    return None if wanted is None or user.active is None else user.active is wanted


def _active(value: bool) -> Any:
    schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
    return {"schemas": [schema], "Operations": [{"op": "replace", "path": "active", "value": value}]}
