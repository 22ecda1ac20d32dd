"""What policies of repeated activity have counted: sorted by subject in a table, and the latest of it in a journal.

Activities come in the order of time, so in the sorted table each would change a page of its own, which costs more than all
the rest that is done for it. A commit therefore appends its entries to the journal, as one row; when there are many, they go
into the table together. A reader of this process sees no difference: what the journal has is in memory too.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from casbd.model.counted import Entry

MOST_IN_JOURNAL = 50_000
"""Entries; so many are sorted into the table in some 200 ms, and read back at a start in half of that."""

BREATH = 5_000
"""Rows of one window that are read back at once; so many take some 25 ms, and of a flood there may be millions."""

Window = tuple[str, str]
"""A policy as it means now, and the subject that is counted."""
Order = tuple[int, int]
"""Timestamp and key, by which entries are sorted."""
FIRST: Order = (-(2**63), -(2**63))
LAST: Order = (2**63 - 1, 2**63 - 1)
_COUNTED = "SELECT timestamp, key, activity_id, value, alert_id FROM window_entries WHERE policy = ? AND subject = ?"
_SORTED = "ORDER BY timestamp, key"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[tuple[str, str, list[Entry]]]).decode


class WindowEntries:
    """The entries of all windows. What it is given in `note` is stored by the next `save`.

    alive: is called again and again while many are read back.
    """

    def __init__(self, connection: sqlite3.Connection, alive: Callable[[], object] = lambda: None) -> None:
        self._connection, self._alive = connection, alive
        self._journal: dict[Window, dict[tuple[int, int], Entry]] = {}
        self._in_journal = 0
        self._changed: dict[Window, dict[tuple[int, int], Entry]] = {}
        self._changed_sorted: dict[Window, list[Order]] = {}
        """Of windows that `near` was asked about since the last commit: sorting them for each late record would cost a millisecond."""
        self._sorted: dict[Window, list[Order]] = {}
        self._sorted_in = False
        for (entries,) in connection.execute("SELECT entries FROM window_journal ORDER BY seq"):
            self._take(_decode(entries))

    def policies(self) -> set[str]:
        """The policies that have entries."""
        policies = {policy for policy, _ in self._journal}
        policy, query = "", "SELECT policy FROM window_entries WHERE policy > ? ORDER BY policy LIMIT 1"
        while row := self._connection.execute(query, (policy,)).fetchone():
            policies.add(policy := row[0])  # from one to the next by the key: there may be millions of entries
        return policies

    def of(self, window: Window, after: Order = FIRST, before: Order = LAST) -> Iterator[Entry]:
        """What was counted in one window between two places in event time, stored or about to be, in this order."""
        journal, orders = self._journal.get(window, {}), self._orders_of(window)
        latest = {order: journal[order] for order in orders[bisect_right(orders, after) : bisect_left(orders, before)]}
        latest |= {order: entry for order, entry in self._changed.get(window, {}).items() if after < order < before}
        new = iter(sorted(latest))
        following = next(new, LAST)
        rows = self._connection.execute(
            f"{_COUNTED} AND (timestamp, key) > (?, ?) AND (timestamp, key) < (?, ?) {_SORTED}", (*window, *after, *before)
        )
        for number, row in enumerate(rows, 1):
            if not number % BREATH:
                self._alive()
            order = row[:2]
            while following < order:
                yield latest[following]
                following = next(new, LAST)
            if following == order:
                yield latest[following]
                following = next(new, LAST)
            else:
                yield Entry(*row)
        while following < LAST:
            yield latest[following]
            following = next(new, LAST)

    def near(self, window: Window, order: Order, number: int) -> list[Entry]:
        """So many entries on each side of a place, or a few more."""
        nearest: dict[Order, Entry] = {}
        for comparison, direction in (("<", "DESC"), (">", "ASC")):
            query = f"{_COUNTED} AND (timestamp, key) {comparison} (?, ?) ORDER BY timestamp {direction}, key {direction} LIMIT ?"
            nearest |= {row[:2]: Entry(*row) for row in self._connection.execute(query, (*window, *order, number))}
        changed = self._changed.get(window, {})
        here = self._changed_sorted.get(window)
        if here is None:
            here = self._changed_sorted[window] = sorted(changed)
        for entries, orders in ((self._journal.get(window, {}), self._orders_of(window)), (changed, here)):
            place = bisect_left(orders, order)
            nearest |= {one: entries[one] for one in orders[max(0, place - number) : place + number]}
        return [*nearest.values()]

    def _orders_of(self, window: Window) -> list[Order]:
        """What the journal has of a window, sorted: it may be asked for again and again."""
        orders = self._sorted.get(window)
        if orders is None:
            orders = self._sorted[window] = sorted(self._journal.get(window, ()))
        return orders

    def note(self, window: Window, entry: Entry) -> None:
        """A new entry, or one whose `alert_id` has changed."""
        changed = self._changed.get(window)
        if changed is None:
            changed = self._changed[window] = {}
        order = entry.timestamp, entry.key
        if window in self._changed_sorted and order not in changed:
            insort(self._changed_sorted[window], order)
        changed[order] = entry

    def save(self, connection: sqlite3.Connection, now: int) -> None:
        """Store what was noted since the last time, inside a transaction; `saved` says that it is through.

        Where the transaction fails, this object is done with: a new one reads what is stored.
        """
        if not self._changed:
            return
        entries = [(*window, list(changed.values())) for window, changed in self._changed.items()]
        self._take(entries)
        self._sorted_in = self._in_journal > MOST_IN_JOURNAL
        if not self._sorted_in:
            connection.execute("INSERT INTO window_journal (entries) VALUES (?)", (_encode(entries),))
            return
        rows = [
            (*window, *order, entry.activity_id, entry.value, entry.alert_id, now)
            for window, several in sorted(self._journal.items())
            for order, entry in sorted(several.items())
        ]
        connection.executemany("INSERT OR REPLACE INTO window_entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        connection.execute("DELETE FROM window_journal")

    def saved(self) -> None:
        """The transaction is through."""
        if self._sorted_in:
            self._journal, self._in_journal, self._sorted_in = {}, 0, False
            self._sorted = {}
        self._changed = {}
        self._changed_sorted = {}

    def _take(self, entries: Sequence[tuple[str, str, list[Entry]]]) -> None:
        """One row of the journal, into memory."""
        for policy, subject, several in entries:
            self._sorted.pop((policy, subject), None)
            self._journal.setdefault((policy, subject), {}).update({(entry.timestamp, entry.key): entry for entry in several})
            self._in_journal += len(several)


class Stored:
    """The entries of one window, as the runs of a policy and subject ask for them."""

    def __init__(self, entries: WindowEntries, window: Window) -> None:
        self._entries = entries
        self._window = window

    def all(self) -> Iterator[Entry]:
        """Each of them, in event time."""
        return self._entries.of(self._window)

    def note(self, entry: Entry) -> None:
        """It is noted where it is counted."""

    def between(self, after: Order, before: Order) -> Iterator[Entry]:
        """Those between two places, in event time."""
        return self._entries.of(self._window, after, before)

    def near(self, order: Order, number: int) -> Sequence[Entry]:
        """So many on each side of a place."""
        return self._entries.near(self._window, order, number)

    def prune(self, before: int) -> None:
        """What is stored stays as long as retention wants it to."""


def prune(connection: sqlite3.Connection, before: int, policies: Iterable[str], at_most: int = -1) -> int:
    """Forget what was stored before then, and all of policies that are no longer loaded as they were; the journal is young.

    at_most: so many in this transaction; -1 is all. Returns how many.
    """
    loaded = list(policies)
    marks = ",".join("?" * len(loaded))
    which = f"SELECT policy, subject, timestamp, key FROM window_entries WHERE stored < ? OR policy NOT IN ({marks}) LIMIT ?"  # noqa: S608
    query = f"DELETE FROM window_entries WHERE (policy, subject, timestamp, key) IN ({which})"  # noqa: S608  only question marks
    return connection.execute(query, (before, *loaded, at_most)).rowcount
