"""Every command is judged again right before it is sent, by the rails of that moment: it may have waited for an hour."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from casbd.governance import administrators, ceilings
from casbd.governance.rails import Rails
from casbd.model.governance import CommandStatus, GovernanceCommand
from casbd.store.state import governance_moments, raised_alerts

GIVE_UP_ON_COMMANDS = 3_600_000
"""A governance command that was not carried out within an hour, casbd's own downtime included, fails: a suspension a day late
is more likely a mistake than a help."""


class Verdict(NamedTuple):
    """What a queued command becomes: `queued` where it goes, else why not. late: it was tried for too long."""

    status: CommandStatus
    reason: str = ""
    late: bool = False


def judge(connection: sqlite3.Connection, command: GovernanceCommand, rails: Rails, now: int) -> Verdict:
    """Whether a queued command may be sent now (ms)."""
    if why_not := _against(connection, command, rails, now):
        return Verdict("blocked", why_not)
    if rails.care.mode == "dry_run":
        return Verdict("blocked", "governance.mode is dry_run by now")
    if rails.care.mode == "approve" and command.approved is None:
        return Verdict("pending_approval", "governance.mode is approve by now, and nobody has approved it")
    if _age(connection, command, rails, now) >= GIVE_UP_ON_COMMANDS:
        return Verdict("failed", late=True)
    full = "" if command.reverts else ceilings.reached(connection, command, "tried", rails, now)
    return Verdict("blocked", full) if full else Verdict("queued")


def _against(connection: sqlite3.Connection, command: GovernanceCommand, rails: Rails, now: int) -> str:
    """What speaks against it. Of a way back only that no connector takes it: what was done by mistake must be undone, whoever it is."""
    if command.reverts:
        return rails.out_of_reach(command)
    return (
        rails.why_no_longer(command, now)
        or administrators.last_one(connection, command, rails.administrators)
        or _closed(connection, command)
    )


def _age(connection: sqlite3.Connection, command: GovernanceCommand, rails: Rails, now: int) -> int:
    """Milliseconds since it was decided, or since a person last wanted it."""
    moment = rails.moment(now)
    if command.approved is not None:
        return governance_moments.age(connection, command.command_id, command.approved, moment, "approved")
    return governance_moments.age(connection, command.command_id, command.created, moment)


def _closed(connection: sqlite3.Connection, command: GovernanceCommand) -> str:
    """Why the alert is no reason any more: somebody has said what it was."""
    alert = raised_alerts.get(connection, command.alert_id) if command.alert_id else None
    if alert is None or alert.status == "open":
        return ""
    return "the alert is closed" + (f" as {alert.resolution}" if alert.resolution else "")
