"""How much others do: the busiest windows of the first week of some subjects, which stand for all.

A subject without a history of its own is compared with what others did when they began. Which subjects are looked at says a hash of their
names: those with the smallest, whoever came first (a bottom-k sample), so that neither their number nor their order matters.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zlib import crc32

import msgspec

from casbd.habits.anomaly import DAY, LONG_AGO, NEVER, Organization
from casbd.habits.sessions import Sessions, bit_of, least_different
from casbd.habits.stretches import Stretches
from casbd.model.counted import Entry

LOOKED_AT = 60
"""Subjects that stand for all."""
FEWEST = 5
"""With fewer it is not known what others do."""
_MOST = 150
"""Of those that are known by less than a week besides."""
_WEEK = 7
_MOST_OVER = 20_000
_COMPLETE = 3
"""Days behind a day, after which nothing of it is still to come, in whatever time zone an activity is."""


class _One(msgspec.Struct, array_like=True, gc=False):
    """A subject of the sample. first: the day of its first activity. most: the busiest window, as far as it is told by `slices` no longer.

    slices: of the last days of its first week: number and values of each.
    """

    first: int
    most: int = 0
    slices: dict[int, tuple[int, int]] = {}

    def busiest(self, *, different: bool, before: int = NEVER) -> int:
        """Its busiest window. before: of the slices before this one alone."""
        most = self.most
        for at, (number, values) in self.slices.items():
            if at < before:
                earlier = self.slices.get(at - 1, (0, 0))
                amount, either = number + earlier[0], values | earlier[1]
                most = max(most, least_different(amount, either) if different else amount)
        return most


class Peers(Organization):
    """See Organization. length: of a session (ms). different: values are counted, not activities."""

    def __init__(self, length: int, packed: Any = None, *, different: bool = False) -> None:
        self._size = length // 2
        self._different = different
        self._newest: int
        active, self._newest, people = packed or (None, LONG_AGO, {})
        self._active = Stretches(active)
        self._people = {int(place): _restored(*one) for place, one in people.items()}
        self._cut = self._last()
        self._over: set[str] = set()
        """Of whom nothing is looked at any more, so that most activities are over with at once."""

    def add(self, who: str, entry: Entry, memory: Sessions) -> Iterable[str]:  # noqa: ARG002
        """See Organization; it concerns nobody at once."""
        day = entry.timestamp // DAY
        self._active.add(day)
        if who in self._over and day <= self._newest:
            return ()
        if day > self._newest:
            self._newest = day
            self._fold()
        place = _place(who)
        one = self._people.get(place)
        if one is None and place <= self._cut:
            one = self._people[place] = _One(day, 0, {})
            self._choose()
        if one is None or not one.first - 2 <= day < one.first + _WEEK or day <= self._newest - _COMPLETE - 1:
            if one is None or one.first + _WEEK + _COMPLETE < self._newest:
                self._is_over(who)
            return ()
        one.first = min(one.first, day)
        at = entry.timestamp // self._size
        number, values = one.slices.get(at, (0, 0))
        one.slices[at] = number + 1, values | (bit_of(entry.value) if self._different else 0)
        return ()

    def began(self, day: int) -> int:
        """See Stretches."""
        return self._active.began(day)

    def amounts(self, day: int, who: str) -> list[int]:
        """The busiest windows of others' first weeks, ascending, as they were known on a day; empty where there are too few."""
        known = sorted(place for place, one in self._people.items() if one.first <= day - _WEEK - _COMPLETE)[:LOOKED_AT]
        others = [self._people[place].busiest(different=self._different) for place in known if place != _place(who)]
        return sorted(others) if len(others) >= FEWEST else []

    def packed(self) -> Any:
        """See Organization."""
        return self._active.packed(), self._newest, {place: _packed(one) for place, one in self._people.items()}

    def _is_over(self, who: str) -> None:
        if len(self._over) >= _MOST_OVER:
            self._over.clear()
        self._over.add(who)

    def _fold(self) -> None:
        """Of days that are complete only the busiest window stays."""
        end = (self._newest - _COMPLETE) * DAY // self._size
        for one in self._people.values():
            if one.slices:
                one.most = one.busiest(different=self._different, before=end)
                one.slices = {at: slice_ for at, slice_ in one.slices.items() if at >= end - 1}

    def _choose(self) -> None:
        """Who stands for all; those that were counted already stay until who comes in their place is, too."""
        known = sorted(place for place, one in self._people.items() if one.first <= self._newest - _WEEK - 2 * _COMPLETE)
        places = sorted(self._people)
        last = min(known[LOOKED_AT - 1] if len(known) >= LOOKED_AT else places[-1], places[:_MOST][-1])
        self._people = {place: one for place, one in self._people.items() if place <= last}
        self._cut = self._last()

    def _last(self) -> int:
        known = sum(one.first <= self._newest - _WEEK - 2 * _COMPLETE for one in self._people.values())
        return max(self._people) if known >= LOOKED_AT or len(self._people) >= _MOST else 2**32


def _place(who: str) -> int:
    return crc32(who.encode("utf-8", "surrogatepass")) * 0x9E3779B1 & 0xFFFFFFFF


def _packed(one: _One) -> Any:
    return (
        one.first,
        one.most,
        [(at, number, values.to_bytes((values.bit_length() + 7) // 8, "little")) for at, (number, values) in one.slices.items()],
    )


def _restored(first: int, most: int, slices: Iterable[tuple[int, int, bytes]]) -> _One:
    return _One(first, most, {at: (number, int.from_bytes(values, "little")) for at, number, values in slices})
