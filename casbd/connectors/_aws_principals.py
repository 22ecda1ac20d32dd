"""Whom a command is about in an AWS account, an IAM user or a role's session, and what governance reads and changes of them.

Sources: AWS, IAM API (https://docs.aws.amazon.com/IAM/latest/APIReference/: GetUser, ListUsers, PutUserPolicy, PutRolePolicy,
UpdateAccessKey, DeleteLoginProfile) and "IAM identifiers" (.../UserGuide/reference_identifiers.html: names that differ by case alone are
the same; `AIDA` begins the id of a user).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from casbd.connectors._aws_account import Account, arn_of
from casbd.connectors._aws_policies import Document
from casbd.connectors._vendor import shown
from casbd.errors import Rejected
from casbd.model.governance import GovernanceCommand

_IDENTITY_CENTER = "AWSReservedSSO_"


class Principal:
    """One that has inline policies. who: the `aws:userid` to which a policy of it has to be narrowed. calls: what was changed, in words."""

    kind: str
    who: str | None = None

    def __init__(self, iam: Any, name: str) -> None:
        self._iam = iam
        self.name = name
        self.calls: list[str] = []

    def policy(self, name: str) -> Document | None:
        """An inline policy; None where there is none of that name."""
        try:
            found = self._of_policies("get")(**self._named(name))["PolicyDocument"]
        except self._iam.exceptions.NoSuchEntityException:
            return None
        return found if isinstance(found, dict) else {}

    def put_policy(self, name: str, document: Document) -> None:
        """Write an inline policy, over what was there."""
        self._of_policies("put")(**self._named(name), PolicyDocument=json.dumps(document, separators=(",", ":")))
        self.calls.append(f"Put{self.kind}Policy {name}")

    def delete_policy(self, name: str) -> None:
        """Remove an inline policy; nothing where there is none."""
        if self.policy(name) is not None:
            self._of_policies("delete")(**self._named(name))
            self.calls.append(f"Delete{self.kind}Policy {name}")

    def _of_policies(self, verb: str) -> Any:
        return getattr(self._iam, f"{verb}_{self.kind.lower()}_policy")

    def _named(self, policy: str) -> dict[str, str]:
        return {f"{self.kind}Name": self.name, "PolicyName": policy}


class IamUser(Principal):
    """An IAM user, whose sessions are all one person's."""

    kind = "User"

    def keys(self, status: str) -> set[str]:
        """The ids of the access keys that are `Active`, or `Inactive`."""
        pages = self._iam.get_paginator("list_access_keys").paginate(UserName=self.name)
        return {key["AccessKeyId"] for page in pages for key in page["AccessKeyMetadata"] if key["Status"] == status}

    def set_keys(self, keys: set[str], status: str) -> None:
        """Switch access keys to `Active` or `Inactive`, one request each."""
        for key in sorted(keys):
            self._iam.update_access_key(UserName=self.name, AccessKeyId=key, Status=status)
            self.calls.append(f"UpdateAccessKey {status}")

    def has_password(self) -> bool:
        """Whether it can log on to the console by a password."""
        try:
            self._iam.get_login_profile(UserName=self.name)
        except self._iam.exceptions.NoSuchEntityException:
            return False
        return True

    def delete_password(self) -> None:
        """For good; nothing where there is none."""
        if self.has_password():
            self._iam.delete_login_profile(UserName=self.name)
            self.calls.append("DeleteLoginProfile")


class RoleSession(Principal):
    """One person's sessions of a role that others have sessions of, too. name: the role's."""

    kind = "Role"

    def __init__(self, iam: Any, role: str, session: str) -> None:
        super().__init__(iam, role)
        self.who = f"{iam.get_role(RoleName=role)['Role']['RoleId']}:{session}"


def find(account: Account, command: GovernanceCommand) -> IamUser | RoleSession:
    """Whom a command is about. Rejected where nobody is, or more than one may be."""
    arn = arn_of(command)
    if arn is None:
        return _user(account, command, command.target)
    kind, _, path = arn[1].partition("/")
    name = path.rpartition("/")[2]
    if name.casefold() != command.target.casefold() or kind not in ("user", "assumed-role"):
        raise Rejected(f"{shown(command.target)} is neither an IAM user nor a session: {shown(command.user_id or '')}")
    if kind == "user":
        return _user(account, command, name)
    role = path.partition("/")[0]
    if role.startswith(_IDENTITY_CENTER):
        raise Rejected(f"{shown(role)} is a role of IAM Identity Center, which nobody else can change")
    try:
        return RoleSession(account.iam, role, name)
    except account.iam.exceptions.NoSuchEntityException:
        raise Rejected(f"not found: account {account.id} has no role {shown(role)}") from None


def _user(account: Account, command: GovernanceCommand, name: str) -> IamUser:
    user = _found(account, name)
    if (command.user_id or "").startswith("AIDA") and user["UserId"] != command.user_id:
        raise Rejected(
            f"the IAM user {shown(name)} of account {account.id} is another one by now: its id is not {shown(command.user_id or '')}"
        )
    if user["Arn"] == account.own:
        raise Rejected(f"the IAM user {shown(name)} is the one that casbd itself acts as")
    return IamUser(account.iam, user["UserName"])


def _found(account: Account, name: str) -> Mapping[str, Any]:
    """By the name as it is, else by one that differs in case alone: addresses are written in small letters in the activity log."""
    try:
        alike: list[Mapping[str, Any]] = [account.iam.get_user(UserName=name)["User"]]
    except account.iam.exceptions.NoSuchEntityException:
        pages = account.iam.get_paginator("list_users").paginate()
        alike = [user for page in pages for user in page["Users"] if user["UserName"].casefold() == name.casefold()]
    if not alike:
        raise Rejected(f"not found: account {account.id} has no IAM user {shown(name)}")
    if len(alike) > 1:
        raise Rejected(f"ambiguous: account {account.id} has {len(alike)} IAM users {shown(name)}")
    return alike[0]
