"""What is still to be delivered: one row per destination, in order, until the destination has it."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
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


def prune_refused(connection: sqlite3.Connection, before: int, at_most: int = -1) -> int:
    """Remove what was refused before then, at most so many (-1: all); how many."""
    query = "DELETE FROM refused WHERE seq IN (SELECT seq FROM refused WHERE stored < ? LIMIT ?)"
    return connection.execute(query, (before, at_most)).rowcount


def prune_unclaimed(connection: sqlite3.Connection, configured: Collection[str], activities_before: int, alerts_before: int) -> int:
    """Take out what waits for destinations that are no longer configured, once it is too old to be kept at all; how many.

    Until then it is delivered if the destination comes back.
    """
    removed = 0
    for destination in pending(connection).keys() - set(configured):
        removed += connection.execute(
            "DELETE FROM outbox WHERE destination = ?1 AND block_id IN (SELECT block_id FROM blocks WHERE last < ?2 AND stored < ?2)",
            (destination, activities_before),
        ).rowcount
        old = []
        query = "SELECT seq, kind, body FROM outbox WHERE destination = ? AND kind <> 'activities' ORDER BY seq"
        for seq, kind, body in connection.execute(query, (destination,)):
            if (_alert(body).created if kind == "alert" else _command(body).created) >= alerts_before:
                break
            old.append((seq,))
        connection.executemany("DELETE FROM outbox WHERE seq = ?", old)
        removed += len(old)
    return removed


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
