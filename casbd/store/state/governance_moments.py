"""When governance commands were decided and tried, by two clocks: who sets the time of day must not make an hour pass.

An hour has passed when both clocks say so. Of an earlier boot only the time of day can be compared.
"""

from __future__ import annotations

import sqlite3
from typing import Literal, NamedTuple

from casbd.clock import Uptime

What = Literal["decided", "approved", "tried", "sending"]
KEPT = 48 * 3_600_000
"""Longer than anything that is asked of them."""


class Moment(NamedTuple):
    """Now, by both clocks. at: milliseconds since 1970."""

    at: int
    uptime: Uptime


def note(connection: sqlite3.Connection, command_id: str, what: What, moment: Moment) -> None:
    """Something happens to a command now; what is too old by both clocks is forgotten."""
    at, (boot, up) = moment
    connection.execute("INSERT OR REPLACE INTO governance_moments VALUES (?, ?, ?, ?, ?)", (command_id, what, at, boot, up))
    connection.execute(
        "DELETE FROM governance_moments WHERE at < ? AND what <> 'sending' AND (boot <> ? OR uptime < ?)", (at - KEPT, boot, up - KEPT)
    )


def number_since(
    connection: sqlite3.Connection, what: What, moment: Moment, within: int, besides: str = "", action: str | None = None
) -> int:
    """How many commands were decided (tried) in the last so many milliseconds, and carried out or are about to be.

    besides: the id of a command that does not count. action: only of this one.
    """
    at, (boot, up) = moment
    query = (
        "SELECT count(*) FROM governance_moments JOIN governance USING (command_id) WHERE what = ?1 AND command_id <> ?2"
        " AND status IN ('queued', 'succeeded', 'failed', 'reverted') AND (at >= ?3 OR (boot = ?4 AND uptime >= ?5))"
        " AND action = coalesce(?6, action)"
    )
    (number,) = connection.execute(query, (what, besides, at - within, boot, up - within, action)).fetchone()
    return int(number)


def age(connection: sqlite3.Connection, command_id: str, since: int, moment: Moment, what: What = "decided") -> int:
    """Milliseconds since a command was decided (approved): by the clock that has gone on for longer. since: by the time of day."""
    at, (boot, up) = moment
    query = "SELECT uptime FROM governance_moments WHERE command_id = ? AND what = ? AND boot = ?"
    row = connection.execute(query, (command_id, what, boot)).fetchone()
    return max(at - since, up - row[0]) if row else at - since


def sending(connection: sqlite3.Connection) -> list[str]:
    """The commands that connectors are carrying out just now."""
    return [row[0] for row in connection.execute("SELECT command_id FROM governance_moments WHERE what = 'sending' ORDER BY at")]


def sent(connection: sqlite3.Connection, command_id: str | None = None) -> None:
    """A command (None: any, as nobody can be at it) is not being carried out any more."""
    connection.execute("DELETE FROM governance_moments WHERE what = 'sending' AND command_id = coalesce(?, command_id)", (command_id,))
