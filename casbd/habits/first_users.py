"""Which subjects of the organization had a value first, of all values: so that what is common there is nobody's news."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from typing import Any

import msgspec

from casbd.habits.anomaly import DAY, HOUR, LATE
from casbd.habits.stretches import Stretches
from casbd.habits.values_seen import value_of
from casbd.model.counted import Entry

MOST_FIRST = 8
"""So many subjects are remembered of a value."""
MOST_VALUES = 2_000
"""So many values are remembered; of more, those go that the fewest subjects had, the oldest first."""


class FirstUsers:
    """See Organization."""

    forgotten = 0

    def __init__(self, packed: Any = None) -> None:
        active, values = packed or (None, {})
        self._active = Stretches(active)
        self._first: dict[str, list[tuple[int, str]]] = {value: [(moment, who) for moment, who in first] for value, first in values.items()}
        self._packed: bytes | None = None

    def add(self, who: str, entry: Entry) -> Iterable[str]:
        """See Organization; who was among the first is judged again where somebody was before."""
        if entry.value is None:
            return ()
        if self._active.add(entry.timestamp // DAY):
            self._packed = None
        first = self._first.get(value_of(entry.value))
        if first is None:
            self._forget()
            first = self._first[value_of(entry.value)] = []
        if len(first) == MOST_FIRST and entry.timestamp >= first[-1][0]:
            return ()
        for at, (moment, other) in enumerate(first):
            if other == who:
                if moment <= entry.timestamp:
                    return ()
                del first[at]
                break
        insort(first, (entry.timestamp, who))
        concerned = [other for _, other in first if other != who]
        del first[MOST_FIRST:]
        self._packed = None
        return concerned

    def packed(self) -> Any:
        """See Organization. It is stored with each commit, and seldom changes."""
        if self._packed is None:
            self._packed = msgspec.msgpack.encode((self._active.packed(), self._first))
        return msgspec.Raw(self._packed)

    def others(self, value: str, who: str, moment: int) -> tuple[int, int]:
        """How many others had a value before, as of a time: on a whole day that nothing of is still to come; and at all."""
        first = [at for at, other in self._first.get(value, ()) if other != who]
        return sum(_is_over(at, moment) for at in first), sum(at <= moment + HOUR for at in first)

    def known_before(self, moment: int) -> list[str]:
        """All values that anybody had on a whole day that nothing of is still to come, in order."""
        return sorted(value for value, first in self._first.items() if _is_over(first[0][0], moment))

    def began(self, moment: int) -> int:
        """When anybody first had anything, as of a time (ms): see Stretches."""
        return self._active.began(moment // DAY) * DAY

    def _forget(self) -> None:
        if len(self._first) <= MOST_VALUES:
            return
        self.forgotten += 1
        fewest = sorted((len(first), first[0], value) for value, first in self._first.items())
        for _, _, value in fewest[: MOST_VALUES // 10]:
            del self._first[value]


def _is_over(at: int, moment: int) -> bool:
    """Whether the day of a time ended so long before another time that all of it is known."""
    return (at // DAY + 1) * DAY <= moment - LATE
