"""Which subjects of the organization had a value first, of all values: so that what is common there is nobody's news."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from casbd.habits.anomaly import DAY, HOUR, LATE, NEVER, Organization
from casbd.habits.had_by import value_of
from casbd.habits.stretches import Stretches
from casbd.habits.values_seen import LONG_AGO, ValuesSeen
from casbd.model.counted import Entry

MOST_FIRST = 8
"""So many subjects are remembered of a value."""
MOST_VALUES = 2_000
"""So many values are remembered; of more, those go that the fewest subjects had, the oldest first."""

_MOST_APPS = 32
"""So many are told apart; what comes of more is taken together."""


class Others(NamedTuple):
    """How many others had a value, as of a time. earlier: on a whole day that nothing of is still to come. known: so long ago that it is
    no news of them; not somebody alone who had it on one day alone. stayed: of those who had it again on another day. colleagues: until
    then, of those who have been active for as long."""

    earlier: int
    known: int
    stayed: int
    colleagues: int


class _First(msgspec.Struct, array_like=True, gc=False):
    """When a subject first had a value (ms), and first on another day than that."""

    at: int
    who: str
    again: int = NEVER

    def add(self, moment: int) -> bool:
        """It had it at a time; whether that changes anything."""
        first, second = sorted((self.at, moment))
        before = self.at, self.again
        self.at = first
        if first // DAY != second // DAY:
            self.again = min(self.again, second)
        return (self.at, self.again) != before


class FirstUsers(Organization):
    """See Organization. Of those who are remembered it is known since when they are active.

    by_app: subjects are of an app each (`single_app`), so that nobody has anything in an app for longer than that is used.
    """

    daily = True

    def __init__(self, packed: Any = None, *, by_app: bool = False) -> None:
        self._by_app = by_app
        self._began: dict[str, int]
        active, values, self._began = packed or ({}, {}, {})
        self._active = {app: Stretches(one) for app, one in active.items()}
        self._first: dict[str, list[_First]] = {value: [_First(*one) for one in first] for value, first in values.items()}
        self._forgotten = 0
        self._packed: bytes | None = None

    @property
    def forgotten(self) -> int:
        """See Organization."""
        return self._forgotten

    def add(self, who: str, entry: Entry, memory: ValuesSeen) -> Iterable[str]:
        """See Organization; who was among the first is judged again where somebody was before, or is there again."""
        if entry.value is None:
            return ()
        moment = entry.timestamp
        if moment < self._began.get(who, LONG_AGO):
            self._began[who] = moment
            self._packed = None
        if entry.belongs is None:
            return ()
        if self._active.setdefault(self._app_of(who), Stretches()).add(moment // DAY):
            self._packed = None
        first = self._first.get(value_of(entry.value))
        if first is None:
            self._forget()
            first = self._first[value_of(entry.value)] = []
        own = next((one for one in first if one.who == who), None)
        if own is None:
            if len(first) == MOST_FIRST and moment >= first[-1].at:
                return ()
            first.append(_First(moment, who))
            self._began[who] = memory.begun
        elif not own.add(moment):
            return ()
        first.sort(key=_in_order)
        concerned = [one.who for one in first if one.who != who]
        del first[MOST_FIRST:]
        self._packed = None
        return concerned

    def packed(self) -> Any:
        """See Organization. It seldom changes, and is packed anew when it did."""
        if self._packed is None:
            listed = {one.who for first in self._first.values() for one in first}
            self._began = {who: began for who, began in self._began.items() if who in listed}
            self._packed = msgspec.msgpack.encode(({app: one.packed() for app, one in self._active.items()}, self._first, self._began))
        return msgspec.Raw(self._packed)

    def others(self, value: str, who: str, moment: int, history: int) -> Others:
        """How many others had a value, as of a time.

        history: so long (ms, LATE at least) it is news of somebody. What was there while the organization was learned is none.
        """
        learned = self.began(moment, who) + history
        before = max(moment - max(history, LATE), min(learned, moment - LATE))
        first = [one for one in self._first.get(value, ()) if one.who != who]
        known = [one for one in first if one.at <= moment - max(history, LATE) or (one.at < learned and one.at <= moment - LATE)]
        stayed = sum(one.at < learned or one.again <= moment - LATE for one in known)
        return Others(
            earlier=sum(_is_over(one.at, moment) for one in first),
            known=len(known) if len(known) > 1 else stayed,  # what was done once may have been an attack
            stayed=stayed,
            colleagues=sum(one.at <= moment + HOUR and self._began[one.who] <= before for one in first),
        )

    def known_before(self, moment: int) -> list[str]:
        """All values that anybody had on a whole day that nothing of is still to come, in order."""
        return sorted(value for value, first in self._first.items() if _is_over(first[0].at, moment))

    def began(self, moment: int, who: str) -> int:
        """When anybody first had anything, in the app that a subject is of if they are told apart, as of a time (ms): see Stretches."""
        active = self._active.get(self._app_of(who))
        return (active.began(moment // DAY) if active else NEVER) * DAY

    def _app_of(self, who: str) -> str:
        app = json.loads(who)[-1] or "" if self._by_app else ""
        return app if app in self._active or len(self._active) < _MOST_APPS else ""

    def _forget(self) -> None:
        if len(self._first) <= MOST_VALUES:
            return
        self._forgotten += 1
        fewest = sorted((len(first), first[0].at, value) for value, first in self._first.items())
        for _, _, value in fewest[: MOST_VALUES // 10]:
            del self._first[value]


def _in_order(one: _First) -> tuple[int, str]:
    return one.at, one.who


def _is_over(at: int, moment: int) -> bool:
    """Whether the day of a time ended so long before another time that all of it is known."""
    return (at // DAY + 1) * DAY <= moment - LATE
