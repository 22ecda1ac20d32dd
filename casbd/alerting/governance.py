"""What becomes of a policy's governance actions. An account suspended by mistake is worse than one suspended late."""

from __future__ import annotations

import sqlite3

from casbd.alerting.raising import identity
from casbd.config.settings import Governance
from casbd.model.alert import Alert
from casbd.model.governance import CommandStatus, GovernanceCommand
from casbd.store import governance as stored

HOUR = 3_600_000
ONCE_IN = 24 * HOUR
"""The same action on the same user is asked for once in this time, however many alerts there are."""


def decide(
    connection: sqlite3.Connection, alert: Alert, actions: list[tuple[str, str]], care: Governance, now: int
) -> list[GovernanceCommand]:
    """The commands of an alert, (action, connector) each, with the status that the configured care gives them.

    Stored in the governance log at once; those that are `queued` are the caller's to put into the outbox.
    """
    commands = []
    for action, connector in dict.fromkeys(actions):
        command_id = identity("governance", alert.alert_id, action, connector)
        status, reason = _status(connection, alert, action, connector, care, now)
        command = GovernanceCommand(
            command_id=command_id,
            action=action,
            connector=connector,
            target=alert.user or "",
            status=status,
            reason=reason or alert.title,
            policy_id=alert.policy_id,
            alert_id=alert.alert_id,
            created=now,
        )
        stored.save(connection, command)
        commands.append(command)
    return commands


def _status(
    connection: sqlite3.Connection, alert: Alert, action: str, connector: str, care: Governance, now: int
) -> tuple[CommandStatus, str]:
    """The first reason not to do it, else what the mode says."""
    if not alert.user:
        return "blocked", "the alert is not about a single user"
    if alert.user.casefold() in {user.casefold() for user in care.protected_users}:
        return "blocked", f"{alert.user} is one of governance.protected_users"
    earlier = stored.same_since(connection, action, connector, alert.user, now - ONCE_IN)
    if earlier:
        return "blocked", f"the same was asked for within a day: {earlier}"
    if care.mode == "dry_run":
        return "dry_run", ""
    if care.mode == "approve":
        return "pending_approval", ""
    if stored.acted_since(connection, now - HOUR) >= care.max_per_hour:
        return "blocked", f"governance.max_per_hour ({care.max_per_hour}) is reached"
    return "queued", ""
