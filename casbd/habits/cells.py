"""What a subject did within an hour, as memories keep it by value."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from typing import Any

import msgspec

from casbd.habits.anomaly import in_order
from casbd.habits.brief import brief, whole
from casbd.model.counted import Entry

MOST_IN_CELL = 8
"""So many activities of an hour are kept by name, the earliest."""


class Cell(msgspec.Struct):
    """What a subject did with a value within an hour. members: the earliest activities. last: when the latest was. count: all of them."""

    members: list[Entry]
    last: int
    count: int = 1

    @classmethod
    def of(cls, entry: Entry) -> Cell:
        """With one activity."""
        return cls([_named(entry)], entry.timestamp)

    @property
    def first(self) -> Entry:
        """The earliest of them."""
        return self.members[0]

    def add(self, entry: Entry, room: int) -> int:
        """One more. room: for so many more members there is. How many it took."""
        self.last = max(self.last, entry.timestamp)
        self.count += 1
        members = self.members
        full = room <= 0 or len(members) >= MOST_IN_CELL
        if full and in_order(entry) >= in_order(members[-1]):
            return 0
        insort(members, _named(entry), key=in_order)
        if full:
            members.pop()
        return 0 if full else 1


def brief_cell(cell: Cell | None) -> Any:
    """As it is packed."""
    return None if cell is None else ([brief(one) for one in cell.members], cell.last, cell.count)


def whole_cell(given: Any) -> Cell | None:
    """What `brief_cell` wrote."""
    return None if given is None else Cell([whole(one) for one in given[0]], *given[1:])


def _named(entry: Entry) -> Entry:
    return Entry(entry.timestamp, entry.key, entry.activity_id)


def by_name(cells: Iterable[Cell | None]) -> int:
    """How many members some cells have, besides the first of each."""
    return sum(len(cell.members) - 1 for cell in cells if cell is not None)
