"""What becomes of a policy's governance actions. An account suspended by mistake is worse than one suspended late."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from msgspec.structs import replace

from casbd.alerting.raising import identity
from casbd.governance.accounts import no_target
from casbd.governance.rails import Rails, meaning
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.model.governance import CommandStatus, GovernanceCommand
from casbd.policies.policy import Policy
from casbd.store.state import governance_log, governance_moments

HOUR = 3_600_000
ONCE_IN = 24 * HOUR
"""The same action on the same user is asked for once in this time, however many alerts there are."""

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
    return [_decided(connection, alert, activity, one, policy, rails, now) for one in dict.fromkeys(policy.governance)]


def decide_again(
    connection: sqlite3.Connection, alert: Alert, activity: Activity, policy: Policy, rails: Rails, now: int
) -> list[GovernanceCommand]:
    """As `decide`, when an alert has grown: of what was blocked because its activities were history, and goes on now.

    Else nothing were ever done about what began while casbd was down, or in a file that is read late.
    """
    if rails.out_of_time(alert.last_activity, now):
        return []
    earlier = {one: governance_log.get(connection, _identity(alert, *one)) for one in dict.fromkeys(policy.governance)}
    due = [one for one, command in earlier.items() if command is not None and rails.was_out_of_time(command)]
    return [_decided(connection, alert, activity, one, policy, rails, now) for one in due]


def _decided(
    connection: sqlite3.Connection, alert: Alert, activity: Activity, one: tuple[str, str], policy: Policy, rails: Rails, now: int
) -> GovernanceCommand:
    action, connector = one
    wanted = GovernanceCommand(
        command_id=_identity(alert, action, connector),
        action=action,
        connector=connector,
        target=alert.user or "",
        user_id=activity.user_id,
        app=activity.app,
        app_instance=activity.app_instance,
        status="blocked",
        policy_id=alert.policy_id,
        policy_digest=meaning(policy),
        alert_id=alert.alert_id,
        created=now,
        last_activity=alert.last_activity,
    )
    status, reason = _status(connection, wanted, activity, rails, now)
    command = replace(wanted, status=status, reason=reason or alert.title)
    governance_log.save(connection, command)
    governance_moments.note(connection, command.command_id, "decided", rails.moment(now))
    return command


def _identity(alert: Alert, action: str, connector: str) -> str:
    return identity("governance", alert.alert_id, action, connector)


def _status(
    connection: sqlite3.Connection, wanted: GovernanceCommand, activity: Activity, rails: Rails, now: int
) -> tuple[CommandStatus, str]:
    """The first reason not to do it, else what the mode says."""
    care = rails.care
    if not wanted.target:
        return "blocked", "the alert is not about a single user"
    if why_not := rails.why_no_longer(wanted, now) or no_target(activity):
        return "blocked", why_not
    earlier = governance_log.same_since(connection, wanted, now - ONCE_IN, _ASKED_ALREADY[care.mode])
    if earlier:
        return "blocked", f"the same was asked for within a day: {earlier}"
    if care.mode == "dry_run":
        return "dry_run", ""
    if care.mode == "approve":
        return "pending_approval", ""
    if governance_moments.number_since(connection, "decided", rails.moment(now), HOUR) >= care.max_per_hour:
        return "blocked", too_many(rails)
    return "queued", ""


def too_many(rails: Rails) -> str:
    """That the ceiling is reached."""
    return f"governance.max_per_hour ({rails.care.max_per_hour}) is reached"
