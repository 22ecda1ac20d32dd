"""The memory of a subject of kind `new`: which values it had, and when; of the last two days in which hours, as some come late.

A value is remembered together with what the subject had it by (its device), as one text that begins with the value and `PARTED`.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from casbd.habits.anomaly import DAY, HOUR
from casbd.model.counted import Entry

PARTED = "\x1f"
"""Stands between a value and what it was had by."""
SETTLED = "="
"""At the end of what can be no news, wherever the value was before."""
LONG_AGO = -(2**53)
SESSION = 24
"""Hours of a value's first session."""
SURE = 7 * 24
"""A value that was there so many hours before is new in no case: no shorter `history` may be asked for."""
MOST_VALUES = 64
"""So many are remembered of a subject, those it had last."""
MOST_IN_AN_HOUR = 64
"""Of more, the further ones are remembered without what they were had by, and of those no more than twice as many."""


MOST_NEWS = 64
"""So many values may be news at a time: what more come of a flood are remembered no more than they are looked at."""
MOST_USES = 256
"""So many values of all hours that are not settled are remembered with what they were had by; without it no more than twice as many."""
MOST_IN_CELL = 8
"""So many activities of an hour are kept by name, the earliest."""
MOST_BY_NAME = 40
"""So many of a memory, besides the first of each hour."""


class Cell(msgspec.Struct, array_like=True):
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
        if full and _in_order(entry) >= _in_order(members[-1]):
            return 0
        insort(members, _named(entry), key=_in_order)
        if full:
            members.pop()
        return 0 if full else 1


def _named(entry: Entry) -> Entry:
    return Entry(entry.timestamp, entry.key, entry.activity_id)


def _in_order(entry: Entry) -> tuple[int, str]:
    return entry.timestamp, entry.activity_id


def by_name(cells: Iterable[Cell | None]) -> int:
    """How many members some cells have, besides the first of each."""
    return sum(len(cell.members) - 1 for cell in cells if cell is not None)


class Had(msgspec.Struct, array_like=True):
    """A value in what is settled: in which hours first and last, and on how many days."""

    first: int
    last: int
    days: int


class Kept(msgspec.Struct, array_like=True):
    """All of it as it is packed. begun: when the subject's first activity was. days: on how many it was active, and the last of these."""

    newest: int = LONG_AGO
    begun: int = -LONG_AGO
    floor: int = LONG_AGO
    days: int = 0
    day: int = LONG_AGO
    had: dict[str, Had] = {}
    hours: dict[int, dict[str, Cell | None]] = {}


class Use(NamedTuple):
    """A value in an hour. cell: None where it is no news for certain."""

    hour: int
    text: str
    cell: Cell | None


def value_of(text: str) -> str:
    """The value of what is remembered."""
    return text.partition(PARTED)[0]


class ValuesSeen:
    """See Memory. What is older than a day before what may still come is settled: by value, and no longer by hour.

    news: the values that may be new in some hour.
    """

    news: set[str]

    def __init__(self, packed: Any = None) -> None:
        self._kept = Kept() if packed is None else msgspec.convert(packed, Kept, strict=False)
        self._last: dict[str, int] = {}
        for text, had in self._kept.had.items():
            self._last[value_of(text)] = max(had.last, self._last.get(value_of(text), LONG_AGO))
        self._look()

    @property
    def newest(self) -> int:
        """See Memory. The beginning of its hour, so that another activity within it changes nothing."""
        return self._kept.newest

    @property
    def begun(self) -> int:
        """When its first activity was."""
        return self._kept.begun

    @property
    def had(self) -> Mapping[str, Had]:
        """What is settled."""
        return self._kept.had

    def add(self, entry: Entry) -> int | None:
        """See Memory; an activity without a value is nothing. What is sure is remembered once an hour."""
        text, kept = entry.value, self._kept
        if text is None:
            return None
        moment = entry.timestamp
        hour = moment // HOUR
        kept.newest = max(hour * HOUR, kept.newest)
        kept.begun = min(moment, kept.begun)
        if hour < kept.floor:
            self._settle(hour, text, 0)  # too late for any alert
            if len(kept.had) > 2 * MOST_VALUES:
                self._forget()
            return None
        cells = kept.hours.get(hour)
        if cells is None:
            cells = kept.hours[hour] = {}
        if text in cells:
            cell = cells[text]
            if cell is None:
                return (hour + 1) * HOUR
            self._by_name += cell.add(entry, MOST_BY_NAME - self._by_name)
            return None
        filled = max(len(cells) / MOST_IN_AN_HOUR, self._uses / MOST_USES)
        if filled >= 1 and (not text.endswith(PARTED) or filled >= 2):
            if filled < 2:
                self.add(Entry(moment, entry.key, entry.activity_id, value_of(text) + PARTED))
            return None
        sure = self._is_sure(hour, text)
        if sure:
            cells[text] = None
        elif len(self.news) < MOST_NEWS or value_of(text) in self.news:
            cells[text] = Cell.of(entry)
            self.news.add(value_of(text))
        else:
            return None
        self._uses += 1
        return (hour + 1) * HOUR if sure else None

    def settle(self, before: int) -> None:
        """See Memory."""
        kept, floor = self._kept, before // HOUR - SESSION
        if floor <= kept.floor:
            return
        kept.floor = floor
        for hour in sorted(hour for hour in kept.hours if hour < floor):
            day = hour * HOUR // DAY
            kept.days += day > kept.day
            kept.day = max(day, kept.day)
            cells = kept.hours.pop(hour)
            self._uses -= len(cells)
            for text in sorted(cells):
                self._settle(hour, text, 1)
            self._forget()
        if not self.news:
            return
        for hour, cells in kept.hours.items():
            kept.hours[hour] = {text: None if cell is None or self._is_sure(hour, text) else cell for text, cell in cells.items()}
        self._look()

    def packed(self) -> Any:
        """See Memory."""
        return self._kept

    def last_before(self, value: str) -> int:
        """The hour in which a value was there last, of what is settled."""
        return self._last.get(value, LONG_AGO)

    def uses(self) -> Iterator[Use]:
        """What is not settled yet, hour by hour."""
        for hour in sorted(self._kept.hours):
            cells = self._kept.hours[hour]
            for text in sorted(cells):
                yield Use(hour, text, cells[text])

    def days_before(self, hour: int) -> int:
        """On how many days the subject was active before that of an hour."""
        limit = hour * HOUR // DAY
        recent = {day for other in self._kept.hours if self._kept.day < (day := other * HOUR // DAY) < limit}
        return self._kept.days + len(recent)

    def _settle(self, hour: int, text: str, days: int) -> None:
        value = value_of(text)
        self._last[value] = max(hour, self._last.get(value, LONG_AGO))
        had = self._kept.had.get(text)
        if had is None:
            self._kept.had[text] = Had(hour, hour, 1)
            return
        had.days += days * (hour * HOUR // DAY > had.last * HOUR // DAY)
        had.first, had.last = min(hour, had.first), max(hour, had.last)

    def _forget(self) -> None:
        had = self._kept.had
        while len(had) > MOST_VALUES:
            oldest = min(had, key=lambda text: (had[text].last, text))
            del had[oldest]
            if not any(value_of(text) == value_of(oldest) for text in had):
                del self._last[value_of(oldest)]

    def _is_sure(self, hour: int, text: str) -> bool:
        return text.endswith(PARTED + SETTLED) or hour - self._last.get(value_of(text), LONG_AGO) <= SURE

    def _look(self) -> None:
        hours = self._kept.hours.values()
        self.news = {value_of(text) for cells in hours for text, cell in cells.items() if cell is not None}
        self._by_name = by_name(cell for cells in hours for cell in cells.values())
        self._uses = sum(map(len, hours))
