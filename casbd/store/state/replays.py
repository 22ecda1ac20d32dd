"""What is to be sent to outputs once more, and how far that is; and which outputs have begun, as a new one may get what is stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from typing import NamedTuple

from casbd.store.log import blocks


class Replay(NamedTuple):
    """One span, both ends included (ms), for one destination. newest_block: later ones are sent without it.

    created, alert_id: the last alert that was queued; alerts_left: whether there may be more. place: from when on activities are left.
    """

    number: int
    destination: str
    since: int
    until: int
    created: int
    alert_id: str
    alerts_left: bool
    place: int
    newest_block: int


_COLUMNS = "seq, destination, since, until, created, alert_id, alerts_left, place, newest_block"


def of_span(destination: str, since: int, until: int, newest_block: int = 0) -> Replay:
    """All of a span, which nobody has asked for yet."""
    return Replay(0, destination, since, until, -1, "", True, since, newest_block)


def ask(connection: sqlite3.Connection, destination: str, since: int, until: int) -> None:
    """Have a span sent once more, inside a transaction."""
    connection.execute(
        "INSERT INTO replays (destination, since, until, created, alert_id, alerts_left, place, newest_block)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        of_span(destination, since, until, blocks.newest(connection))[1:],
    )


def waiting(connection: sqlite3.Connection) -> list[Replay]:
    """Those that are not over, as they were asked for."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM replays ORDER BY seq")  # noqa: S608  our own words
    return [*map(Replay._make, rows)]


def went_on(connection: sqlite3.Connection, replay: Replay) -> None:
    """Store how far it is, in the transaction that queues what lies before."""
    connection.execute(
        "UPDATE replays SET created = ?, alert_id = ?, alerts_left = ?, place = ? WHERE seq = ?",
        (replay.created, replay.alert_id, replay.alerts_left, replay.place, replay.number),
    )


def end(connection: sqlite3.Connection, replay: Replay) -> None:
    """It is over."""
    connection.execute("DELETE FROM replays WHERE seq = ?", (replay.number,))


def begun(connection: sqlite3.Connection) -> set[str]:
    """The outputs that have begun, configured or not."""
    return {name for (name,) in connection.execute("SELECT name FROM outputs_begun")}


def begin(connection: sqlite3.Connection, names: Collection[str]) -> None:
    """These outputs are new no more."""
    connection.executemany("INSERT OR IGNORE INTO outputs_begun VALUES (?)", [(name,) for name in names])
