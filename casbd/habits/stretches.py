"""Since when it is known what an organization does: not since a date that a wrong clock has written."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from casbd.habits.anomaly import NEVER

PAUSE = 100
"""Days without anything, after which all begins anew: so far habits look back."""
MOST = 32
"""So many stretches are kept, the newest. Of dates at random there would be hundreds."""


class Stretches:
    """The days on which there was anything, as stretches without a pause of PAUSE days: first and last days, in order.

    One record of the year 2001 is a stretch of its own, far before the one that counts.
    """

    __slots__ = ("_added", "_first", "_last")

    def __init__(self, packed: Any = None) -> None:
        self._first: list[int]
        self._last: list[int]
        self._first, self._last = packed or ([], [])
        self._added: int | None = None

    def add(self, day: int) -> bool:
        """There was something on a day (since 1970); whether that changes anything."""
        if day == self._added:
            return False  # as of nearly all
        self._added = day
        at = bisect_right(self._first, day)
        if at and day <= self._last[at - 1]:
            return False
        follows = at > 0 and day - self._last[at - 1] <= PAUSE
        leads = at < len(self._first) and self._first[at] - day <= PAUSE
        if follows and leads:
            del self._first[at], self._last[at - 1]
        elif follows:
            self._last[at - 1] = day
        elif leads:
            self._first[at] = day
        else:
            self._first.insert(at, day)
            self._last.insert(at, day)
            del self._first[:-MOST], self._last[:-MOST]
        return True

    def began(self, day: int) -> int:
        """The first day of the stretch that a day is in, or behind; NEVER where nothing was before."""
        at = bisect_right(self._first, day)
        return self._first[at - 1] if at else NEVER

    def packed(self) -> Any:
        """As what msgpack takes."""
        return self._first, self._last
