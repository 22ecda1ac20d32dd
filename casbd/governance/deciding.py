"""What becomes of a policy's governance actions. An account suspended by mistake is worse than one suspended late."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable

from casbd.alerting.raising import identity
from casbd.governance.accounts import no_target
from casbd.governance.rails import Rails
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.model.governance import CommandStatus, GovernanceCommand
from casbd.store import governance as stored

HOUR = 3_600_000
ONCE_IN = 24 * HOUR
"""The same action on the same user is asked for once in this time, however many alerts there are."""

Asked = Iterable[tuple[str, str]]
"""What a policy asks for: (action, connector) each."""
Decide = Callable[[sqlite3.Connection, Alert, Activity, Asked, Rails, int], list[GovernanceCommand]]


def decide(
    connection: sqlite3.Connection, alert: Alert, activity: Activity, asked: Asked, rails: Rails, now: int
) -> list[GovernanceCommand]:
    """The commands of an alert that `activity` has raised, with the status that the configured care gives them.

    Stored in the governance log at once; those that are `queued` are the caller's to put into the outbox.
    """
    return [_decided(connection, alert, activity, one, rails, now) for one in dict.fromkeys(asked)]


def decide_again(
    connection: sqlite3.Connection, alert: Alert, activity: Activity, asked: Asked, rails: Rails, now: int
) -> list[GovernanceCommand]:
    """As `decide`, when an alert has grown: of what was blocked because its activities were history, and goes on now.

    Else nothing were ever done about what began while casbd was down, or in a file that is read late.
    """
    if rails.out_of_time(alert.last_activity, now):
        return []
    earlier = {one: stored.get(connection, _identity(alert, *one)) for one in dict.fromkeys(asked)}
    due = [one for one, command in earlier.items() if command is not None and rails.was_out_of_time(command)]
    return decide(connection, alert, activity, due, rails, now)


def _decided(
    connection: sqlite3.Connection, alert: Alert, activity: Activity, one: tuple[str, str], rails: Rails, now: int
) -> GovernanceCommand:
    action, connector = one
    status, reason = _status(connection, alert, activity, one, rails, now)
    command = GovernanceCommand(
        command_id=_identity(alert, action, connector),
        action=action,
        connector=connector,
        target=alert.user or "",
        user_id=activity.user_id,
        app=activity.app,
        app_instance=activity.app_instance,
        status=status,
        reason=reason or alert.title,
        policy_id=alert.policy_id,
        alert_id=alert.alert_id,
        created=now,
        last_activity=alert.last_activity,
    )
    stored.save(connection, command)
    return command


def _identity(alert: Alert, action: str, connector: str) -> str:
    return identity("governance", alert.alert_id, action, connector)


def _status(
    connection: sqlite3.Connection, alert: Alert, activity: Activity, one: tuple[str, str], rails: Rails, now: int
) -> tuple[CommandStatus, str]:
    """The first reason not to do it, else what the mode says."""
    care = rails.care
    if not alert.user:
        return "blocked", "the alert is not about a single user"
    if why_not := rails.why_not(alert.user, alert.last_activity, now, activity.user_id) or no_target(activity):
        return "blocked", why_not
    earlier = stored.same_since(connection, *one, alert.user, now - ONCE_IN)
    if earlier:
        return "blocked", f"the same was asked for within a day: {earlier}"
    if care.mode == "dry_run":
        return "dry_run", ""
    if care.mode == "approve":
        return "pending_approval", ""
    if stored.acted_since(connection, now - HOUR) >= care.max_per_hour:
        return "blocked", f"governance.max_per_hour ({care.max_per_hour}) is reached"
    return "queued", ""
