"""How much may be done in an hour. Reaching a ceiling opens the breaker: a storm of alerts is looked at by a person before it goes on."""

from __future__ import annotations

import sqlite3
from typing import Literal

from casbd.governance.rails import Rails
from casbd.model.governance import GovernanceCommand
from casbd.records.timestamps import iso
from casbd.store.state import governance_breaker, governance_moments
from casbd.store.state.governance_breaker import Breaker

HOUR = 3_600_000


def held_by_the_breaker(connection: sqlite3.Connection) -> str:
    """Why nothing new may be queued; empty where it may."""
    breaker = governance_breaker.opened(connection)
    if breaker is None:
        return ""
    return f"the breaker is open since {iso(breaker.at)} ({breaker.reason}), until `casbd governance breaker --close`"


def reached(connection: sqlite3.Connection, command: GovernanceCommand, what: Literal["decided", "tried"], rails: Rails, now: int) -> str:
    """The ceiling of what was decided (tried) in the last hour that leaves no room for a command; empty where there is room.

    The breaker is open from then on.
    """
    reason = _reached(connection, command, what, rails, now)
    if reason:
        governance_breaker.open_it(connection, Breaker(now, reason))
    return reason


def _reached(connection: sqlite3.Connection, command: GovernanceCommand, what: Literal["decided", "tried"], rails: Rails, now: int) -> str:
    care, moment, own = rails.care, rails.moment(now), command.command_id
    if governance_moments.number_since(connection, what, moment, HOUR, besides=own) >= care.max_per_hour:
        return f"governance.max_per_hour ({care.max_per_hour}) is reached"
    most = care.max_per_hour_by_action.get(command.action)
    if most is None or governance_moments.number_since(connection, what, moment, HOUR, besides=own, action=command.action) < most:
        return ""
    return f"governance.max_per_hour_by_action ({command.action}: {most}) is reached"
