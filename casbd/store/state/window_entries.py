"""What policies of repeated activity have counted: the latest of it in a journal, all else packed by window.

Activities come in the order of time, and each is counted in a window of its own, as often as not. A commit therefore appends its
entries to the journal, as one row, each once for all policies that counted it; when there are many, each window's go into its
pages together (`window_pages.py`). A reader of this process sees no difference: what the journal has is in memory too.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import msgspec

from casbd.model.counted import Entry
from casbd.store.state.window_pages import Order, Window, WindowPages

MOST_IN_JOURNAL = 100_000
"""Entries, as often as they are in a window; so many are packed in some 200 ms, and read back at a start in half of that. The more, the
fewer pages."""

FIRST: Order = (-(2**63), -(2**63))
LAST: Order = (2**63 - 1, 2**63 - 1)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[tuple[str | list[str], str, list[Entry]]]).decode
"""Of a policy or several, a subject, and what was counted."""


class _Sorted:
    """A window's entries that are in no page, by place: of windows that are asked for again and again."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = {(entry.timestamp, entry.key): entry for entry in entries}
        self.orders = sorted(self.entries)

    def note(self, entry: Entry) -> None:
        """One more, or one anew."""
        order = entry.timestamp, entry.key
        if order not in self.entries:
            insort(self.orders, order)
        self.entries[order] = entry


class WindowEntries:
    """The entries of all windows. What it is given in `note` is stored by the next `save`.

    alive: is called again and again while many are read back.
    """

    def __init__(self, connection: sqlite3.Connection, alive: Callable[[], object] = lambda: None) -> None:
        self._pages = WindowPages(connection, alive)
        self._latest: defaultdict[Window, list[Entry]] = defaultdict(list)
        """What is in no page yet, in the order in which it was noted: what the journal has, and what the next `save` will write there."""
        self._changed: list[tuple[Sequence[str], str, tuple[Entry]]] = []
        self._known = 0
        """So many of what has changed are in `_latest`."""
        self._in_journal = 0
        self._sorted: dict[Window, _Sorted] = {}
        self._packed = False
        for (entries,) in connection.execute("SELECT entries FROM window_journal ORDER BY seq"):
            for policy, subject, several in _decode(entries):
                for one in [policy] if isinstance(policy, str) else policy:
                    self._latest[one, subject] += several
                    self._in_journal += len(several)

    def policies(self) -> set[str]:
        """The policies that have entries."""
        self._sort_in()
        return {policy for policy, _ in self._latest} | self._pages.policies()

    def of(self, window: Window, after: Order = FIRST, before: Order = LAST) -> Iterator[Entry]:
        """What was counted in one window between two places in event time, stored or about to be, in this order."""
        latest = self._sorted_latest(window)
        new = iter(latest.orders[bisect_right(latest.orders, after) : bisect_left(latest.orders, before)])
        following = next(new, LAST)
        for entry in self._pages.of(window, after, before):
            order = entry.timestamp, entry.key
            while following < order:
                yield latest.entries[following]
                following = next(new, LAST)
            if following == order:
                yield latest.entries[following]
                following = next(new, LAST)
            else:
                yield entry
        while following < LAST:
            yield latest.entries[following]
            following = next(new, LAST)

    def near(self, window: Window, order: Order, number: int) -> list[Entry]:
        """So many entries on each side of a place, or a few more."""
        nearest = {(entry.timestamp, entry.key): entry for entry in self._pages.near(window, order, number)}
        latest = self._sorted_latest(window)
        place = bisect_left(latest.orders, order)
        nearest |= {one: latest.entries[one] for one in latest.orders[max(0, place - number) : place + number]}
        return [*nearest.values()]

    def _sorted_latest(self, window: Window) -> _Sorted:
        self._sort_in()
        latest = self._sorted.get(window)
        if latest is None:
            latest = self._sorted[window] = _Sorted(self._latest.get(window, ()))
        return latest

    def note(self, policies: Sequence[str], subject: str, entry: Entry) -> None:
        """A new entry of the windows that these policies have of a subject, or one whose `alert_id` has changed."""
        self._changed.append((policies, subject, (entry,)))

    def _sort_in(self) -> None:
        """Put what was noted into its windows."""
        for policies, subject, (entry,) in self._changed[self._known :]:
            for policy in policies:
                window = policy, subject
                self._latest[window].append(entry)
                if self._sorted and window in self._sorted:
                    self._sorted[window].note(entry)
            self._in_journal += len(policies)
        self._known = len(self._changed)

    def save(self, connection: sqlite3.Connection, now: int) -> None:
        """Store what was noted since the last time, inside a transaction; `saved` says that it is through.

        Where the transaction fails, this object is done with: a new one reads what is stored.
        """
        if not self._changed:
            return
        self._sort_in()
        self._packed = self._in_journal > MOST_IN_JOURNAL
        if self._packed:
            self._pages.add(self._latest, now)
            connection.execute("DELETE FROM window_journal")
        else:
            connection.execute("INSERT INTO window_journal (entries) VALUES (?)", (_encode(self._changed),))

    def saved(self) -> None:
        """The transaction is through."""
        self._changed.clear()
        self._known = 0
        if self._packed:
            self._latest.clear()
            self._sorted.clear()
            self._in_journal, self._packed = 0, False


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
