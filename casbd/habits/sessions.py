"""How much a subject does: how many activities, or different values, in any length of time of its last sessions, and on each day before.

Time is cut into slices of half a session. A window is two slices that follow each other, a session all slices between which no whole
session is empty; after LONGEST the next one begins, so that what never stops has sessions, too, each of which knows from how much it
goes on. Of a session that is over there stays its busiest window, by the day on which it began: that is the habit, from which the rhythm
of weeks and months can be read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any
from zlib import crc32

import msgspec

from casbd.habits.anomaly import DAY, LONG_AGO
from casbd.habits.brief import brief_id, whole_id
from casbd.model.counted import Entry

HISTORY = 100
"""Days that are looked back at: three months' ends."""
LONGEST = 10
"""Slices of a session. It bounds what is kept of a subject that never rests."""
BITS = 128
"""Of a slice's sketch of different values."""
_SPARE = 5
"""Days that are kept besides, as records come late."""


class Slice(msgspec.Struct, array_like=True, gc=False):
    """Half a session. number: of activities. first, begun, key: time, id and key of the first one. last: time of the last. An id may be
    let go of, and is empty then.

    values: a bit for each different value, at a place that its hash says (linear counting, Whang and others 1990: exact while few, some
    percent wrong with a hundred); the same whatever the order.
    """

    number: int
    first: int
    begun: str
    last: int
    key: int = 0
    values: int = 0

    def amount(self, before: Slice | None, *, different: bool) -> int:
        """How many there are in the window of this slice and the one before it."""
        number, values = self.number, self.values
        if before is not None:
            number, values = number + before.number, values | before.values
        return least_different(number, values) if different else number

    def entry(self) -> Entry:
        """The first activity."""
        return Entry(self.first, self.key, self.begun)


def bit_of(value: str | None) -> int:
    """The bit of a value; none of what has no value, as what cannot be told apart is not different."""
    if value is None:
        return 0
    mixed = crc32(value.encode("utf-8", "surrogatepass"))
    # MurmurHash3's finalizer: a checksum of names that differ in a number is no hash.
    mixed = (mixed ^ mixed >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    mixed = (mixed ^ mixed >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return 1 << (mixed >> 25)


def least_different(number: int, values: int) -> int:
    """How many different values so many activities have: as many as the activities, where the sketch cannot tell that they are fewer."""
    some = values.bit_count()
    if some == BITS:
        return number
    about = round(BITS * math.log(BITS / (BITS - some)))
    return number if about >= number * 3 // 4 else about


class Session(msgspec.Struct, frozen=True, gc=False):
    """slices: their numbers, ascending. day: since 1970, on which it began (UTC). after: the busiest window of the one that it goes on from
    without a pause; 0: none."""

    slices: tuple[int, ...]
    day: int
    after: int = 0


class Sessions:
    """A subject's memory. length: of a session (ms). different: values are counted, not activities."""

    __slots__ = ("_due", "_level", "_most", "_newest", "_since", "days", "different", "size", "slices")

    def __init__(self, length: int, packed: Any = None, *, different: bool = False) -> None:
        self.size = length // 2
        self.different = different
        self.slices: dict[int, Slice] = {}
        self.days: dict[int, int] = {}
        self._since: int
        self._newest: int
        self._level: int
        self._since, self._newest, self._level, slices, days, busiest = packed or (LONG_AGO, LONG_AGO, 0, (), (), ())
        self.days.update(zip(accumulate(days), busiest, strict=True))
        number = 0
        for later, *slice_ in slices:
            number += later
            self.slices[number] = _unpacked(number * self.size, *slice_)
        self._most = max((slice_.number for slice_ in self.slices.values()), default=0)
        self._due = LONG_AGO

    @property
    def newest(self) -> int:
        """See Memory."""
        return self._newest

    @property
    def busy(self) -> int:
        """No window holds more."""
        return 2 * self._most

    def add(self, entry: Entry) -> None:
        """See Memory."""
        moment = entry.timestamp
        number = moment // self.size
        if number < self._since:
            return  # the session that it would be of is over and counted, or too long ago
        slice_ = self.slices.get(number)
        if slice_ is None:
            slice_ = self.slices[number] = Slice(0, moment, entry.activity_id, moment, entry.key)
        slice_.number += 1
        if moment > slice_.last:
            slice_.last = moment
        if moment < slice_.first or (moment == slice_.first and entry.activity_id < slice_.begun):
            slice_.first, slice_.begun, slice_.key = moment, entry.activity_id, entry.key
        if self.different:
            slice_.values |= bit_of(entry.value)
        if slice_.number > self._most:
            self._most = slice_.number
        self.pass_time(moment)

    def pass_time(self, moment: int) -> None:
        """Something of the subject's happened (ms), whether it counts or not."""
        if moment > self._newest:
            self._newest = moment

    def settle(self, before: int) -> None:
        """See Memory: sessions to which nothing can come any more become part of the habit."""
        end = before // self.size
        if end < self._due or not self.slices:
            return
        self._due = end + 1
        for session in self.sessions():
            if session.slices[-1] + 2 >= end:
                self._due = session.slices[-1] + 3
                break
            self._level = self.busiest(session)
            self.days[session.day] = max(self.days.get(session.day, 0), self._level)
            for number in session.slices:
                del self.slices[number]
            self._since = session.slices[-1] + 1
        self._most = max((slice_.number for slice_ in self.slices.values()), default=0)
        oldest = before // DAY - HISTORY - _SPARE
        if not self.days or min(self.days) >= oldest:
            return
        self.days = {day: most for day, most in self.days.items() if day >= oldest}

    def lighten(self) -> bool:
        """See Memory: names go, of the least busy slices first; what is counted stays."""
        named = sorted((one for one in self.slices.values() if one.begun), key=lambda one: (-one.number, one.first))
        for one in named[max(1, len(named) // 2) :]:
            one.begun = ""
        return len(named) > 1

    def sessions(self) -> Iterator[Session]:
        """Those that are not settled, in time order."""
        begun: list[int] = []
        last, level = self._since - 1, self._level
        for number in sorted(self.slices):
            if begun and (number > begun[-1] + 2 or number >= begun[0] + LONGEST):
                session = self._session(begun, last, level)
                last, level, begun = begun[-1], self.busiest(session) if number <= begun[-1] + 2 else 0, []
                yield session  # whoever asks may let go of its slices
            begun.append(number)
        if begun:
            yield self._session(begun, last, level)

    def _session(self, slices: Sequence[int], last: int, level: int) -> Session:
        """last, level: the slice with which the one before it ended, and how busy that was."""
        return Session(tuple(slices), slices[0] * self.size // DAY, level if slices[0] <= last + 2 else 0)

    def amount(self, number: int, session: Session) -> int:
        """Of the window that ends with a slice, as far as it lies in the session."""
        before = self.slices.get(number - 1) if number > session.slices[0] else None
        return self.slices[number].amount(before, different=self.different)

    def busiest(self, session: Session) -> int:
        """How much there is in its busiest window."""
        return max(self.amount(number, session) for number in session.slices)

    def packed(self) -> Any:
        """See Memory."""
        days, numbers = sorted(self.days), sorted(self.slices)
        slices = [
            (number - last, *_packed(number * self.size, self.slices[number])) for number, last in zip(numbers, [0, *numbers], strict=False)
        ]
        passed = [day - last for day, last in zip(days, [0, *days], strict=False)]
        return self._since, self._newest, self._level, slices, passed, [self.days[day] for day in days]


def habit(memory: Sessions, day: int) -> Mapping[int, int]:
    """The busiest windows of the days before one, of HISTORY days at most."""
    earlier = {before: most for before, most in memory.days.items() if day - HISTORY <= before < day}
    for session in memory.sessions():
        if day - HISTORY <= session.day < day:
            earlier[session.day] = max(earlier.get(session.day, 0), memory.busiest(session))
    return earlier


def _packed(start: int, slice_: Slice) -> tuple[Any, ...]:
    """As small as it gets: times from the slice's start, a usual id as bytes."""
    values = slice_.values.to_bytes((slice_.values.bit_length() + 7) // 8, "little")
    return slice_.number, _fixed(slice_, start), brief_id(slice_.begun), values


def _unpacked(start: int, number: int, fixed: bytes, begun: str | bytes, values: bytes) -> Slice:
    first, last, key = (int.from_bytes(fixed[place]) for place in _PLACES)
    return Slice(number, start + first, whole_id(begun), start + last, key, int.from_bytes(values, "little"))


def _fixed(slice_: Slice, start: int) -> bytes:
    """Times of a slice of at most three hours (ms), and a key."""
    return (slice_.first - start).to_bytes(3) + (slice_.last - start).to_bytes(3) + (slice_.key & _KEY).to_bytes(8)


_PLACES = slice(3), slice(3, 6), slice(6, 14)
_KEY = 2**64 - 1
