"""What is still to be delivered: one row per destination, in order, until the destination has it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Literal

import msgspec

from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand

_encode = msgspec.msgpack.Encoder().encode
_alert = msgspec.msgpack.Decoder(Alert).decode
_command = msgspec.msgpack.Decoder(GovernanceCommand).decode

Kind = Literal["alert", "activities", "command"]


class Row(msgspec.Struct, frozen=True):
    """One thing for one destination. block_id and sent: for `activities`, which block, and how many of it are there."""

    seq: int
    kind: Kind
    block_id: int | None
    sent: int
    body: bytes

    def alert(self) -> Alert:
        """The alert as it was when it was raised."""
        return _alert(self.body)

    def command(self) -> GovernanceCommand:
        """The governance command."""
        return _command(self.body)


class Delivery(msgspec.Struct, frozen=True):
    """How a destination is doing. pending, size: rows and bytes waiting. Times are milliseconds since 1970."""

    name: str
    pending: int
    size: int
    delivered: int
    refused: int
    failures: int
    last_error: str | None
    last_error_at: int | None
    last_delivery: int | None


def add(connection: sqlite3.Connection, destination: str, item: Alert | GovernanceCommand) -> None:
    """Queue an alert or a command for one destination."""
    body = _encode(item)
    kind = "alert" if isinstance(item, Alert) else "command"
    connection.execute("INSERT INTO outbox (destination, kind, size, body) VALUES (?, ?, ?, ?)", (destination, kind, len(body), body))


def add_block(connection: sqlite3.Connection, destination: str, block_id: int, size: int) -> None:
    """Queue the activities of a block; they are not copied."""
    connection.execute(
        "INSERT INTO outbox (destination, kind, block_id, size, body) VALUES (?, 'activities', ?, ?, x'')", (destination, block_id, size)
    )


def head(connection: sqlite3.Connection, destination: str, limit: int) -> list[Row]:
    """The next rows of a destination, in order."""
    rows = connection.execute(
        "SELECT seq, kind, block_id, sent, body FROM outbox WHERE destination = ? ORDER BY seq LIMIT ?", (destination, limit)
    )
    return [Row(*row) for row in rows]


def delivered(connection: sqlite3.Connection, destination: str, rows: Iterable[int], items: int, now: int) -> None:
    """Take rows out that the destination has, and count what was in them."""
    connection.executemany("DELETE FROM outbox WHERE seq = ?", [(seq,) for seq in rows])
    if not items:
        return
    connection.execute(
        "INSERT INTO destinations (name, delivered, last_delivery) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET delivered = delivered + excluded.delivered, last_delivery = excluded.last_delivery,"
        " last_error = NULL",
        (destination, items, now),
    )


def progress(connection: sqlite3.Connection, seq: int, sent: int) -> None:
    """So many of a block's activities are there."""
    connection.execute("UPDATE outbox SET sent = ? WHERE seq = ?", (sent, seq))


def failed(connection: sqlite3.Connection, destination: str, reason: str, now: int) -> None:
    """A passing failure: for `status`."""
    connection.execute(
        "INSERT INTO destinations (name, failures, last_error, last_error_at) VALUES (?, 1, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET failures = failures + 1, last_error = excluded.last_error,"
        " last_error_at = excluded.last_error_at",
        (destination, reason, now),
    )


def refuse(connection: sqlite3.Connection, destination: str, row: Row, body: bytes, reason: str, now: int) -> None:
    """Set aside what the destination will never take: a whole row, or one activity of a block's row, which stays."""
    if row.kind != "activities":
        connection.execute("DELETE FROM outbox WHERE seq = ?", (row.seq,))
    connection.execute(
        "INSERT INTO refused (destination, kind, body, reason, stored) VALUES (?, ?, ?, ?, ?)", (destination, row.kind, body, reason, now)
    )
    connection.execute(
        "INSERT INTO destinations (name, refused, last_error, last_error_at) VALUES (?, 1, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET refused = refused + 1, last_error = excluded.last_error, last_error_at = excluded.last_error_at",
        (destination, reason, now),
    )


def pending(connection: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """Rows and bytes waiting, by destination."""
    query = "SELECT destination, count(*), sum(size) FROM outbox GROUP BY destination"
    return {name: (rows, size) for name, rows, size in connection.execute(query)}


def deliveries(connection: sqlite3.Connection) -> dict[str, Delivery]:
    """How every destination is doing that ever had something to deliver."""
    waiting = pending(connection)
    found = {name: Delivery(name, *numbers, 0, 0, 0, None, None, None) for name, numbers in waiting.items()}
    for name, *rest in connection.execute(
        "SELECT name, delivered, refused, failures, last_error, last_error_at, last_delivery FROM destinations"
    ):
        found[name] = Delivery(name, *waiting.get(name, (0, 0)), *rest)
    return found
