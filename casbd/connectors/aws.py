"""Governance actions on IAM users of AWS, and on people's sessions of its roles.

It asks through boto3 (`pip install 'casbd[aws]'`), as itself or as a role in each account, with the IAM permissions GetUser, ListUsers,
ListAccessKeys, UpdateAccessKey, GetUserPolicy, PutUserPolicy and DeleteUserPolicy; for sessions of roles GetRole, GetRolePolicy and
PutRolePolicy; for `delete_login_profile` GetLoginProfile and DeleteLoginProfile. Who may write policies may do anything: keep casbd's own
user and role out of the resources. A change takes some seconds to be heard everywhere. Roles of IAM Identity Center cannot be changed:
end such sessions where people sign in.

Sources: AWS, "Disabling permissions for temporary security credentials"
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html), "Revoke IAM role temporary
security credentials" (.../id_roles_use_revoke-sessions.html), "Manage access keys" (.../id_credentials_access-keys.html), "Access to AWS
accounts owned by third parties" (.../id_roles_common-scenarios_third-party.html: the external id).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from casbd.clock import Clock, now
from casbd.connectors._aws_account import AwsOptions, check, open_account, told
from casbd.connectors._aws_policies import (
    OLDER_SESSIONS,
    SUSPENDED,
    active_before,
    denied_since,
    denies_everything,
    everything,
    older_sessions,
)
from casbd.connectors._aws_principals import IamUser, Principal, find
from casbd.connectors._vendor import shown
from casbd.errors import Rejected
from casbd.model.governance import GovernanceCommand
from casbd.plugins import UNCHANGED, Done, Options, registry

_KEYS = "access_keys"


@registry.connector
class Aws:
    """Denies IAM users everything, switches their access keys off, and denies everything to older sessions.

    suspend_user puts the inline policy `casbd-suspend`, which remembers what access keys were active, and switches these off;
    unsuspend_user takes back both. require_sign_in_again denies everything to sessions that began before, of an IAM user, or of one
    person at a role (to nobody else's there). revoke_tokens does this, and switches the user's access keys off, for which there is no
    way back but in IAM.
    """

    Options: ClassVar[type[Options]] = AwsOptions
    actions: ClassVar[tuple[str, ...]] = ("suspend_user", "unsuspend_user", "require_sign_in_again", "revoke_tokens")
    ways_back: ClassVar[Mapping[str, str]] = {"suspend_user": "unsuspend_user"}
    example: ClassVar[dict[str, Any]] = {"assume_role": "arn:aws:iam::{account}:role/casbd", "external_id": "casbd-4711"}

    def __init__(self, options: AwsOptions, clock: Clock = now) -> None:
        """Raises Mistakes where boto3 is not installed or the secret cannot be read."""
        check(options)
        self._options = options
        self._clock = clock

    def execute(self, command: GovernanceCommand) -> Done:
        """Do what is not done yet. Retry where AWS throttles or cannot be reached; Rejected where it says no."""
        act = self._known(command)
        with told():
            account = open_account(self._options, command)
            whom = find(account, command)
            restore = act(self, whom, command)
            calls = ", ".join(f"{call} ({times})" if times > 1 else call for call, times in Counter(whom.calls).items())
            request = f"iam {calls}: {whom.kind.lower()} {whom.name} in {account.id}"
            return Done(request if calls else "", "done" if calls else UNCHANGED, restore)

    def preview(self, command: GovernanceCommand) -> str:
        """The requests that change something."""
        self._known(command)
        return f"iam {_PREVIEWS[command.action]}: {shown(command.target)}"

    def is_done(self, command: GovernanceCommand) -> bool:
        """Whether policies and keys are as the action leaves them."""
        self._known(command)
        with told():
            whom = find(open_account(self._options, command), command)
            if command.action == "require_sign_in_again":
                return _signed_out(whom, command)
            return self._is_done(_iam_user(whom, command), command)

    def _known(self, command: GovernanceCommand) -> _Act:
        if command.action not in _ACTS:
            raise Rejected(f"AWS has no {command.action}")
        return _ACTS[command.action]

    def _is_done(self, user: IamUser, command: GovernanceCommand) -> bool:
        if command.action == "unsuspend_user":
            return user.policy(SUSPENDED) is None and not _active_before(user, command) & user.keys("Inactive")
        if user.keys("Active"):
            return False
        if command.action == "revoke_tokens":
            return _signed_out(user, command)
        return denies_everything(user.policy(SUSPENDED)) and not (self._options.delete_login_profile and user.has_password())

    def _suspend(self, whom: Principal, command: GovernanceCommand) -> Mapping[str, Any]:
        user = _iam_user(whom, command)
        policy, active = user.policy(SUSPENDED), user.keys("Active")
        before = active | active_before(policy)
        if policy != everything(before):
            user.put_policy(SUSPENDED, everything(before))
        user.set_keys(active, "Inactive")
        if self._options.delete_login_profile:
            user.delete_password()
        return {_KEYS: sorted(before)}

    def _unsuspend(self, whom: Principal, command: GovernanceCommand) -> None:
        user = _iam_user(whom, command)
        # the policy goes last: it is what remembers the keys, should something end this here
        user.set_keys(_active_before(user, command) & user.keys("Inactive"), "Active")
        user.delete_policy(SUSPENDED)

    def _sign_out(self, whom: Principal, command: GovernanceCommand) -> None:
        if not _signed_out(whom, command):
            whom.put_policy(OLDER_SESSIONS, older_sessions(whom.policy(OLDER_SESSIONS), self._clock(), whom.who))

    def _revoke_tokens(self, whom: Principal, command: GovernanceCommand) -> None:
        user = _iam_user(whom, command)
        user.set_keys(user.keys("Active"), "Inactive")
        self._sign_out(user, command)


_Act = Callable[[Aws, Principal, GovernanceCommand], Mapping[str, Any] | None]
_ACTS: Mapping[str, _Act] = {
    "suspend_user": Aws._suspend,
    "unsuspend_user": Aws._unsuspend,
    "require_sign_in_again": Aws._sign_out,
    "revoke_tokens": Aws._revoke_tokens,
}
_PREVIEWS = {
    "suspend_user": f"PutUserPolicy {SUSPENDED}, UpdateAccessKey Inactive (each active one)",
    "unsuspend_user": f"UpdateAccessKey Active (those that were), DeleteUserPolicy {SUSPENDED}",
    "require_sign_in_again": f"PutUserPolicy or PutRolePolicy {OLDER_SESSIONS}",
    "revoke_tokens": f"UpdateAccessKey Inactive (each active one), PutUserPolicy {OLDER_SESSIONS}",
}


def _iam_user(whom: Principal, command: GovernanceCommand) -> IamUser:
    if isinstance(whom, IamUser):
        return whom
    name = shown(command.target)
    raise Rejected(f"{name} has sessions of the role {whom.name}, and no IAM user: {command.action} is for where they sign in")


def _active_before(user: IamUser, command: GovernanceCommand) -> set[str]:
    """The keys that go on again: those that the policy remembers, and those of the command that is taken back."""
    return active_before(user.policy(SUSPENDED)) | {str(key) for key in (command.restore or {}).get(_KEYS, ())}


def _signed_out(whom: Principal, command: GovernanceCommand) -> bool:
    since = denied_since(whom.policy(OLDER_SESSIONS), whom.who)
    return since is not None and since >= command.created
