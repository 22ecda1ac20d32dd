"""What policies of repeated activity have counted, packed: some entries of one window are one row.

A row of SQLite for each entry would cost more than counting does. A page is never changed: what is counted later is a later page,
which may lie anywhere in event time, and of an entry that several pages have the latest one's counts. Policies that have counted the
same of a subject have a page together: its `policy` is all of them.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from operator import itemgetter, lt
from typing import Any

import msgspec

from casbd.model.counted import Entry

MOST_IN_PAGE = 200
"""Entries; some 12 KB, which take some 50 microseconds to read."""
PAGES_REMEMBERED = 250
WINDOWS_REMEMBERED = 50
"""Who is counted very often, in any order, is asked for again and again."""
BREATH = 25
"""Pages of one window that are read back at once; so many take some milliseconds, and of a flood there may be thousands."""

TOGETHER = 20
"""So many policies have a page together at most: their names are in the index."""
MOST_NAMES = 50
"""A policy is looked for under so many names of several at most, whatever it counts together with others."""
BETWEEN = "\n"
"""Stands between policies; no file's name has it that is a policy's id."""

Window = tuple[str, str]
"""A policy as it means now, and the subject that is counted."""
Order = tuple[int, int]
"""Timestamp and key, by which entries are sorted."""
Placed = tuple[Order, int, Entry]
"""An entry with its place, and the number of its page."""
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Entry]).decode


class _Pages:
    """The pages of one window, by their first entries. reach: how far each of them and all before it go."""

    def __init__(self, rows: Sequence[tuple[int, int, int]]) -> None:
        self.numbers = [number for number, _, _ in rows]
        self.firsts = [first for _, first, _ in rows]
        self.reach = [*accumulate((last for _, _, last in rows), max)]


class WindowPages:
    """The pages of all windows. alive: is called again and again while many are read back."""

    def __init__(self, connection: sqlite3.Connection, alive: Callable[[], object]) -> None:
        self._connection, self._alive = connection, alive
        self._pages = lru_cache(WINDOWS_REMEMBERED)(self._pages_of)
        self._page = lru_cache(PAGES_REMEMBERED)(self._read)
        self._together: defaultdict[str, list[str]] = defaultdict(list)
        """By policy, the names of several under which it has pages."""
        for name in _names(connection):
            for policy in policies if len(policies := name.split(BETWEEN)) > 1 else ():
                self._together[policy].append(name)

    def policies(self) -> set[str]:
        """The policies that have entries."""
        return {policy for name in _names(self._connection) for policy in name.split(BETWEEN)}

    def add(self, windows: Mapping[Window, Sequence[Entry]], now: int) -> None:
        """Store entries, inside a transaction. Of several at one place of a window the last one counts."""
        query = "INSERT INTO window_pages (policy, subject, stored, first, last, entries) VALUES (?, ?, ?, ?, ?, ?)"
        self._connection.executemany(query, self._rows(windows, now))
        self._pages.cache_clear()

    def _rows(self, windows: Mapping[Window, Sequence[Entry]], now: int) -> Iterator[tuple[str, str, int, int, int, bytes]]:
        alike: dict[Any, tuple[Sequence[Entry], list[str]]] = {}
        for (policy, subject), several in windows.items():
            entries = _in_order(several)
            alike.setdefault((subject, *map(id, entries)), (entries, []))[1].append(policy)
        pages = [(name, subject, entries) for (subject, *_), (entries, some) in alike.items() for name in self._named(sorted(some))]
        pages.sort(key=itemgetter(0, 1))  # as the index has them
        for name, subject, entries in pages:
            for start in range(0, len(entries), MOST_IN_PAGE):
                page = entries[start : start + MOST_IN_PAGE]
                yield name, subject, now, page[0].timestamp, page[-1].timestamp, _encode(page)

    def _named(self, policies: Sequence[str]) -> Sequence[str]:
        """The names under which a page of some policies is stored: one for all, unless that makes too many to look for."""
        if len(policies) == 1:
            return policies
        name = BETWEEN.join(policies)
        if name in self._together[policies[0]]:
            return [name]
        if len(policies) > TOGETHER or any(len(self._together[policy]) >= MOST_NAMES for policy in policies):
            return policies
        for policy in policies:
            self._together[policy].append(name)
        return [name]

    def of(self, window: Window, after: Order, before: Order) -> Iterator[Entry]:
        """The entries of a window between two places in event time, in this order."""
        pages = self._pages(window)
        waiting: list[Placed] = []
        for number, place in enumerate(range(bisect_left(pages.reach, after[0]), bisect_right(pages.firsts, before[0])), 1):
            if not number % BREATH:
                self._alive()
            ready = bisect_left(waiting, ((pages.firsts[place],),))  # no further page has one that is earlier
            yield from _entries(waiting[:ready])
            page = [one for one in self._read(pages.numbers[place]) if after < one[0] < before]
            waiting = _distinct(waiting[ready:] + page)
        yield from _entries(waiting)

    def near(self, window: Window, order: Order, number: int) -> Iterator[Entry]:
        """So many entries on each side of a place, or a few more."""
        pages = self._pages(window)
        here = bisect_right(pages.firsts, order[0])
        before: list[Placed] = []
        after: list[Placed] = []

        def take(place: int) -> None:
            page = self._page(pages.numbers[place])
            middle = bisect_left(page, (order,))
            before[:] = _distinct(before + page[max(0, middle - number) : middle])
            after[:] = _distinct(after + page[middle : middle + number])

        for place in range(here - 1, -1, -1):
            if len(before) >= number and pages.reach[place] < before[-number][0][0]:
                break
            take(place)
        for place in range(here, len(pages.firsts)):
            if len(after) >= number and pages.firsts[place] > after[number - 1][0][0]:
                break
            take(place)
        return _entries(before + after)

    def _pages_of(self, window: Window) -> _Pages:
        policy, subject = window
        names = [policy, *self._together.get(policy, ())]
        which = f"policy IN ({','.join('?' * len(names))}) AND subject = ?"
        query = f"SELECT seq, first, last FROM window_pages WHERE {which} ORDER BY first, seq"  # noqa: S608  only question marks
        return _Pages(self._connection.execute(query, (*names, subject)).fetchall())

    def _read(self, number: int) -> list[Placed]:
        row = self._connection.execute("SELECT entries FROM window_pages WHERE seq = ?", (number,)).fetchone()
        entries = _decode(row[0]) if row else ()  # retention may have removed it
        return [((entry.timestamp, entry.key), number, entry) for entry in entries]


def _names(connection: sqlite3.Connection) -> Iterator[str]:
    """Each that pages are stored under: a policy, or several."""
    name, query = "", "SELECT policy FROM window_pages WHERE policy > ? ORDER BY policy LIMIT 1"
    while row := connection.execute(query, (name,)).fetchone():
        name = row[0]  # from one to the next by the index: there may be millions of pages
        yield name


def _in_order(several: Sequence[Entry]) -> Sequence[Entry]:
    """Entries by their places; of several at one place the last one."""
    if len(several) == 1:
        return several
    places = [(entry.timestamp, entry.key) for entry in several]
    if all(map(lt, places, places[1:])):
        return several  # as nearly all are
    placed = dict(zip(places, several, strict=True))
    return [*map(placed.__getitem__, sorted(placed))]


def _distinct(several: Iterable[Placed]) -> list[Placed]:
    """Entries of several pages, sorted: each once, of the latest page that has it."""
    return [*{one[0]: one for one in sorted(several)}.values()]


def _entries(several: Iterable[Placed]) -> Iterator[Entry]:
    return (entry for _, _, entry in several)


class Packing:
    """For SQL: rows of entries become a page."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, int, str, str | None, str | None]] = []

    def step(self, timestamp: int, key: int, activity_id: str, value: str | None, alert_id: str | None) -> None:
        """One more."""
        self._entries.append((timestamp, key, activity_id, value, alert_id))

    def finalize(self) -> bytes:
        """The page."""
        return _encode(sorted(self._entries))


def prune(connection: sqlite3.Connection, before: int, policies: Iterable[str], at_most: int = -1) -> int:
    """Forget pages that were stored before then, and those of which no policy is loaded any more as it was; the journal is young.

    at_most: so many in this transaction; -1 is all. Returns how many.
    """
    loaded = set(policies)
    gone = [name for name in _names(connection) if loaded.isdisjoint(name.split(BETWEEN))]
    marks = ",".join("?" * len(gone))
    which = f"SELECT seq FROM window_pages WHERE stored < ? OR policy IN ({marks}) LIMIT ?"  # noqa: S608  only question marks
    return connection.execute(f"DELETE FROM window_pages WHERE seq IN ({which})", (before, *gone, at_most)).rowcount  # noqa: S608
