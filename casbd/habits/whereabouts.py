"""Where a subject was of late, hour by hour, and which networks, countries and devices it has had for how long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from casbd.habits.anomaly import DAY, HOUR, LATE, LONG_AGO, NEVER, in_order
from casbd.habits.brief import brief, whole
from casbd.habits.known_places import Days, KnownUsers, hash_of
from casbd.habits.spots import Spot, spot_of
from casbd.model.counted import Entry
from casbd.remembered import Remembered

MOST_HOURS = 48
"""So many hours at spots are kept: of two days, at the spots that somebody is at. Of more the newest in the country where the subject was
first of all, and at least half as many of these as there may be; elsewhere the first and the newest: neither what an alert is of vanishes
in a flood, nor what shows that it cannot be."""
_FEWEST_HOURS = 6
"""What is to become smaller keeps so many."""
MOST_MORE = 40
"""So many more activities are kept than the first one of each hour: the newest where somebody seldom is."""
_MOST_KNOWN = 48
_MOST_COUNTRIES, _MOST_STAYS = 12, 8


class Hour(msgspec.Struct):
    """What was done at one spot within an hour of the clock. text: the spot as it is written. last: when the last activity was.

    more: other activities than the first, as far as they are kept; None in the country where the subject was first of all.
    """

    text: str
    spot: Spot
    first: Entry
    last: int
    count: int
    more: list[Entry] | None = None

    def add(self, entry: Entry) -> None:
        """One more."""
        self.count += 1
        self.last = max(self.last, entry.timestamp)
        earlier = in_order(entry) < in_order(self.first)
        entry = Entry(entry.timestamp, entry.key, entry.activity_id)
        if self.more is not None:
            self.more.append(self.first if earlier else entry)
        if earlier:
            self.first = entry


class Whereabouts:
    """See Memory.

    Hours are kept as long as they may be part of a finding that may still change: one is of a day at most, and compares with what was
    within a day around it.
    """

    def __init__(self, packed: Any = None) -> None:
        spots, hours, stays, known, countries, since, newest = packed or ([], [], {}, None, None, NEVER, LONG_AGO)
        self.since: int = since
        self.newest: int = newest
        self.hours: dict[tuple[str, int], Hour] = {}
        self._countries: dict[str, int] = {}
        self._oldest = NEVER
        """Nothing of any hour ended before."""
        for number, first, last, count, more in hours:
            kept = None if more is None else [whole(one) for one in more]
            self._put(Hour(spots[number], spot_of(spots[number]), whole(first), last, count, kept))
        self.stays: dict[str, list[int]] = stays
        self._known, self._been_in = Days(_MOST_KNOWN, known), Days(_MOST_COUNTRIES, countries)
        self._settled = self.newest - LATE

    @property
    def is_in_one_country(self) -> bool:
        """Whether nothing is known of another one, lately."""
        return len(self._countries) < 2

    def add(self, entry: Entry) -> None:
        """See Memory. What has no value was done at no place."""
        if entry.value is None:
            return
        moment = entry.timestamp
        hour = self.hours.get((entry.value, moment // HOUR))
        if hour is None:
            self._begin(entry.value, entry)
        else:
            hour.add(entry)
            if hour.more is not None:
                self._keep_the_newest()
        if moment > self.newest:
            self.newest = moment

    def settle(self, before: int) -> None:
        """See Memory."""
        self._settled = before
        oldest = before - (DAY if self.is_in_one_country else 2 * DAY + 2 * HOUR)
        if self._oldest >= oldest:
            return
        old = [name for name, hour in self.hours.items() if hour.last < oldest]
        for name in sorted(old, key=lambda name: self.hours[name].first.timestamp):
            self._drop(name)
        self._oldest = min((hour.last for hour in self.hours.values()), default=NEVER)

    def lighten(self) -> bool:
        """See Memory: names of activities go; then hours, as of too many; then the networks and devices that were there on the fewest
        days."""
        named = [hour for hour in self.hours.values() if hour.more]
        for hour in named:
            ordered = sorted(hour.more or (), key=in_order)
            hour.more = ordered[(len(ordered) + 1) // 2 :]
        if named:
            return True
        if len(self.hours) > _FEWEST_HOURS:
            self._drop_one()
            return True
        return self._known.lighten()

    def packed(self) -> Any:
        """See Memory."""
        spots = list(dict.fromkeys(text for text, _ in self.hours))
        number = {text: index for index, text in enumerate(spots)}
        hours = [
            (number[one.text], brief(one.first), one.last, one.count, None if one.more is None else [brief(more) for more in one.more])
            for one in self.hours.values()
        ]
        return spots, hours, self.stays, self._known.first, self._been_in.first, self.since, self.newest

    def has(self, name: str, moment: int, days: int) -> bool:
        """Whether the subject had a network (`network_in`) or a device on so many days before a time (ms)."""
        return self._known.known(name, moment, days)

    def countries_of(self, network: str, moment: int) -> int:
        """In how many countries the subject had a network before."""
        names = (name for name in self._known.first if name.endswith(f" {network}"))
        return sum(self.has(name, moment, 1) for name in names)

    def has_been_in(self, country: str, moment: int, days: int) -> bool:
        """The same of a country."""
        return self._been_in.known(country, moment, days)

    def in_order(self) -> list[Hour]:
        """By the times of their first activities."""
        return sorted(self.hours.values(), key=lambda hour: in_order(hour.first))

    def days_of(self, country: str, hours: list[Hour]) -> Iterator[tuple[int, Hour]]:
        """The hours in a country (of these, in order), each with the time at which its day began there.

        A stay is over when nothing was done there for a day, and has days of 24 hours from its beginning on.
        """
        stay = self.stays.get(country)
        for hour in hours:
            if hour.spot.country == country:
                stay = _stay(stay, hour)
                yield stay[0] + (hour.first.timestamp - stay[0]) // DAY * DAY, hour

    def _begin(self, text: str, entry: Entry) -> None:
        spot, moment = spot_of(text), entry.timestamp
        self.since = min(self.since, moment)
        for name in _known[text]:
            self._known.add(name, moment)
        self._been_in.add(spot.country, moment)
        if moment < self._settled:
            return  # too late to be judged
        more = None if spot.country == self._home() else list[Entry]()
        self._put(Hour(text, spot, Entry(moment, entry.key, entry.activity_id), moment, 1, more))
        if len(self.hours) > MOST_HOURS:
            self._drop_one()

    def _home(self) -> str:
        """The country in which the subject was first of all."""
        return min(self._been_in.first, key=lambda country: (self._been_in.first[country][0], country))

    def _keep_the_newest(self) -> None:
        kept = [(one.timestamp, one.activity_id, hour) for hour in self.hours.values() for one in hour.more or ()]
        if len(kept) > MOST_MORE:
            _, activity_id, hour = min(kept, key=lambda one: one[:2])
            hour.more = [one for one in hour.more or () if one.activity_id != activity_id]

    def _drop_one(self) -> None:
        names = sorted(self.hours, key=lambda name: (name[1], name))
        home = [name for name in names if self.hours[name].more is None]
        away = [name for name in names if self.hours[name].more is not None]
        self._drop(home[0] if len(home) > len(away) else away[len(away) // 2])

    def _put(self, hour: Hour) -> None:
        self._oldest = min(hour.last, self._oldest)
        self.hours[hour.text, hour.first.timestamp // HOUR] = hour
        self._countries[hour.spot.country] = self._countries.get(hour.spot.country, 0) + 1

    def _drop(self, name: tuple[str, int]) -> None:
        hour = self.hours.pop(name)
        country = hour.spot.country
        self._countries[country] -= 1
        if not self._countries[country]:
            del self._countries[country]
        self.stays[country] = _stay(self.stays.get(country), hour)
        if len(self.stays) > _MOST_STAYS:
            del self.stays[min(self.stays, key=lambda one: self.stays[one][1])]


class WhereOthersAre(KnownUsers):
    """See Organization. What its users have: blocks of addresses, networks and countries."""

    def since(self, moment: int) -> int:
        """See Users."""
        return self._users.since(moment)

    def add(self, who: str, entry: Entry, memory: Whereabouts) -> tuple[str, ...]:
        """See KnownUsers."""
        if entry.belongs is None:
            self._users.age(hash_of(who), memory.since)
            return ()
        if entry.value is None:
            return ()
        names, of_network, country = _names[entry.value]
        user, add, moment, since = hash_of(who), self._users.add, entry.timestamp, memory.since
        for name in names:
            add(name, user, moment, since)
        add(of_network, country, moment, moment)
        return ()

    def share_exit(self, block: str, moment: int, who: str, history: int) -> int:
        """How many others came from a block of addresses on two days each. history: see Users."""
        return self._users.number(f"b {block}", moment, hash_of(who), history, twice=True) if block else 0

    def countries_of(self, network: str, moment: int) -> int:
        """In how many countries any had a network before."""
        return self._users.number(f"countries of {network}", moment, -1)

    def are_in(self, name: str, moment: int, who: str, history: int) -> int:
        """How many others used a network, or were in a country. history: see Users."""
        return self._users.number(name, moment, hash_of(who), history)


def system_of(spot: Spot) -> str:
    """Its operating system: a browser may be changed on the way."""
    return spot.device.partition("/")[0] + "/"


def network_in(spot: Spot) -> str:
    """A network's name, in a country: many are in several."""
    return f"{spot.country} {spot.network}"


def _names_of(text: str) -> tuple[tuple[str, ...], str, int]:
    """Under which names a spot's users are known; and under which one its country is, with a hash of it."""
    spot = spot_of(text)
    return (f"b {spot.block}", network_in(spot), spot.country), f"countries of {spot.network}", hash_of(spot.country)


_names = Remembered[str, tuple[tuple[str, ...], str, int]](_names_of, 20_000)


def _known_by(text: str) -> tuple[str, str, str]:
    """The network, the device and the system of a spot, as a subject is known to have them."""
    spot = spot_of(text)
    return network_in(spot), spot.device, system_of(spot)


_known = Remembered[str, tuple[str, str, str]](_known_by, 20_000)


def _stay(stay: list[int] | None, hour: Hour) -> list[int]:
    if stay is None or hour.first.timestamp - stay[1] > DAY:
        return [hour.first.timestamp, hour.last]
    return [stay[0], max(stay[1], hour.last)]
