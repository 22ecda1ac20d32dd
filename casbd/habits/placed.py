"""How much a subject does, and where: of each slice how much of it was at a few places."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from casbd.habits.sessions import Session, Sessions

_MOST_OF_A_SLICE = 6


class Placed(Sessions):
    """A subject's memory. where: by slice the numbers of activities at a few places, by these' hashes."""

    __slots__ = ("where",)

    def __init__(self, length: int, packed: Any = None, *, different: bool = False, where: Any = ()) -> None:
        super().__init__(length, packed, different=different)
        self.where: dict[int, dict[int, int]] = {number: dict(counts) for number, counts in dict(where).items()}

    def note(self, moment: int, place: int) -> None:
        """What was added at a time (ms) was at a place."""
        at = moment // self.size
        if at in self.slices:
            counts = self.where.setdefault(at, {})
            counts[place] = counts.get(place, 0) + 1
            if len(counts) > _MOST_OF_A_SLICE:
                del counts[max(counts)]  # the same stay, whoever came first: of these every one is counted

    def settle(self, before: int) -> None:
        """See Memory."""
        super().settle(before)
        if self.where:
            self.where = {at: counts for at, counts in self.where.items() if at in self.slices}

    def share(self, number: int, session: Session, place: int, amount: int) -> int:
        """How much of the amount of the window that ends with a slice, as far as it lies in the session, was at a place."""
        window = (number - 1, number) if number > session.slices[0] else (number,)
        there = sum(self.where[one].get(place, 0) for one in window if one in self.where)
        return amount * there // sum(self.slices[one].number for one in window if one in self.slices)

    def been_at(self, session: Session) -> Collection[int]:
        """Where it was in a session, as far as it is kept."""
        return {place for number in session.slices for place in self.where.get(number, ())}
