"""What was read: positions of files and counts of inputs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

from casbd.model.chunk import Position

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Position).decode


_SKEW = 3_600_000
"""Milliseconds that a record may be from the future: clocks differ."""


class Counts(msgspec.Struct):
    """What became of an input's records: received = records + duplicates + rejects.

    last_record: when the last one was read, by the clock. newest: the own time of the newest activity. Both in milliseconds.
    """

    received: int = 0
    records: int = 0
    activities: int = 0
    duplicates: int = 0
    rejects: int = 0
    last_record: int | None = None
    newest: int | None = None


def positions(connection: sqlite3.Connection) -> list[Position]:
    """How far every file has been read."""
    return [_decode(body) for (body,) in connection.execute("SELECT body FROM positions")]


def save_positions(connection: sqlite3.Connection, saved: Iterable[Position]) -> None:
    """Remember how far files have been read; inside the transaction that stores what was read."""
    connection.executemany(
        "INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?)",
        [(p.input, p.device, p.inode, p.fingerprint, _encode(p)) for p in saved],
    )


def forget_positions(connection: sqlite3.Connection, gone: Iterable[Position]) -> None:
    """Files that no longer exist: the table stays as small as the directory."""
    # By the whole key: an inode that was given to a new file must not take that one's position away.
    connection.executemany(
        "DELETE FROM positions WHERE input = ? AND device = ? AND inode = ? AND fingerprint = ?",
        [(p.input, p.device, p.inode, p.fingerprint) for p in gone],
    )


def counts(connection: sqlite3.Connection) -> dict[str, Counts]:
    """The counts of every input since the store began."""
    rows = connection.execute("SELECT name, received, records, activities, duplicates, rejects, last_record, newest FROM inputs")
    return {name: Counts(*rest) for name, *rest in rows}


def count(connection: sqlite3.Connection, name: str, more: Counts, now: int) -> None:
    """Add to an input's counts. An activity of the future (a clock is wrong, or somebody wants it so) is never the newest."""
    newest = more.newest if more.newest is not None and more.newest <= now + _SKEW else None
    connection.execute(
        "INSERT INTO inputs VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
        " received = received + excluded.received, records = records + excluded.records,"
        " activities = activities + excluded.activities, duplicates = duplicates + excluded.duplicates,"
        " rejects = rejects + excluded.rejects, last_record = excluded.last_record,"
        " newest = max(coalesce(newest, excluded.newest), coalesce(excluded.newest, newest))",
        (name, more.received, more.records, more.activities, more.duplicates, more.rejects, now, newest),
    )


def ensure(connection: sqlite3.Connection, name: str, now: int) -> None:
    """An input that has said nothing yet has been silent since now."""
    connection.execute(
        "INSERT OR IGNORE INTO inputs (name, received, records, activities, duplicates, rejects, last_record) VALUES (?, 0, 0, 0, 0, 0, ?)",
        (name, now),
    )
