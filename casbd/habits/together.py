"""What several subjects do in one place at about the same time, as colleagues do at a month's end, and an attacker hardly ever does.

A place is a site, or the first two folders of a path. What has no folder (an id, say) is at none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from casbd.habits.anomaly import DAY, HOUR, LATE, NEVER
from casbd.habits.known_places import hash_of
from casbd.habits.peers import Peers
from casbd.habits.placed import Placed
from casbd.habits.sessions import Session, Sessions
from casbd.model.counted import Entry
from casbd.remembered import Remembered

AWAITED = 10 * HOUR
"""So long afterwards others may do as much: who is the first of them in the morning is none the worse for it."""
BEFORE = 4 * DAY
"""So long before: what a team does on Friday one of it may do on Monday."""
BUSY = 5
"""Less within half a session is nobody's month's end."""
_KEPT = BEFORE + AWAITED + LATE + DAY
_MOST_PLACES, _MOST_SUBJECTS = 500, 30
"""Of all of them it is kept in which half hours of six days they were busy: of 30, whoever they are, enough make a team."""
_FOLDERS = re.compile(r"(?:\w+://[^/]*)?[/\\]*(?:[^/\\]+[/\\]){0,2}")


def place_of(value: str | None) -> int | None:
    """Where the object with this id is, as a hash; None where its id has no folder."""
    return None if value is None else _places[value]


def _place(value: str) -> int | None:
    found = _FOLDERS.match(value)
    return hash_of(found[0]) if found and found[0] else None


_places = Remembered[str, int | None](_place, 20_000)


class Working(Placed):
    """A subject's memory, with the places it was at. What it did can be judged until others have had the time to do as much."""

    __slots__ = ()

    def __init__(self, length: int, packed: Any = None, *, different: bool = False) -> None:
        sessions, where = packed or (None, {})
        super().__init__(length, sessions, different=different, where=where)

    @property
    def newest(self) -> int:
        """See Memory: of what others may still explain."""
        return super().newest - AWAITED

    def add(self, entry: Entry) -> None:
        """See Memory."""
        super().add(entry)
        place = place_of(entry.value)
        if place is not None:
            self.note(entry.timestamp, place)

    def been_at(self, session: Session) -> Collection[int]:
        """Those where it was busy in a session."""
        counts = (self.where.get(number, {}).items() for number in session.slices)
        return {place for several in counts for place, count in several if count >= BUSY}

    def lighten(self) -> bool:
        """See Memory. Then it is no longer known where it was, and nobody else explains it."""
        if super().lighten():
            return True
        self.where = {}
        return False

    def packed(self) -> Any:
        """See Memory."""
        return super().packed(), self.where


class Colleagues(Peers):
    """See Organization: also of each place who did how much there of late, by slice."""

    def __init__(self, length: int, packed: Any = None, *, different: bool = False) -> None:
        peers, places = packed or (None, {})
        super().__init__(length, peers, different=different)
        self._places: dict[int, dict[str, dict[int, int]]] = {
            int(place): {who: dict(counts) for who, counts in subjects.items()} for place, subjects in places.items()
        }
        self._full: dict[int, int] = {}
        """Of places with as many subjects as are kept the largest hash of one: who comes behind it is not kept."""
        self._tidied = 0

    def add(self, who: str, entry: Entry, memory: Sessions) -> Iterable[str]:
        """See Organization: others who are busy in a place are judged again when a subject does more there."""
        super().add(who, entry, memory)
        place = place_of(entry.value)
        if place is None or entry.belongs is None:
            return ()
        self._tidy(entry.timestamp)
        subjects = self._places.setdefault(place, {})
        counts = subjects.get(who)
        if counts is None:
            if hash_of(who) > self._full.get(place, NEVER):
                return ()
            counts = subjects[who] = {}
            self._bound(place, subjects)
        at = entry.timestamp // self._size
        number = counts[at] = counts.get(at, 0) + 1
        if not _is_step(number + counts.get(at - 1, 0)) and not _is_step(number + counts.get(at + 1, 0)):
            return ()
        return [other for other, counts in subjects.items() if other != who and max(counts.values()) >= BUSY]

    def together(self, place: int, session: Session, who: str, others: int) -> int:
        """How much so many others did at a place, each in the busiest window from BEFORE a session until AWAITED after it; 0: little."""
        first = session.slices[0] - BEFORE // self._size
        last = session.slices[-1] + AWAITED // self._size
        amounts = [_busiest(counts, first, last) for other, counts in self._places.get(place, {}).items() if other != who]
        level = _step(sorted(amounts)[-others]) if len(amounts) >= others else 0
        return level if level >= 2 * BUSY else 0

    def packed(self) -> Any:
        """See Organization."""
        return super().packed(), self._places

    def _bound(self, place: int, subjects: dict[str, dict[int, int]]) -> None:
        """Of too many the same stay, whoever came first."""
        if len(subjects) > _MOST_SUBJECTS:
            del subjects[max(subjects, key=lambda one: (hash_of(one), one))]
        if len(subjects) == _MOST_SUBJECTS:
            self._full[place] = max(hash_of(one) for one in subjects)

    def _tidy(self, moment: int) -> None:
        """Once a day, what is too old goes, and what was too little by then; of too many places those at which the fewest were."""
        if moment < self._tidied + DAY and len(self._places) <= _MOST_PLACES:
            return
        self._tidied = max(moment, self._tidied)
        oldest, complete = (self._tidied - _KEPT) // self._size, (self._tidied - LATE) // self._size - 1
        for subjects in self._places.values():
            for who, counts in [*subjects.items()]:
                subjects[who] = {at: number for at, number in counts.items() if at >= complete or (at >= oldest and _is_busy(at, counts))}
                if not subjects[who]:
                    del subjects[who]
        order = sorted((place for place in self._places if self._places[place]), key=lambda one: (-len(self._places[one]), one))
        self._places = {place: self._places[place] for place in order[: _MOST_PLACES * 3 // 4 if len(order) > _MOST_PLACES else None]}
        self._full = {place: last for place, last in self._full.items() if len(self._places.get(place, ())) == _MOST_SUBJECTS}


def _busiest(counts: Mapping[int, int], first: int, last: int) -> int:
    return max((number + counts.get(at - 1, 0) for at, number in counts.items() if first <= at <= last), default=0)


def _is_busy(at: int, counts: Mapping[int, int]) -> bool:
    return counts[at] + max(counts.get(at - 1, 0), counts.get(at + 1, 0)) >= 2 * BUSY


def _step(amount: int) -> int:
    """An amount, cut down to its first three binary digits: others are judged again when it reaches the next one."""
    cut = max(0, amount.bit_length() - 3)
    return amount >> cut << cut


def _is_step(amount: int) -> bool:
    return amount >= 2 * BUSY and _step(amount) == amount
