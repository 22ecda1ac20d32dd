"""How often a subject fails where it did not succeed before: who knows the password at home is not guessed at there."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_network
from typing import Any

from casbd.habits.anomaly import DAY, LONG_AGO, Organization, in_order
from casbd.habits.brief import brief, whole
from casbd.habits.known_places import Users, hash_of
from casbd.habits.placed import Placed
from casbd.habits.sessions import HISTORY, Session
from casbd.habits.spots import SERVERS
from casbd.habits.stretches import Stretches
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.records.long_texts import shortened
from casbd.remembered import Remembered

KNOWN = 3
"""Days after a success, from which on a place is known. Whatever comes a day late has come by then, so that it does not matter when."""
_MOST_PLACES = 20
_LONGEST = 64
"""Characters of a place."""
_MOST_VALUES = 20
_MOST_ENTERED = 2
_MOST_COMMON = 2_000
_SUCCESS, _FAILURE = "+", "-"


def observed(activity: Activity, place: str | None, value: str | None) -> str:
    """What is remembered of an activity: how it ended, where, and the value that is counted. place: None or its address stand for the
    network of that."""
    failed = activity.result == "failure" or activity.activity_type == "Failed log on"
    where = shortened(place, _LONGEST) if place is not None and place != activity.ip_address else _network(activity.ip_address)
    return f"{_FAILURE if failed else _SUCCESS}{where}\0{value or ''}"


class Elsewhere(Placed):
    """A subject's memory, of failures at places where it had no success before. places: the days of the first and the last success there.

    failing: what was counted, as far as it is few, with the last slice of each.
    entered: by slice the last successes, by the hashes of places.
    """

    __slots__ = ("entered", "failing", "places")

    def __init__(self, length: int, packed: Any = None, *, different: bool = False) -> None:
        sessions, places, failing, where, entered = packed or (None, {}, {}, {}, {})
        super().__init__(length, sessions, different=different, where=where)
        self.places: dict[str, tuple[int, int]] = {place: (first, last) for place, (first, last) in places.items()}
        self.failing: dict[str, int] = dict(failing)
        self.entered: dict[int, dict[int, Entry]] = {
            at: {place: whole(one) for place, one in several.items()} for at, several in entered.items()
        }

    def add(self, entry: Entry) -> None:
        """See Memory."""
        how, (place, _, value) = (entry.value or _FAILURE)[0], (entry.value or _FAILURE)[1:].partition("\0")
        day = entry.timestamp // DAY
        first, last = self.places.get(place, (day + 1, day))
        self.pass_time(entry.timestamp)
        if how == _SUCCESS:
            self.places[place] = min(first, day), max(last, day)
            if first > day - KNOWN and not self.different:
                self._enter(hash_of(place), entry)
            if len(self.places) > 2 * _MOST_PLACES:  # within an hour, else it would wait for settling
                self._forget_places(LONG_AGO)
        elif first > day - KNOWN:
            super().add(Entry(entry.timestamp, entry.key, entry.activity_id, value or None))
            if not self.different:
                at = entry.timestamp // self.size
                if len(self.failing) <= _MOST_VALUES:
                    self.failing[entry.value or ""] = max(at, self.failing.get(entry.value or "", at))
                self.note(entry.timestamp, hash_of(place))

    def _enter(self, place: int, entry: Entry) -> None:
        several = self.entered.setdefault(entry.timestamp // self.size, {})
        several[place] = max(several.get(place, entry), entry, key=in_order)
        if len(several) > _MOST_ENTERED:
            del several[max(several)]  # the same stay, whoever came first

    def got_in(self, session: Session, number: int) -> Entry | None:
        """The first success at a place that was new, and at which something failed in a session: behind the first failure of the window
        that ends with a slice, at the latest half a session behind that window; None: there is none."""
        window = [one for one in (number - 1, number) if one in session.slices]
        begun, failed = self.slices[window[0]].first, {*self.been_at(session)}
        several = [
            Entry(one.timestamp, one.key, one.activity_id, f"{_SUCCESS}{name}\0")
            for name, (first, _) in self.places.items()
            if (place := hash_of(name)) in failed
            for at in (*window, number + 1)
            if (one := self.entered.get(at, {}).get(place)) and one.timestamp > begun and first > one.timestamp // DAY - KNOWN
        ]
        return min(several, key=in_order, default=None)

    def is_somewhere(self, day: int) -> bool:
        """Whether there is any place at which it is known."""
        return any(first <= day - KNOWN for first, _ in self.places.values())

    def settle(self, before: int) -> None:
        """See Memory."""
        super().settle(before)
        if self.entered:
            oldest = min(self.slices, default=before // self.size) - 1
            self.entered = {at: several for at, several in self.entered.items() if at >= oldest}
        if self.failing:
            oldest = min(self.slices, default=before // self.size)
            self.failing = {value: at for value, at in self.failing.items() if at >= oldest}
        oldest_day = before // DAY - HISTORY
        if len(self.places) > _MOST_PLACES or any(last < oldest_day for _, last in self.places.values()):
            self._forget_places(oldest_day)

    def _forget_places(self, before: int) -> None:
        """Of too many those where the last success is the longest ago, and those where it was before a day."""
        recent = sorted(self.places.items(), key=lambda one: (one[1][1], one[0]))[-_MOST_PLACES:]
        self.places = {place: days for place, days in recent if days[1] >= before}

    def lighten(self) -> bool:
        """See Memory: then where it got in; then at which places something failed (any may be one then); at last places where the last
        success is the longest ago: no failure moves where somebody is at home."""
        if super().lighten():
            return True
        if self.entered:
            self.entered = {}
            return True
        if self.failing:
            self.failing = {}
            return True
        recent = sorted(self.places.items(), key=lambda one: (one[1][1], one[0]))
        self.places = dict(recent[-max(1, len(recent) // 2) :])
        return len(recent) > 1

    @property
    def values(self) -> frozenset[str] | None:
        """See Finding."""
        return frozenset(self.failing) if 0 < len(self.failing) <= _MOST_VALUES else None

    def packed(self) -> Any:
        """See Memory."""
        entered = {at: {place: brief(one) for place, one in several.items()} for at, several in self.entered.items()}
        return super().packed(), self.places, self.failing, self.where, entered


class Successes(Organization):
    """An organization of which it is known since when there is anything, and where others succeed."""

    daily = True

    def __init__(self, packed: Any = None) -> None:
        active, users = packed or (None, None)
        self._active = Stretches(active)
        self._users = Users(_MOST_COMMON, users)

    @property
    def forgotten(self) -> int:
        """See Organization."""
        return self._users.forgotten

    def add(self, who: str, entry: Entry, memory: Elsewhere) -> Iterable[str]:  # noqa: ARG002
        """See Organization; as nothing of the last day is looked at, nobody is to be judged again."""
        self._active.add(entry.timestamp // DAY)
        if entry.belongs is not None and (place := _succeeded_at[entry.value or ""]):
            self._users.add(place, hash_of(who), entry.timestamp, entry.timestamp)
        return ()

    def began(self, day: int) -> int:
        """See Stretches."""
        return self._active.began(day)

    def succeeded(self, place: int, moment: int, who: str) -> int:
        """How many others succeeded at a place (its hash) on two days each, before a time (ms); nobody does at rented servers."""
        return self._users.number(f"{place:x}", moment, hash_of(who), twice=True)

    def amounts(self, day: int, who: str) -> list[int]:  # noqa: ARG002
        """See Peers: nothing."""
        return []

    def packed(self) -> Any:
        """See Organization."""
        return self._active.packed(), self._users.packed()


def _place_of(value: str) -> str:
    """Where an activity succeeded, as a hash; nothing where it failed, and of rented servers, where nobody sits who logs on: what people
    take for a VPN is an attacker's way as well."""
    place = value[1:].partition("\0")[0]
    return f"{hash_of(place):x}" if value.startswith(_SUCCESS) and f"AS{place}" not in SERVERS else ""


_succeeded_at = Remembered[str, str](_place_of, 20_000)


@lru_cache(8192)
def _network(address: str | None) -> str:
    """`203.0.113.0/24`; of IPv6 the first 48 bits, which are one customer's."""
    if not address:
        return ""
    return str(ip_network(f"{address}/{48 if ':' in address else 24}", strict=False))
