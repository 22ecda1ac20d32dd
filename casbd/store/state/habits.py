"""The memories of anomaly policies: a row for what is remembered and whose it is; and a journal of what is in no memory yet."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from casbd.model.counted import Entry

Name = tuple[str, str]
"""What is remembered, and whose; of all together, nobody's (`""`)."""
Observed = tuple[str, str, Entry]
"""What is remembered, whose, and one activity."""


class Kept(NamedTuple):
    """One packed memory. newest: the time of its newest activity (ms). through: it has what the journal says up to this commit."""

    name: Name
    newest: int
    through: int
    memory: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Observed]).decode
_DAY = 86_400_000
_NEVER = 2**31
"""A day that retention never comes to."""


class StoredHabits:
    """See `casbd.habits.shelf.Shelf`; inside a transaction of the connection's."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, name: Name) -> tuple[int, bytes] | None:
        """A memory, and through which commit it has come; None where there is none."""
        row = self._connection.execute("SELECT through, memory FROM habits WHERE remembers = ? AND who = ?", name).fetchone()
        return (row[0], row[1]) if row else None

    def put(self, kept: Iterable[Kept]) -> None:
        """Store some."""
        self._connection.executemany(
            "INSERT INTO habits VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET newest = excluded.newest, through = excluded.through, memory = excluded.memory",
            [(*one.name, min(one.newest // _DAY, _NEVER), one.through, one.memory) for one in kept],
        )

    def note(self, observed: Sequence[Observed]) -> int:
        """What one commit observed, in order; the commit's number."""
        row = self._connection.execute("INSERT INTO habits_journal (observed) VALUES (?)", (_encode(observed),))
        assert row.lastrowid is not None
        return row.lastrowid

    def noted(self) -> Iterator[tuple[int, Sequence[Observed]]]:
        """What the journal has, by commit."""
        for seq, observed in self._connection.execute("SELECT seq, observed FROM habits_journal ORDER BY seq"):
            yield seq, _decode(observed)

    def all_kept(self) -> None:
        """What the journal has is in memories that are stored."""
        self._connection.execute("DELETE FROM habits_journal")

    def in_use(self, remembers: Collection[str]) -> frozenset[str]:
        """Which of these are known from before on; the others are to be learned. See Shelf."""
        known = {name for (name,) in self._connection.execute("SELECT remembers FROM habits_known")}
        new = set(remembers) - known
        gone = known - set(remembers)
        (empty,) = self._connection.execute("SELECT NOT EXISTS (SELECT 1 FROM blocks) AND NOT EXISTS (SELECT 1 FROM segments)").fetchone()
        if gone:
            self._connection.executemany("DELETE FROM habits_known WHERE remembers = ?", [(name,) for name in gone])
        if new and empty:
            self._connection.executemany("INSERT INTO habits_known VALUES (?)", [(name,) for name in new])
        return frozenset(remembers) if empty else frozenset(known & set(remembers))


def prune(connection: sqlite3.Connection, before: int, at_most: int) -> int:
    """Remove memories without anything since then (ms), and those of what is observed no more; at most so many, how many."""
    query = "DELETE FROM habits WHERE (remembers, who) IN (SELECT remembers, who FROM habits WHERE newest < ?1 LIMIT ?2)"
    return connection.execute(query, (before // _DAY, at_most)).rowcount
