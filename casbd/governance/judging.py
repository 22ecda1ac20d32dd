"""Every command is judged again right before it is sent, by the rails of that moment: it may have waited for an hour."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from casbd.governance.deciding import HOUR, too_many
from casbd.governance.rails import Rails
from casbd.model.governance import CommandStatus, GovernanceCommand
from casbd.store.state import governance_moments, raised_alerts

GIVE_UP_ON_COMMANDS = HOUR
"""A governance command that was not carried out within an hour, casbd's own downtime included, fails: a suspension a day late
is more likely a mistake than a help."""


class Verdict(NamedTuple):
    """What a queued command becomes: `queued` where it goes, else why not. late: it was tried for too long."""

    status: CommandStatus
    reason: str = ""
    late: bool = False


def judge(connection: sqlite3.Connection, command: GovernanceCommand, rails: Rails, now: int) -> Verdict:
    """Whether a queued command may be sent now (ms)."""
    if why_not := rails.why_no_longer(command, now) or _closed(connection, command):
        return Verdict("blocked", why_not)
    if rails.care.mode == "dry_run":
        return Verdict("blocked", "governance.mode is dry_run by now")
    if rails.care.mode == "approve":
        return Verdict("pending_approval", "governance.mode is approve by now, and nobody has approved it")
    moment = rails.moment(now)
    if governance_moments.age(connection, command.command_id, command.created, moment) >= GIVE_UP_ON_COMMANDS:
        return Verdict("failed", late=True)
    if governance_moments.number_since(connection, "tried", moment, HOUR, besides=command.command_id) >= rails.care.max_per_hour:
        return Verdict("blocked", too_many(rails))
    return Verdict("queued")


def _closed(connection: sqlite3.Connection, command: GovernanceCommand) -> str:
    """Why the alert is no reason any more: somebody has said what it was."""
    alert = raised_alerts.get(connection, command.alert_id) if command.alert_id else None
    if alert is None or alert.status == "open":
        return ""
    return "the alert is closed" + (f" as {alert.resolution}" if alert.resolution else "")
