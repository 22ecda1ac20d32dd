"""The memory of a subject of kind `new`: which values it had, and when; of the last two days in which hours, as some come late.

A value is remembered together with what the subject had it by (its device), as one text (`had_by.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from casbd.habits.anomaly import DAY, HOUR
from casbd.habits.cells import Cell, brief_cell, by_name, whole_cell
from casbd.habits.had_by import PARTED, SETTLED, is_managed, value_of
from casbd.model.counted import Entry

LONG_AGO = -(2**53)
"""Before all hours. What is stored has this number in it, so it is not that of `anomaly.py`."""
FIRST_DAY = 24
"""Hours of a value's first day, from its first activity on."""
SURE = 7 * 24
"""A value that was there so many hours before is new in no case: no shorter `history` may be asked for."""
MOST_VALUES = 64
"""So many are remembered of a subject, those it had on most days, and last."""
_HABIT = 3
"""Days on which who has a value has it by habit: more do not matter, so that who moves has a new one."""
_LONGEST = 400 * 24
"""Hours: no `history` is longer."""
_FEW = 4
"""What is to become smaller keeps so many values, and hours of what is news."""
MOST_IN_AN_HOUR = 64
"""Of more, the further ones are remembered without what they were had by, and of those no more than twice as many."""
MOST_NEWS = 64
"""So many values may be news at a time: what more come of a flood are remembered no more than they are looked at."""
MOST_USES = 256
"""So many values of all hours that are not settled are remembered with what they were had by; without it no more than twice as many."""
MOST_BY_NAME = 40
"""So many of a memory, besides the first of each hour."""


class Had(msgspec.Struct, array_like=True):
    """A value in what is settled: in which hour last, and on how many days."""

    last: int
    days: int


class Kept(msgspec.Struct):
    """All of it. begun: when the subject's first activity was. most_news: so many values may be news; fewer
    while a flood lasts that was too much, as else it would go on with others. days: on how many it was active, and the last of these."""

    newest: int = LONG_AGO
    begun: int = -LONG_AGO
    floor: int = LONG_AGO
    days: int = 0
    day: int = LONG_AGO
    most_news: int = MOST_NEWS
    had: dict[str, Had] = {}
    hours: dict[int, dict[str, Cell | None]] = {}


class Use(NamedTuple):
    """A value in an hour. cell: None where it is no news for certain."""

    hour: int
    text: str
    cell: Cell | None


class ValuesSeen:
    """See Memory. What is older than a day before what may still come is settled: by value, and no longer by hour.

    news: the values that may be new in some hour. _surer: some of them may be none by now, as more is settled.
    """

    news: set[str]

    def __init__(self, packed: Any = None) -> None:
        self._kept = Kept() if packed is None else _whole(*packed)
        self._last: dict[str, int] = {}
        for text, had in self._kept.had.items():
            self._last[value_of(text)] = max(had.last, self._last.get(value_of(text), LONG_AGO))
        self._surer = True
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
                self._forget(MOST_VALUES)
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
        elif len(self.news) < kept.most_news or value_of(text) in self.news:
            cells[text] = Cell.of(entry)
            self.news.add(value_of(text))
        else:
            return None
        self._uses += 1
        return (hour + 1) * HOUR if sure else None

    def settle(self, before: int) -> None:
        """See Memory."""
        kept, floor = self._kept, before // HOUR - FIRST_DAY
        if floor <= kept.floor:
            return
        kept.floor = floor
        for hour in sorted(hour for hour in kept.hours if hour < floor):
            cells = kept.hours.pop(hour)
            self._uses -= len(cells)
            self._settle_hour(hour, cells)
        if not self.news:
            return
        if self._surer:
            for hour, cells in kept.hours.items():
                cells.update({text: None for text, cell in cells.items() if cell is not None and self._is_sure(hour, text)})
            self._look()
            self._surer = False
        if not self.news:
            kept.most_news = MOST_NEWS

    def packed(self) -> Any:
        """See Memory: each text once."""
        kept = self._kept
        settled = sorted(kept.had)
        others = sorted({text for cells in kept.hours.values() for text in cells} - kept.had.keys())
        number = {text: at for at, text in enumerate([*settled, *others])}
        hours = [
            (
                hour - kept.floor,
                [number[text] if cell is None else (number[text], brief_cell(cell)) for text, cell in sorted(cells.items())],
            )
            for hour, cells in sorted(kept.hours.items())
        ]
        numbers = kept.newest, kept.begun, kept.floor, kept.days, kept.day, kept.most_news
        return numbers, [*number], [(kept.had[text].last, kept.had[text].days) for text in settled], hours

    def lighten(self) -> bool:
        """See Memory. Names of activities go; then the newest of what is news (a flood's: it becomes a habit as if it were none), and what
        was had on the fewest days, so that neither what alerts are of nor the true habit goes for it; then hours of what is no news."""
        cells = [cell for cells in self._kept.hours.values() for cell in cells.values() if cell is not None]
        named = [cell for cell in cells if len(cell.members) > 1]
        for cell in named:
            del cell.members[len(cell.members) // 2 :]
        left = bool(named) or self._lighten_news() or self._lighten_had() or _lighten_hours(self._kept.hours)
        self._look()
        return left

    def _lighten_news(self) -> bool:
        """Of the values that are news the last half is none; of one alone, its last hours are not."""
        first: dict[str, int] = {}
        at = [
            (hour, text) for hour in sorted(self._kept.hours) for text, cell in sorted(self._kept.hours[hour].items()) if cell is not None
        ]
        for hour, text in at:
            first.setdefault(value_of(text), hour)
        order = sorted(first, key=lambda value: (first[value], value))
        gone = {*order[-(-len(order) // 2) :]} if len(order) > _FEW else set()
        over = [(hour, text) for hour, text in at if value_of(text) in gone] or (at[-(len(at) // 2) :] if len(at) > _FEW else [])
        for hour, text in over:
            self._kept.hours[hour][text] = None
        if over:
            self._kept.most_news = len(order) - len(gone)
        return bool(over)

    def _lighten_had(self) -> bool:
        had = self._kept.had
        over = len(had) - max(_FEW, len(had) // 2)
        self._forget(len(had) - over)
        return over > 0

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

    def _settle_hour(self, hour: int, cells: Mapping[str, Cell | None]) -> None:
        """What an hour had becomes part of the habit."""
        kept, day = self._kept, hour * HOUR // DAY
        kept.days += day > kept.day
        kept.day = max(day, kept.day)
        for text in sorted(cells):
            self._settle(hour, text, 1)
        self._forget(MOST_VALUES)

    def _settle(self, hour: int, text: str, days: int) -> None:
        self._surer = True
        value, text = value_of(text), text[:-1] if is_managed(text) else text
        self._last[value] = max(hour, self._last.get(value, LONG_AGO))
        had = self._kept.had.get(text)
        if had is None:
            self._kept.had[text] = Had(hour, 1)
            return
        had.days += days * (hour * HOUR // DAY > had.last * HOUR // DAY)
        had.last = max(hour, had.last)

    def _forget(self, most: int) -> None:
        """Of more values those go that were there on the fewest days, and of these the oldest: what an attacker does in an hour pushes out
        nothing that somebody does by habit. But what nobody's `history` goes back to goes first."""
        had, long_ago = self._kept.had, self._kept.newest // HOUR - _LONGEST
        while len(had) > most:
            oldest = min(had, key=lambda text: (had[text].last >= long_ago, min(had[text].days, _HABIT), had[text].last, text))
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


def _whole(numbers: Sequence[int], texts: Sequence[str], had: Sequence[Sequence[int]], hours: Sequence[Sequence[Any]]) -> Kept:
    newest, begun, floor, days, day, most_news = numbers
    whole_hours = {
        hour + floor: {
            texts[one] if isinstance(one, int) else texts[one[0]]: None if isinstance(one, int) else whole_cell(one[1]) for one in cells
        }
        for hour, cells in hours
    }
    settled = {text: Had(*one) for text, one in zip(texts, had, strict=False)}
    return Kept(newest, begun, floor, days, day, most_news, settled, whole_hours)


def _lighten_hours(kept: dict[int, dict[str, Cell | None]]) -> bool:
    """Of half of the hours, the oldest, what is no news is forgotten."""
    hours = [hour for hour in sorted(kept) if None in kept[hour].values()]
    for hour in hours[: -(-len(hours) // 2)]:
        kept[hour] = {text: cell for text, cell in kept[hour].items() if cell is not None}
        if not kept[hour]:
            del kept[hour]
    return bool(hours)
