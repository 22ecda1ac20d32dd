"""The memories of anomaly policies: a row for what is remembered and whose it is; and a journal of what is in no memory yet.

Both have the name under which what is remembered is kept (`kept_as`), which is another one each time that it is read back from the log. So
what is in use stays whole until that is done, and then one row says which of both counts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
_UNUSED = """
WITH RECURSIVE kept (name) AS (
    SELECT min(remembers) FROM habits
    UNION ALL SELECT (SELECT min(remembers) FROM habits WHERE remembers > name) FROM kept WHERE name NOTNULL
)
SELECT remembers, who FROM kept CROSS JOIN habits ON remembers = name
WHERE name NOT IN (SELECT kept_as FROM habits_known UNION ALL SELECT value FROM json_each(?1))
"""
"""Memories in no use; names are found one by one, as of each there may be a million rows."""


class StoredHabits:
    """See `casbd.habits.shelf.Shelf`; inside a transaction of the connection's. kept_as: under which names; None: those that are in use."""

    def __init__(self, connection: sqlite3.Connection, kept_as: Mapping[str, str] | None = None) -> None:
        self._connection = connection
        self._kept_as = kept_as if kept_as is not None else _kept_as(connection)

    def get(self, name: Name) -> tuple[int, bytes] | None:
        """A memory, and through which commit it has come; None where there is none."""
        query = "SELECT through, memory FROM habits WHERE remembers = ? AND who = ?"
        row = self._connection.execute(query, (self._kept_as.get(name[0]), name[1])).fetchone()
        return (row[0], row[1]) if row else None

    def put(self, kept: Iterable[Kept]) -> None:
        """Store some."""
        self._connection.executemany(
            "INSERT INTO habits VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET newest = excluded.newest, through = excluded.through, memory = excluded.memory",
            [
                (self._kept_as[remembers], who, min(newest // _DAY, _NEVER), through, memory)
                for (remembers, who), newest, through, memory in kept
            ],
        )

    def note(self, observed: Sequence[Observed]) -> int:
        """What one commit observed, in order; the commit's number."""
        kept = [(self._kept_as[remembers], who, entry) for remembers, who, entry in observed]
        row = self._connection.execute("INSERT INTO habits_journal (observed) VALUES (?)", (_encode(kept),))
        assert row.lastrowid is not None
        return row.lastrowid

    def noted(self) -> Iterator[tuple[int, Sequence[Observed]]]:
        """What the journal has, by commit; what belongs to memories that are in no use any more is remembered as nothing (`""`)."""
        named = {kept_as: remembers for remembers, kept_as in self._kept_as.items()}
        for seq, observed in self._connection.execute("SELECT seq, observed FROM habits_journal ORDER BY seq"):
            yield seq, [(named.get(kept_as, ""), who, entry) for kept_as, who, entry in _decode(observed)]

    def all_kept(self) -> None:
        """What the journal has is in memories that are stored."""
        self._connection.execute("DELETE FROM habits_journal")

    def again(self) -> list[Name]:
        """Who is still to be judged of what was learned; said once."""
        names: list[Name] = self._connection.execute("SELECT remembers, who FROM habits_to_judge").fetchall()
        self._connection.execute("DELETE FROM habits_to_judge")
        return names

    def unknown(self, remembers: Iterable[str]) -> set[str]:
        """Of which of these it is not known what was before, or which are paused."""
        return {*remembers} - self._observed()

    def in_use(self, remembers: Collection[str]) -> frozenset[str]:
        """Which of these are known from before on; the others are to be learned. See Shelf."""
        known = _kept_as(self._connection).keys()
        new = set(remembers) - known
        gone = (known | habits_late.begun(self._connection)) - set(remembers)
        (empty,) = self._connection.execute("SELECT NOT EXISTS (SELECT 1 FROM blocks) AND NOT EXISTS (SELECT 1 FROM segments)").fetchone()
        for table in ("habits_known", "habits_to_judge", "habits_late") if gone else ():
            self._connection.executemany(f"DELETE FROM {table} WHERE remembers = ?", [(name,) for name in gone])  # noqa: S608  our own words
        if new and empty:
            for name, kept_as in fresh_names(self._connection, new).items():
                is_known(self._connection, name, kept_as)
        self._kept_as = _kept_as(self._connection)
        return frozenset(self._observed() & set(remembers))

    def _observed(self) -> set[str]:
        return {name for (name,) in self._connection.execute("SELECT remembers FROM habits_known WHERE NOT paused")}

    def reached(self, until: int) -> int:
        """The time of the newest activity of the log, but no later than that (ms). See Shelf."""
        query = "SELECT max(last) FROM (SELECT max(last) AS last FROM blocks UNION ALL SELECT max(last) FROM segments)"
        (newest,) = self._connection.execute(query).fetchone()
        return _LONG_AGO if newest is None else min(newest, until)

    def late(self, late: habits_late.Noted, now: int) -> None:
        """What came too late to be judged. See Shelf. Of what is only learned from the log nothing is judged from it."""
        only_learned = self.unknown(late) - habits_late.waiting(self._connection).keys()
        habits_late.note(self._connection, {name: one for name, one in late.items() if name not in only_learned}, now)

    def pause(self, remembers: str) -> None:
        """Nothing is observed of it any more, until it is known anew or `resume`."""
        self._connection.execute("UPDATE habits_known SET paused = 1 WHERE remembers = ?", (remembers,))


def _kept_as(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT remembers, kept_as FROM habits_known"))


def fresh_names(connection: sqlite3.Connection, remembers: Iterable[str]) -> dict[str, str]:
    """For each of these a name under which nothing was ever kept, neither a memory nor in the journal."""
    number = StoredHabits(connection, {}).note(())
    return {name: f"{name}#{number}" for name in remembers}


def is_known(connection: sqlite3.Connection, remembers: str, kept_as: str, again: Iterable[Name] = ()) -> None:
    """From now on it is known what was before, and that is what is kept so. again: who is still to be judged."""
    connection.execute("INSERT OR REPLACE INTO habits_known (remembers, kept_as) VALUES (?, ?)", (remembers, kept_as))
    connection.executemany("INSERT OR IGNORE INTO habits_to_judge VALUES (?, ?)", again)


def resume(connection: sqlite3.Connection) -> None:
    """What was paused is observed again."""
    connection.execute("UPDATE habits_known SET paused = 0")


def forget_unused(connection: sqlite3.Connection, at_most: int = 20_000) -> int:
    """Remove memories that are in no use, at most so many; how many. Not while some are being learned."""
    return connection.execute(f"DELETE FROM habits WHERE (remembers, who) IN ({_UNUSED} LIMIT ?2)", ("[]", at_most)).rowcount  # noqa: S608


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

    learned: as what those are kept that are being learned: as yet they are in no use.
    """
    query = f"SELECT remembers, who FROM habits WHERE newest < ?2 UNION ALL SELECT * FROM ({_UNUSED}) LIMIT ?3"  # noqa: S608  our own words
    rows = connection.execute(query, (msgspec.json.encode([*learned]).decode(), before // _DAY, at_most)).fetchall()
    connection.executemany("DELETE FROM habits WHERE remembers = ? AND who = ?", rows)
    return len(rows)
