"""Where the counted activities are that a subject's runs do not hold themselves."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Protocol

from casbd.model.counted import Entry

Order = tuple[int, int]
"""Timestamp and key: the one order of entries, whenever they came."""


def order_of(entry: Entry) -> Order:
    """Where an entry stands."""
    return entry.timestamp, entry.key


class Archive(Protocol):
    """The entries of one policy and subject."""

    def note(self, entry: Entry) -> None:
        """An entry that is not held any more."""

    def between(self, after: Order, before: Order) -> Iterator[Entry]:
        """The entries between two places, in order."""

    def near(self, order: Order, number: int) -> Sequence[Entry]:
        """So many entries on each side of a place."""

    def prune(self, before: int) -> None:
        """Older ones are not asked for any more."""


class Memory:
    """All in memory, for a look at what a policy would raise."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def note(self, entry: Entry) -> None:
        """See Archive. It may have been held again in the meantime."""
        order = order_of(entry)
        place = bisect_left(self._entries, order, key=order_of)
        if place == len(self._entries) or order_of(self._entries[place]) != order:
            self._entries.insert(place, entry)

    def between(self, after: Order, before: Order) -> Iterator[Entry]:
        """See Archive."""
        first, last = bisect_right(self._entries, after, key=order_of), bisect_left(self._entries, before, key=order_of)
        yield from self._entries[first:last]

    def near(self, order: Order, number: int) -> Sequence[Entry]:
        """See Archive."""
        place = bisect_left(self._entries, order, key=order_of)
        return self._entries[max(0, place - number) : place + number]

    def prune(self, before: int) -> None:
        """See Archive."""
        del self._entries[: bisect_left(self._entries, (before, -1), key=order_of)]
