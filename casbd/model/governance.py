"""The governance command: what a connector is asked to do to an account."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

CommandStatus = Literal["dry_run", "pending_approval", "queued", "succeeded", "failed", "rejected", "reverted", "blocked"]

ACTIONS = (
    "suspend_user",
    "unsuspend_user",
    "require_sign_in_again",
    "confirm_user_compromised",
    "dismiss_user_risk",
    "revoke_admin_privileges",
    "revoke_tokens",
    "expire_password",
    "notify_user",
    "notify_additional_users",
)
"""What can be asked of any connector that takes all (`*`): MDCA's governance actions on users, and the ways back. Others have to be
listed by the connector."""
TO_OTHERS = "notify_additional_users"
NOTICES = ("notify_user", TO_OTHERS)
"""Those of them that tell somebody, and change nothing."""


class GovernanceCommand(msgspec.Struct, frozen=True, kw_only=True):
    """One command, as `casbd governance list --json` prints it. Times are milliseconds since 1970-01-01 UTC.

    target: the user it is done to; user_id, app, app_instance: the app's own id of the user, and where the activity that asked for it was.
    reason: why (the alert's title), or why it was blocked.
    last_activity: the newest activity of the alert when it was decided; None where no activity asked for it.
    policy_digest: what the policy asked for then. started: when it was last given to its connector; from then on it may have been done.
    who: the person who asked for it or approved it; None where a policy alone did. mode: the configured care when it was decided.
    approved: when a person last asked for it, approved it or had it tried again; None where none did.
    request, answer, duration (ms): what the connector sent and got, without secrets. restore: what its way back needs, as JSON.
    reverts: the command that this one takes back. message: of a notice, the rule file's text. recipients: who else gets it.
    """

    command_id: str
    action: str
    connector: str
    target: str
    status: CommandStatus
    reason: str = ""
    policy_id: str | None = None
    alert_id: str | None = None
    created: int = 0
    finished: int | None = None
    error: str | None = None
    last_activity: int | None = None
    user_id: str | None = None
    app: str | None = None
    app_instance: str | None = None
    policy_digest: str | None = None
    started: int | None = None
    who: str | None = None
    mode: str | None = None
    request: str = ""
    answer: str = ""
    duration: int | None = None
    restore: dict[str, Any] | None = None
    reverts: str | None = None
    approved: int | None = None
    message: str = ""
    recipients: tuple[str, ...] = ()
