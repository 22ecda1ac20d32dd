"""The memories of anomaly policies: a row for what is remembered and whose it is; and a journal of what is in no memory yet."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from casbd.model.counted import Entry
from casbd.store.state import habits_late

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
_LONG_AGO = -(2**62)
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

    def again(self) -> list[Name]:
        """Who is still to be judged of what was learned; said once."""
        names: list[Name] = self._connection.execute("SELECT remembers, who FROM habits_to_judge").fetchall()
        self._connection.execute("DELETE FROM habits_to_judge")
        return names

    def newest(self) -> int:
        """The number of the last commit."""
        row = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'habits_journal'").fetchone()
        return int(row[0]) if row else 0

    def unknown(self, remembers: Iterable[str]) -> set[str]:
        """Of which of these it is not known what was before."""
        return {*remembers} - {name for (name,) in self._connection.execute("SELECT remembers FROM habits_known")}

    def in_use(self, remembers: Collection[str]) -> frozenset[str]:
        """Which of these are known from before on; the others are to be learned. See Shelf."""
        known = {name for (name,) in self._connection.execute("SELECT remembers FROM habits_known")}
        new = set(remembers) - known
        gone = known - set(remembers)
        (empty,) = self._connection.execute("SELECT NOT EXISTS (SELECT 1 FROM blocks) AND NOT EXISTS (SELECT 1 FROM segments)").fetchone()
        for table in ("habits_known", "habits_to_judge", "habits_late") if gone else ():
            self._connection.executemany(f"DELETE FROM {table} WHERE remembers = ?", [(name,) for name in gone])  # noqa: S608  our own words
        if new and empty:
            self._connection.executemany("INSERT INTO habits_known VALUES (?)", [(name,) for name in new])
        return frozenset(remembers) if empty else frozenset(known & set(remembers))

    def reached(self, until: int) -> int:
        """The time of the newest activity of the log, but no later than that (ms). See Shelf."""
        query = "SELECT max(last) FROM (SELECT max(last) AS last FROM blocks UNION ALL SELECT max(last) FROM segments)"
        (newest,) = self._connection.execute(query).fetchone()
        return _LONG_AGO if newest is None else min(newest, until)

    def late(self, late: habits_late.Noted, now: int) -> None:
        """What came too late to be judged. See Shelf. Of what is only learned from the log nothing is judged from it."""
        only_learned = self.unknown(late) - habits_late.waiting(self._connection).keys()
        habits_late.note(self._connection, {name: one for name, one in late.items() if name not in only_learned}, now)

    def unlearn(self, remembers: str) -> None:
        """It is not known any more what was before: it is to be learned."""
        self._connection.execute("DELETE FROM habits_known WHERE remembers = ?", (remembers,))


def is_known(connection: sqlite3.Connection, remembers: str, again: Iterable[Name]) -> None:
    """From now on it is known what was before. again: who is still to be judged."""
    connection.execute("INSERT OR IGNORE INTO habits_known VALUES (?)", (remembers,))
    connection.executemany("INSERT OR IGNORE INTO habits_to_judge VALUES (?, ?)", again)


def forget(connection: sqlite3.Connection, remembers: str, at_most: int = 20_000) -> int:
    """Remove memories of what is observed, at most so many; how many."""
    query = "DELETE FROM habits WHERE remembers = ?1 AND who IN (SELECT who FROM habits WHERE remembers = ?1 LIMIT ?2)"
    return connection.execute(query, (remembers, at_most)).rowcount


def forget_all(connection: sqlite3.Connection) -> None:
    """All is to be learned anew from the log."""
    for table in ("habits", "habits_journal", "habits_known", "habits_to_judge", "habits_late"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608  our own words


def newest_block(connection: sqlite3.Connection) -> int:
    """The last block that was stored."""
    (newest,) = connection.execute("SELECT coalesce(max(block_id), 0) FROM blocks").fetchone()
    return int(newest)


def oldest(connection: sqlite3.Connection) -> int | None:
    """The time of the oldest activity of the log (ms); None where it has none."""
    (first,) = connection.execute("SELECT min(first) FROM (SELECT first FROM blocks UNION ALL SELECT first FROM segments)").fetchone()
    return None if first is None else int(first)


def is_whole(connection: sqlite3.Connection) -> bool:
    """Whether the log still has all that was ever stored in it: retention has removed nothing, and nothing is damaged."""
    (removed,) = connection.execute("SELECT coalesce(max(block_id), 0) - count(*) FROM blocks").fetchone()
    (damaged,) = connection.execute("SELECT EXISTS (SELECT 1 FROM segments WHERE damaged IS NOT NULL)").fetchone()
    return not removed and not damaged


def blocks_after(connection: sqlite3.Connection, block_id: int) -> list[tuple[int, int]]:
    """The blocks that were stored after one, and how many activities each has."""
    return connection.execute("SELECT block_id, activities FROM blocks WHERE block_id > ? ORDER BY block_id", (block_id,)).fetchall()


def prune(connection: sqlite3.Connection, before: int, at_most: int, learned: Collection[str] = ()) -> int:
    """Remove memories without anything since then (ms), and those of what is observed no more, at most so many; how many.

    learned: of which memories are being learned: as yet they are in no use.
    """
    rows = connection.execute(
        "SELECT remembers, who FROM habits WHERE newest < ?1"
        " UNION ALL SELECT remembers, who FROM habits WHERE remembers NOT IN (SELECT remembers FROM habits_known"
        " UNION ALL SELECT value FROM json_each(?3)) LIMIT ?2",
        (before // _DAY, at_most, msgspec.json.encode([*learned]).decode()),
    ).fetchall()
    connection.executemany("DELETE FROM habits WHERE remembers = ? AND who = ?", rows)
    return len(rows)
