"""The way back of what was done. It is a command of its own, and when it is done the first one is `reverted`."""

from __future__ import annotations

import sqlite3

from msgspec.structs import replace

from casbd.alerting.raising import identity
from casbd.governance import approving
from casbd.governance.rails import Rails
from casbd.model.governance import GovernanceCommand
from casbd.plugins import UNCHANGED
from casbd.store.state import governance_log


def revert(
    connection: sqlite3.Connection, command: GovernanceCommand, way_back: str | None, who: str, rails: Rails, now: int
) -> GovernanceCommand:
    """Queue what takes a command back; in a dry run the command that would have been. ValueError where there is nothing to take back.

    way_back: the action that does, by the connector; None where it has none. Neither protection nor ceilings, cool-down and breaker hold
    it: what was done by mistake, to many perhaps, must be undone.
    """
    if command.status != "succeeded":
        raise ValueError(f"only what was done can be taken back: it is {command.status}")
    if command.answer == UNCHANGED:
        raise ValueError(f"nothing was done that could be taken back: {UNCHANGED}")
    if way_back is None:
        raise ValueError(f"{command.action} has no way back at the connector {command.connector}: undo it in the app, if it can be")
    earlier = [one for one in governance_log.of_target(connection, command.target) if one.reverts == command.command_id]
    if earlier and earlier[-1].status == "queued":
        raise ValueError(f"it is being taken back already: {earlier[-1].command_id}")
    if earlier and earlier[-1].status == "failed":
        raise ValueError(f"taking it back failed: `casbd governance retry {earlier[-1].command_id}` tries again")
    back = replace(
        command,
        command_id=identity("revert", command.command_id, str(len(earlier))),
        action=way_back,
        status="dry_run",
        reason=f"takes back {command.action} ({command.command_id})",
        policy_id=None,
        policy_digest=None,
        created=now,
        who=who,
        mode=rails.care.mode,
        reverts=command.command_id,
        **dict.fromkeys(("finished", "error", "last_activity", "started", "approved", "duration")),
        request="",
        answer="",
    )
    if rails.care.mode != "dry_run":
        return approving.queued(connection, back, rails.moment(now))
    back = replace(back, request=rails.preview(back))
    governance_log.save(connection, back)
    return back


def taken_back(connection: sqlite3.Connection, done: GovernanceCommand) -> None:
    """What a command that is done now has taken back is `reverted`."""
    first = governance_log.get(connection, done.reverts) if done.reverts else None
    if first is not None and first.status == "succeeded":
        governance_log.save(connection, replace(first, status="reverted"))
