"""The governance log."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator

import msgspec

from casbd.model.governance import CommandStatus, GovernanceCommand
from casbd.model.identity import canonical, person
from casbd.store.state.governance_moments import Moment
from casbd.store.state.spelt import may_be

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(GovernanceCommand).decode


def save(connection: sqlite3.Connection, command: GovernanceCommand) -> None:
    """Add a command, or put it in the place of the one with its id. All but that it is queued is to be told (`untold`)."""
    c = command
    connection.execute(
        "INSERT OR REPLACE INTO governance VALUES (?, ?, ?, ?, ?, ?, ?)",
        (c.command_id, c.action, c.connector, c.target, c.status, c.created, _encode(c)),
    )
    if c.status != "queued":
        connection.execute("INSERT OR IGNORE INTO governance_untold (command_id) VALUES (?)", (c.command_id,))


def untold(connection: sqlite3.Connection, limit: int) -> dict[int, GovernanceCommand]:
    """Commands whose outcome is to be told, as they are now: by what `told` takes, in order, at most so many."""
    query = "SELECT seq, body FROM governance_untold JOIN governance USING (command_id) ORDER BY seq LIMIT ?"
    return {seq: _decode(body) for seq, body in connection.execute(query, (limit,))}


def told(connection: sqlite3.Connection, upto: int) -> None:
    """Those so far have been told; of what was removed meanwhile there is nothing to tell."""
    connection.execute("DELETE FROM governance_untold WHERE seq <= ?", (upto,))


def get(connection: sqlite3.Connection, command_id: str) -> GovernanceCommand | None:
    """One command by its id."""
    row = connection.execute("SELECT body FROM governance WHERE command_id = ?", (command_id,)).fetchone()
    return _decode(row[0]) if row else None


def every(connection: sqlite3.Connection) -> Iterator[GovernanceCommand]:
    """All commands, oldest first."""
    for (body,) in connection.execute("SELECT body FROM governance ORDER BY created, command_id"):
        yield _decode(body)


def find(
    connection: sqlite3.Connection,
    *,
    status: str | None = None,
    action: str | None = None,
    connector: str | None = None,
    since: int | None = None,
    until: int | None = None,
) -> Iterator[GovernanceCommand]:
    """The commands of which all of this holds, oldest first. since, until: when they were decided (ms), both included."""
    rows = connection.execute(
        "SELECT body FROM governance WHERE status = ifnull(?, status) AND action = ifnull(?, action) AND connector = ifnull(?, connector)"
        " AND created BETWEEN ifnull(?, created) AND ifnull(?, created) ORDER BY created, command_id",
        (status, action, connector, since, until),
    )
    for (body,) in rows:
        yield _decode(body)


def of_target(connection: sqlite3.Connection, target: str) -> Iterator[GovernanceCommand]:
    """The commands about a user, however the name is written, oldest first."""
    where, parameters = may_be("target", target)
    query = f"SELECT body FROM governance WHERE {where} ORDER BY created, command_id"  # noqa: S608  a condition of ours
    for (body,) in connection.execute(query, parameters):
        command = _decode(body)
        if canonical(command.target) == canonical(target):
            yield command


def of_alert(connection: sqlite3.Connection, alert_id: str) -> list[GovernanceCommand]:
    """The commands that an alert led to, oldest first."""
    query = "SELECT body FROM governance WHERE instr(body, ?) ORDER BY created, command_id"
    commands = (_decode(body) for (body,) in connection.execute(query, (alert_id.encode(),)))
    return [command for command in commands if command.alert_id == alert_id]


def beginning_with(connection: sqlite3.Connection, start: str) -> list[GovernanceCommand]:
    """The commands whose id begins like this, in any case."""
    start = start.lower()
    rows = connection.execute("SELECT body FROM governance WHERE substr(command_id, 1, ?) = ? ORDER BY command_id", (len(start), start))
    return [_decode(body) for (body,) in rows]


def with_status(connection: sqlite3.Connection, *statuses: CommandStatus) -> list[GovernanceCommand]:
    """The commands with one of these, oldest first."""
    marks = ", ".join("?" * len(statuses))
    query = f"SELECT body FROM governance WHERE status IN ({marks}) ORDER BY created, command_id"  # noqa: S608  only question marks
    return [_decode(body) for (body,) in connection.execute(query, statuses)]


def numbers(connection: sqlite3.Connection) -> dict[str, int]:
    """How many commands have each status that occurs."""
    return dict(connection.execute("SELECT status, count(*) FROM governance GROUP BY status"))


def same_within(
    connection: sqlite3.Connection,
    like: GovernanceCommand,
    actions: Collection[str],
    within: int,
    moment: Moment,
    statuses: Collection[CommandStatus],
) -> GovernanceCommand | None:
    """The first command with one of these statuses that asked one of these actions of the same user at the same connector, if any.

    within: in the last so many milliseconds; they have passed when both clocks say so.
    """
    at, (boot, up) = moment
    rows = connection.execute(
        "SELECT governance.action, status, body FROM governance"
        " LEFT JOIN governance_moments AS m ON m.command_id = governance.command_id AND what = 'decided'"
        " WHERE target = ? COLLATE NOCASE AND connector = ? AND governance.command_id <> ?"
        " AND (created >= ? OR (boot = ? AND uptime >= ?)) ORDER BY created",
        (like.target, like.connector, like.command_id, at - within, boot, up - within),
    )
    whose = person(like.target, like.app, like.app_instance)
    for action, status, body in rows:
        if action in actions and status in statuses:
            earlier = _decode(body)
            if person(earlier.target, earlier.app, earlier.app_instance) == whose:
                return earlier
    return None
