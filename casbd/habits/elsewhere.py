"""How often a subject fails where it did not succeed before: who knows the password at home is not guessed at there."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_network
from typing import Any

from casbd.habits.anomaly import DAY
from casbd.habits.sessions import HISTORY, Sessions
from casbd.habits.stretches import Stretches
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.records.long_texts import shortened

KNOWN = 3
"""Days after a success, from which on a place is known. Whatever comes a day late has come by then, so that it does not matter when."""
_MOST_PLACES = 20
_LONGEST = 64
"""Characters of a place."""
_MOST_VALUES = 20
_SUCCESS, _FAILURE = "+", "-"


def observed(activity: Activity, place: str | None, value: str | None) -> str:
    """What is remembered of an activity: how it ended, where, and the value that is counted. place: None or its address stand for the
    network of that."""
    failed = activity.result == "failure" or activity.activity_type == "Failed log on"
    where = shortened(place, _LONGEST) if place is not None and place != activity.ip_address else _network(activity.ip_address)
    return f"{_FAILURE if failed else _SUCCESS}{where}\0{value or ''}"


class Elsewhere(Sessions):
    """A subject's memory, of failures at places where it had no success before. places: the days of the first and the last success there.

    failing: what was counted, as far as it is few, with the last slice of each.
    """

    __slots__ = ("failing", "places")

    def __init__(self, length: int, packed: Any = None, *, different: bool = False) -> None:
        sessions, places, failing = packed or (None, {}, {})
        super().__init__(length, sessions, different=different)
        self.places: dict[str, tuple[int, int]] = {place: (first, last) for place, (first, last) in places.items()}
        self.failing: dict[str, int] = dict(failing)

    def add(self, entry: Entry) -> None:
        """See Memory."""
        how, (place, _, value) = (entry.value or _FAILURE)[0], (entry.value or _FAILURE)[1:].partition("\0")
        day = entry.timestamp // DAY
        first, last = self.places.get(place, (day + 1, day))
        self.pass_time(entry.timestamp)
        if how == _SUCCESS:
            self.places[place] = min(first, day), max(last, day)
        elif first > day - KNOWN:
            super().add(Entry(entry.timestamp, entry.key, entry.activity_id, value or None))
            if not self.different and len(self.failing) <= _MOST_VALUES:
                at = entry.timestamp // self.size
                self.failing[entry.value or ""] = max(at, self.failing.get(entry.value or "", at))

    def settle(self, before: int) -> None:
        """See Memory."""
        super().settle(before)
        oldest = min(self.slices, default=before // self.size)
        self.failing = {value: at for value, at in self.failing.items() if at >= oldest}
        recent = sorted(self.places.items(), key=lambda one: (one[1][1], one[0]))[-_MOST_PLACES:]
        self.places = {place: days for place, days in recent if days[1] >= before // DAY - HISTORY}

    @property
    def values(self) -> frozenset[str] | None:
        """See Finding."""
        return frozenset(self.failing) if len(self.failing) <= _MOST_VALUES else None

    def packed(self) -> Any:
        """See Memory."""
        return super().packed(), self.places, self.failing


class Beginning:
    """An organization of which it is known only since when there is anything."""

    def __init__(self, packed: Any = None) -> None:
        self._active = Stretches(packed)

    def add(self, who: str, entry: Entry) -> Iterable[str]:  # noqa: ARG002
        """See Organization."""
        self._active.add(entry.timestamp // DAY)
        return ()

    def began(self, day: int) -> int:
        """See Stretches."""
        return self._active.began(day)

    def amounts(self, day: int, who: str) -> list[int]:  # noqa: ARG002
        """See Peers: nothing."""
        return []

    def packed(self) -> Any:
        """See Organization."""
        return self._active.packed()


@lru_cache(8192)
def _network(address: str | None) -> str:
    """`203.0.113.0/24`; of IPv6 the first 48 bits, which are one customer's."""
    if not address:
        return ""
    return str(ip_network(f"{address}/{48 if ':' in address else 24}", strict=False))
