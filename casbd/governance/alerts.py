"""What a person must know of governance, as alerts about casbd itself."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from casbd.alerting import raising
from casbd.config.governance import Governance
from casbd.documents import durations
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.records.timestamps import iso
from casbd.store.state.governance_breaker import Breaker

_HOUR = 3_600_000


def breaker_opened(breaker: Breaker, now: int) -> Alert:
    """One alert each time it opens."""
    alert = raising.system(
        "governance_breaker",
        "The breaker of governance is open",
        f"Since {iso(breaker.at)} no new command is sent to any connector: {breaker.reason}. Look at `casbd governance list`, then close"
        " it: `casbd governance breaker --close`.",
        subject="",
        moment=breaker.at,
        now=now,
    )
    return replace(alert, severity="high")


def unapproved(overdue: Sequence[GovernanceCommand], care: Governance, now: int) -> Alert:
    """At most one alert an hour, however many they are."""
    commands = "1 command was" if len(overdue) == 1 else f"{len(overdue)} commands were"
    return raising.system(
        "governance_unapproved",
        "Nobody approved what governance asked for",
        f"{commands} rejected, as nobody approved within {durations.written(care.approval_timeout)} (governance.approval_timeout)."
        f" The first: {overdue[0].action} of {overdue[0].target} ({overdue[0].command_id}).",
        subject="",
        moment=now - now % _HOUR,
        now=now,
    )


def failed(command: GovernanceCommand, now: int) -> Alert:
    """One alert each time a command fails."""
    alert = raising.system(
        "governance_failed",
        f"{command.action} failed",
        f"{command.action} of {command.target} at {command.connector} failed: {command.error}. `casbd governance retry"
        f" {command.command_id}` tries again.",
        subject=command.command_id,
        moment=command.finished or now,
        now=now,
    )
    return replace(alert, user=command.target, app=command.app, app_instance=command.app_instance)
