"""Which networks, countries and devices somebody has, and has for how long: the first days on which each was seen.

Asked as of an event time, by whole days that ended LATE before, so that nothing of them is still to come.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zlib import crc32

import msgspec

from casbd.habits.anomaly import DAY, LATE, LONG_AGO, NEVER, Organization
from casbd.habits.stretches import Stretches
from casbd.remembered import Remembered

MOST_DAYS = 3
"""So many days of each are kept, the first ones: on how many it was seen matters no further."""
MOST_NAMES = 2_000
"""So many names are kept of an organization of which nothing else is known."""


class Days:
    """By name the first days on which it was there. most: so many names are kept; those that were there once, and long ago, go first."""

    __slots__ = ("_most", "first")

    def __init__(self, most: int, first: Mapping[str, list[int]] | None = None) -> None:
        self._most = most
        self.first = dict(first or {})

    def add(self, name: str, moment: int) -> None:
        """It was there at a time (ms)."""
        days = self.first.get(name)
        day = moment // DAY
        if days is None:
            self.first[name] = [day]
            if len(self.first) > self._most:
                self._forget()
        elif day not in days and (len(days) < MOST_DAYS or day < days[-1]):
            insort(days, day)
            del days[MOST_DAYS:]

    def lighten(self) -> bool:
        """One goes; False where it is the last."""
        if len(self.first) > 1:
            self._forget()
        return len(self.first) > 1

    def known(self, name: str, moment: int, days: int) -> bool:
        """Whether it was there on so many days before a time."""
        first = self.first.get(name)
        return first is not None and len(first) >= days and is_over(first[days - 1], moment)

    def _forget(self) -> None:
        del self.first[min(self.first, key=lambda one: (len(self.first[one]), self.first[one][-1], one))]


def hash_of(who: str) -> int:
    """A number for a subject."""
    return _hashes[who]


_hashes = Remembered[str, int](lambda who: crc32(who.encode("utf-8", "surrogatepass")), 20_000)


def is_over(day: int, moment: int) -> bool:
    """Whether a day (since 1970) was over LATE before a time, so that all of it is known."""
    return (day + 1) * DAY + LATE <= moment


class Users:
    """Who has what: of each name some users with the first two days on which they had it. most: so many names are kept.

    Of these users it is known since when they are active, as those of yesterday say nothing of what is usual.
    """

    __slots__ = ("_active", "_began", "_full", "_most", "_packed", "forgotten", "names")

    MOST = 6
    """So many users of each name are kept."""

    def __init__(self, most: int, packed: Any = None) -> None:
        self._most = most
        self.names: dict[str, dict[int, list[int]]] = {}
        self._began: dict[int, int] = {}
        active, self.names, self._began = packed or (None, self.names, self._began)
        self._active = Stretches(active)
        self.forgotten = 0
        self._full: dict[str, tuple[int, int, int]] = {}
        """Of names with as many users as are kept the place of the last one: who comes behind it is not kept, as of nearly all."""
        self._packed: bytes | None = None

    def add(self, name: str, user: int, moment: int, began: int) -> None:
        """A user had it at a time. began: when the user was active first of all (ms)."""
        day = moment // DAY
        if self._active.add(day):
            self._packed = None
        self.age(user, began)
        users = self.names.get(name)
        if users is None:
            users = self.names[name] = {}
        days = users.get(user)
        if days is None:
            last = self._full.get(name)
            if last is not None and (-1, day, user) > last:
                return
            users[user] = [day]
            self._began[user] = min(began // DAY, self._began.get(user, NEVER))
            if len(users) > self.MOST:
                del users[max(_places(users))[-1]]
        elif day not in days and (len(days) < 2 or day < days[-1]):
            insort(days, day)
            del days[2:]
        else:
            return
        if len(users) == self.MOST:
            self._full[name] = max(_places(users))
        if len(self.names) > self._most:
            self._forget()
        self._packed = None

    def age(self, user: int, began: int) -> None:
        """Since when a user is active (ms)."""
        if began // DAY < self._began.get(user, LONG_AGO):
            self._began[user] = began // DAY
            self._packed = None

    def since(self, moment: int) -> int:
        """When the organization began, as of a time (ms): see Stretches."""
        return self._active.began(moment // DAY) * DAY

    def number(self, name: str, moment: int, but: int, history: int = 0, *, twice: bool = False) -> int:
        """How many users but one had it before a time; twice: on two days each. history: so long (ms) they have been active by then, or
        since the organization was learned for as long: until then nobody can be known for longer."""
        users = self.names.get(name)
        if users is None:
            return 0
        day, over = 1 if twice else 0, (moment - LATE) // DAY  # days before that are: see `is_over`
        had = [user for user, days in users.items() if len(days) > day and days[day] < over and user != but]
        if not history or not had:
            return len(had)
        learned = self.since(moment) + history
        latest = max((moment - max(history, LATE)) // DAY, min(learned, moment - LATE) // DAY - 1)
        return sum(self._began[user] <= latest for user in had)

    def packed(self) -> Any:
        """As what msgpack takes. It seldom changes, and is packed anew when it did."""
        if self._packed is None:
            listed = {user for users in self.names.values() for user in users}
            self._began = {user: day for user, day in self._began.items() if user in listed}
            self._packed = msgspec.msgpack.encode((self._active.packed(), self.names, self._began))
        return msgspec.Raw(self._packed)

    def _forget(self) -> None:
        """A quarter, of what few have and had long ago."""
        self.forgotten += 1
        order = sorted(self.names, key=lambda one: (len(self.names[one]), min(days[0] for days in self.names[one].values()), one))
        for name in order[: self._most // 4]:
            del self.names[name]
            self._full.pop(name, None)


class KnownUsers(Organization):
    """An organization of which it is known which users have what, and nothing else: as nothing of the last day is asked, nobody is to be
    judged again when one has something more."""

    daily = True

    def __init__(self, packed: Any = None) -> None:
        self._users = Users(MOST_NAMES, packed)

    @property
    def forgotten(self) -> int:
        """See Organization."""
        return self._users.forgotten

    def packed(self) -> Any:
        """See Organization."""
        return self._users.packed()


def _places(users: Mapping[int, Sequence[int]]) -> Iterator[tuple[int, int, int]]:
    """Of each user of a name the place among them: first who had it on two days, then who had it first; of these days the last one."""
    return ((-len(days), days[-1], user) for user, days in users.items())
