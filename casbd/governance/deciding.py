"""What becomes of a policy's governance actions. An account suspended by mistake is worse than one suspended late."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from msgspec.structs import replace

from casbd.alerting.raising import identity
from casbd.documents import durations
from casbd.governance import administrators, ceilings, withdrawing
from casbd.governance.accounts import no_target
from casbd.governance.actions import stronger_than
from casbd.governance.rails import Rails, meaning
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.model.governance import CommandStatus, GovernanceCommand
from casbd.policies.policy import Notice, Policy
from casbd.store.state import governance_log, governance_moments

_DONE: tuple[CommandStatus, ...] = ("queued", "succeeded")
_ASKED_ALREADY: dict[str, tuple[CommandStatus, ...]] = {
    "enforce": _DONE,
    "approve": (*_DONE, "pending_approval"),
    "dry_run": (*_DONE, "pending_approval", "dry_run"),
}
"""By mode, what makes the same superfluous: what was only tried out, or nobody has approved, never keeps from what is meant."""

Decide = Callable[[sqlite3.Connection, Alert, Activity, Policy, Rails, int], list[GovernanceCommand]]


def decide(
    connection: sqlite3.Connection, alert: Alert, activity: Activity, policy: Policy, rails: Rails, now: int
) -> list[GovernanceCommand]:
    """The commands of an alert of a policy that `activity` has raised, with the status that the configured care gives them.

    Stored in the governance log at once; those that are `queued` are the caller's to put into the outbox.
    """
    return [_decided(connection, alert, activity, one, policy, rails, now) for one in _steps(policy)]


def decide_again(
    connection: sqlite3.Connection, alert: Alert, activity: Activity, policy: Policy, rails: Rails, now: int
) -> list[GovernanceCommand]:
    """As `decide`, when an alert has grown: of what was blocked because its activities were history, and goes on now.

    Else nothing were ever done about what began while casbd was down, or in a file that is read late. The same of what was taken back with
    an anomaly that is found again.
    """
    if rails.out_of_time(alert.last_activity, now):
        return []
    earlier = {one: governance_log.get(connection, _identity(alert, *one)) for one in _steps(policy)}
    due = [one for one, command in earlier.items() if command is not None and (rails.was_out_of_time(command) or _is_taken_back(command))]
    return [_decided(connection, alert, activity, one, policy, rails, now) for one in due]


def _is_taken_back(command: GovernanceCommand) -> bool:
    return command.status == "rejected" and command.reason == withdrawing.EXPLAINED


def _steps(policy: Policy) -> list[tuple[str, str]]:
    """Each action and connector once; the stronger ones first, so that they make the weaker superfluous and not the other way round."""
    return sorted(dict.fromkeys(policy.governance), key=lambda step: len(stronger_than(step[0])))


def _decided(
    connection: sqlite3.Connection, alert: Alert, activity: Activity, one: tuple[str, str], policy: Policy, rails: Rails, now: int
) -> GovernanceCommand:
    action, connector = one
    notice = policy.notices.get(one, Notice())
    wanted = GovernanceCommand(
        command_id=_identity(alert, action, connector),
        action=action,
        connector=connector,
        target=alert.user or "",
        user_id=activity.user_id,
        app=activity.app,
        app_instance=activity.app_instance,
        status="blocked",
        reason=alert.title,
        policy_id=alert.policy_id,
        policy_digest=meaning(policy),
        alert_id=alert.alert_id,
        created=now,
        last_activity=alert.last_activity,
        message=notice.message,
        recipients=notice.recipients,
    )
    return settled(connection, wanted, rails, now, why_not=no_target(activity), is_administrator=activity.user_type == "Admin")


def _identity(alert: Alert, action: str, connector: str) -> str:
    return identity("governance", alert.alert_id, action, connector)


def settled(
    connection: sqlite3.Connection, wanted: GovernanceCommand, rails: Rails, now: int, *, why_not: str = "", is_administrator: bool = False
) -> GovernanceCommand:
    """A new command with the status that the rails give it, in the governance log.

    why_not: another reason against it. is_administrator: its user is one, whatever the groups say.
    """
    status, reason = _status(connection, wanted, rails, now, why_not, is_administrator)
    command = replace(wanted, status=status, reason=reason or wanted.reason, mode=rails.care.mode)
    if status in ("dry_run", "pending_approval"):
        command = replace(command, request=rails.preview(command))
    governance_log.save(connection, command)
    governance_moments.note(connection, command.command_id, "decided", rails.moment(now))
    return command


def _status(
    connection: sqlite3.Connection, wanted: GovernanceCommand, rails: Rails, now: int, why_not: str, is_administrator: bool
) -> tuple[CommandStatus, str]:
    """The first reason not to do it, else what the mode says."""
    if not wanted.target:
        return "blocked", "the alert is not about a single user"
    against = (
        rails.why_no_longer(wanted, now)
        or why_not
        or administrators.last_one(connection, wanted, rails.administrators, is_one=is_administrator)
        or superfluous(connection, wanted, rails, now)
    )
    if against:
        return "blocked", against
    if rails.care.mode == "dry_run":
        return "dry_run", ""
    if rails.care.mode == "approve":
        return "pending_approval", ""
    held = ceilings.held_by_the_breaker(connection) or ceilings.reached(connection, wanted, "decided", rails, now)
    return ("blocked", held) if held else ("queued", "")


def superfluous(connection: sqlite3.Connection, wanted: GovernanceCommand, rails: Rails, now: int) -> str:
    """Why a command would do nothing that was not asked for within the cool-down; empty where it would."""
    stronger, span = stronger_than(wanted.action), rails.care.cool_down
    earlier = governance_log.same_within(
        connection, wanted, [wanted.action, *stronger], span, rails.moment(now), _ASKED_ALREADY[rails.care.mode]
    )
    if earlier is None:
        return ""
    when = f"within {durations.written(span)} (governance.cool_down): {earlier.command_id}"
    if earlier.action == wanted.action:
        return f"the same was asked for {when}"
    return f"{earlier.action}, which contains {wanted.action}, was asked for {when}"
