"""A person's word on commands: approved, rejected, tried again. Each is still judged right before it is sent."""

from __future__ import annotations

import sqlite3

from msgspec.structs import replace

from casbd.config.governance import Governance
from casbd.documents import durations
from casbd.governance import ceilings
from casbd.governance.actions import stronger_than
from casbd.governance.withdrawing import ended
from casbd.model.governance import GovernanceCommand
from casbd.store.state import governance_log, governance_moments, outbox
from casbd.store.state.governance_moments import Moment


def approve(connection: sqlite3.Connection, command: GovernanceCommand, who: str, care: Governance, moment: Moment) -> GovernanceCommand:
    """Queue a command that waits for approval. ValueError where it may not go, with the reason."""
    _must_be_pending(command)
    if _is_expired(connection, command, care, moment):
        raise ValueError(f"{_unapproved(care)}, and it is too late now")
    _must_be_the_only_one(connection, command, care, moment)
    return queued(connection, replace(command, who=f"{command.who}, approved by {who}" if command.who else who), moment)


def reject(connection: sqlite3.Connection, command: GovernanceCommand, who: str, comment: str, moment: Moment) -> GovernanceCommand:
    """Say no to a command that waits for approval. ValueError where it does not."""
    _must_be_pending(command)
    rejected = ended(command, "rejected", f"rejected by {who}" + (f": {comment}" if comment else ""), moment.at)
    governance_log.save(connection, rejected)
    return rejected


def overdue(connection: sqlite3.Connection, care: Governance, moment: Moment) -> list[GovernanceCommand]:
    """What nobody has approved in time."""
    pending = governance_log.with_status(connection, "pending_approval")
    return [command for command in pending if _is_expired(connection, command, care, moment)]


def expire(connection: sqlite3.Connection, care: Governance, moment: Moment) -> None:
    """Reject what nobody has approved in time."""
    for command in overdue(connection, care, moment):
        governance_log.save(connection, ended(command, "rejected", _unapproved(care), moment.at))


def retry(connection: sqlite3.Connection, command: GovernanceCommand, who: str, care: Governance, moment: Moment) -> GovernanceCommand:
    """Queue a failed command anew, with its id: what may have been done is looked at before. ValueError where it may not go."""
    if command.status != "failed":
        raise ValueError(f"only what failed can be tried again: it is {command.status}")
    if not command.reverts:
        _must_be_the_only_one(connection, command, care, moment)
    again = replace(command, finished=None, error=None, who=f"{command.who}, tried again by {who}" if command.who else who)
    return queued(connection, again, moment)


def queued(connection: sqlite3.Connection, command: GovernanceCommand, moment: Moment) -> GovernanceCommand:
    """Queue what a person wants now. ValueError where the breaker is open, but for ways back: of these there is need just then."""
    held = "" if command.reverts else ceilings.held_by_the_breaker(connection)
    if held:
        raise ValueError(held)
    command = replace(command, status="queued", approved=moment.at)
    governance_log.save(connection, command)
    governance_moments.note(connection, command.command_id, "approved", moment)
    outbox.add(connection, outbox.connector_destination(command.connector), command)
    return command


def _must_be_pending(command: GovernanceCommand) -> None:
    if command.status != "pending_approval":
        raise ValueError(f"it does not wait for approval: it is {command.status}")


def _must_be_the_only_one(connection: sqlite3.Connection, command: GovernanceCommand, care: Governance, moment: Moment) -> None:
    """Of the same, or of what contains it, while this one waited: a change of the mode, or another approval, may have let it pass."""
    actions = [command.action, *stronger_than(command.action)]
    other = governance_log.same_within(connection, command, actions, care.cool_down, moment, ("queued", "succeeded"))
    if other is not None:
        raise ValueError(f"{other.action} was asked for since: {other.command_id}")


def _is_expired(connection: sqlite3.Connection, command: GovernanceCommand, care: Governance, moment: Moment) -> bool:
    return governance_moments.age(connection, command.command_id, command.created, moment) >= care.approval_timeout


def _unapproved(care: Governance) -> str:
    return f"nobody approved it within {durations.written(care.approval_timeout)} (governance.approval_timeout)"
