"""The governance log."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import msgspec

from casbd.model.governance import GovernanceCommand

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(GovernanceCommand).decode


def save(connection: sqlite3.Connection, command: GovernanceCommand) -> None:
    """Add a command, or put it in the place of the one with its id."""
    c = command
    connection.execute(
        "INSERT OR REPLACE INTO governance VALUES (?, ?, ?, ?, ?, ?, ?)",
        (c.command_id, c.action, c.connector, c.target, c.status, c.created, _encode(c)),
    )


def get(connection: sqlite3.Connection, command_id: str) -> GovernanceCommand | None:
    """One command by its id."""
    row = connection.execute("SELECT body FROM governance WHERE command_id = ?", (command_id,)).fetchone()
    return _decode(row[0]) if row else None


def every(connection: sqlite3.Connection) -> Iterator[GovernanceCommand]:
    """All commands, oldest first."""
    for (body,) in connection.execute("SELECT body FROM governance ORDER BY created, command_id"):
        yield _decode(body)


def of_target(connection: sqlite3.Connection, target: str) -> Iterator[GovernanceCommand]:
    """The commands about a user (without regard to case), oldest first."""
    if not target.isascii():  # SQLite knows the case of ASCII alone
        yield from (command for command in every(connection) if command.target.casefold() == target.casefold())
        return
    query = "SELECT body FROM governance WHERE target = ? COLLATE NOCASE ORDER BY created, command_id"
    for (body,) in connection.execute(query, (target,)):
        yield _decode(body)


def acted_since(connection: sqlite3.Connection, since: int) -> int:
    """How many commands since then (ms) were carried out or are about to be."""
    query = "SELECT count(*) FROM governance WHERE created >= ? AND status IN ('queued', 'succeeded', 'failed')"
    (number,) = connection.execute(query, (since,)).fetchone()
    return int(number)


def same_since(connection: sqlite3.Connection, action: str, connector: str, target: str, since: int) -> str | None:
    """The command that already asked the same of the same user since then (ms) and was not refused, if any."""
    row = connection.execute(
        "SELECT command_id FROM governance WHERE action = ? AND connector = ? AND target = ? COLLATE NOCASE AND created >= ?"
        " AND status IN ('dry_run', 'pending_approval', 'queued', 'succeeded') ORDER BY created LIMIT 1",
        (action, connector, target, since),
    ).fetchone()
    return row[0] if row else None
