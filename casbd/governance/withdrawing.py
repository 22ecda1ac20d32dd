"""Taking commands back before they are sent: somebody cancels them, or their connector is gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from msgspec.structs import replace

from casbd.model.governance import CommandStatus, GovernanceCommand
from casbd.store.state import governance_log, governance_moments, outbox


def ended(command: GovernanceCommand, status: CommandStatus, why: str, now: int, failure: str = "") -> GovernanceCommand:
    """A queued command that is not sent (again): of what was tried nobody knows whether it was done, so that it counts as done."""
    if command.started is not None:
        error = f"given up: {why}" + (f"; before that: {failure}" if failure else "; it was tried before and may have been done")
        return replace(command, status="failed", finished=now, error=error)
    return replace(command, status=status, finished=None if status == "pending_approval" else now, reason=why)


def cancel(connection: sqlite3.Connection, command: GovernanceCommand, who: str, now: int) -> GovernanceCommand:
    """Take back a command that waits. ValueError where it does not, with what is true of it."""
    if command.command_id in governance_moments.sending(connection):
        raise ValueError("it is being carried out just now, which nobody can stop: `casbd governance list` will tell what came of it")
    if command.status not in ("queued", "pending_approval"):
        raise ValueError(f"it waits for nothing: it is {command.status}")
    cancelled = ended(command, "rejected", f"cancelled by {who}", now)
    governance_log.save(connection, cancelled)
    outbox.withdraw(connection, {command.command_id})
    return cancelled


def of_gone_connectors(connection: sqlite3.Connection, connectors: Collection[str], now: int) -> list[GovernanceCommand]:
    """End the commands that wait for connectors which are not configured: one of that name may be another app's some day."""
    gone = [command for command in governance_log.with_status(connection, "queued") if command.connector not in connectors]
    over = [ended(command, "blocked", f"there is no connector {command.connector} any more", now) for command in gone]
    for command in over:
        governance_log.save(connection, command)
    if over:
        outbox.withdraw(connection, {command.command_id for command in over})
    return over


EXPLAINED = "the alert was withdrawn: records that came later explain it"


def of_withdrawn(connection: sqlite3.Connection, alert_id: str, now: int) -> list[GovernanceCommand]:
    """Take back the commands of an alert that wait, but for one that is being carried out just now."""
    sending = governance_moments.sending(connection)
    waiting = [
        ended(command, "rejected", EXPLAINED, now)
        for command in governance_log.of_alert(connection, alert_id)
        if command.status in ("queued", "pending_approval") and command.command_id not in sending
    ]
    for command in waiting:
        governance_log.save(connection, command)
    if waiting:
        outbox.withdraw(connection, {command.command_id for command in waiting})
    return waiting
