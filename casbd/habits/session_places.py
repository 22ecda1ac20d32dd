"""From where each session of a subject was used of late, by day and minute, and since when it has had which networks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import msgspec

from casbd.habits.anomaly import DAY, HOUR, LATE, LONG_AGO, NEVER, in_order
from casbd.habits.brief import brief, whole
from casbd.habits.known_places import Days, KnownUsers, hash_of
from casbd.habits.spots import MOBILE, spot_of, written
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.remembered import Remembered

MINUTE = 60_000
_MINUTES = HOUR // MINUTE
_MOST_PLACES, _MOST_KNOWN = 12, 40
"""So many sessions at places are kept of each day; and so many networks."""
_FIRST, _FIRST_STRANGE = 1, 20
"""So many activities are kept of each, the first; of a network that is new more, as only of such an alert is."""
_SCRIPT = re.compile(
    r"python-(requests|urllib|httpx)|aiohttp|\bcurl/|\bwget/|go-http-client|axios/|node-fetch|libwww-perl|scrapy|powershell", re.IGNORECASE
)
_SYSTEMS = {"windows": "windows", "mac": "apple", "ios": "apple", "ipados": "apple"}
"""By the first word of an operating system; what is in none is of Linux, as Android and Chrome OS are: a telephone may ask for the page
that computers get, which calls itself by another name of the same family."""


class Used(msgspec.Struct, array_like=True, frozen=True):
    """A session at a place. session: a hash of its id. client: the family of its operating system, or `script`; empty if unknown.

    The others: see Spot. A telephone has no block, as its carrier changes it all the time.
    """

    session: str
    client: str
    country: str
    network: str
    block: str
    marks: int


_used = Remembered[str, Used](lambda text: msgspec.json.decode(text, type=Used), 20_000)
_hash = Remembered[str, str](lambda text: blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest(), 20_000)


def used(text: str) -> Used:
    """What `observed` has written."""
    return _used[text]


def observed(activity: Activity, session: str) -> str | None:
    """What is remembered of an activity; None where it is not known where it was done."""
    place = written(activity)
    return None if place is None else _written[_hash[session], _clients[activity.user_agent or "", activity.os or ""], place]


def _write(asked: tuple[str, str, str]) -> str:
    session, client, place = asked
    spot = spot_of(place)
    return json.dumps([session, client, spot.country, spot.network, "" if spot.marks & MOBILE else spot.block, spot.marks])


_written = Remembered[tuple[str, str, str], str](_write, 20_000)


def _client(asked: tuple[str, str]) -> str:
    user_agent, system = asked
    if _SCRIPT.search(user_agent[:500]):
        return "script"
    if not system or system == "Other":
        return ""
    return _SYSTEMS.get(system.casefold().split()[0].rstrip("0123456789."), "linux")


_clients = Remembered[tuple[str, str], str](_client, 5_000)


class UsedDay(msgspec.Struct):
    """A session at a place on a day (UTC). first: the first activities, at most so many as `kept` says. minutes: by hour of the day a bit
    for each minute with any."""

    text: str
    day: int
    first: list[Entry]
    last: int
    count: int
    minutes: dict[int, int]
    kept: int

    def add(self, entry: Entry) -> None:
        """One more."""
        self.count += 1
        self.last = max(self.last, entry.timestamp)
        hour, minute = divmod(entry.timestamp % DAY // MINUTE, _MINUTES)
        self.minutes[hour] = self.minutes.get(hour, 0) | 1 << minute
        if len(self.first) < self.kept or in_order(entry) < in_order(self.first[-1]):
            self.first.append(Entry(entry.timestamp, entry.key, entry.activity_id, entry.value))
            self.first.sort(key=in_order)
            del self.first[self.kept :]

    def times(self) -> Iterator[int]:
        """The beginnings of the minutes with any activity (ms), in order."""
        for hour, bits in sorted(self.minutes.items()):
            yield from (self.day * DAY + hour * HOUR + n * MINUTE for n in range(_MINUTES) if bits >> n & 1)


class SessionPlaces:
    """See Memory."""

    def __init__(self, packed: Any = None) -> None:
        texts, days, known, since, newest = packed or ([], [], None, NEVER, LONG_AGO)
        self.since: int = since
        self.newest: int = newest
        self.days: dict[tuple[int, str], UsedDay] = {}
        for number, day, first, last, count, minutes, most in days:
            text = texts[number]
            kept = [whole(one, text) for one in first]
            self.days[day, text] = UsedDay(text, day, kept, last, count, dict(zip(minutes[::2], minutes[1::2], strict=True)), most)
        self._known = Days(_MOST_KNOWN, known)
        self._settled = self.newest - LATE

    def add(self, entry: Entry) -> None:
        """See Memory. What has no value was done at no place, or in no session."""
        if entry.value is None:
            return
        moment, day = entry.timestamp, entry.timestamp // DAY
        self.newest = max(self.newest, moment)
        known = self.days.get((day, entry.value))
        if known is None:
            self.since = min(self.since, moment)
            network = used(entry.value).network
            self._known.add(network, moment)
            if (day + 1) * DAY <= self._settled:
                return  # too late to be judged
            kept = _FIRST if self.has(network, day * DAY) else _FIRST_STRANGE
            known = self.days[day, entry.value] = UsedDay(entry.value, day, [], moment, 0, {}, kept)
            known.add(entry)
            self._bound(day)
        else:
            if moment < self.since:
                self.since = moment
            known.add(entry)

    def _bound(self, day: int) -> None:
        """Of each day those sessions with the smallest hashes stay, with their places as far as there is room: whatever came first, and
        whether the days before are over, nothing that stays ever was away."""
        if len(self.days) > _MOST_PLACES:
            here = [name for name in self.days if name[0] == day]
            if len(here) > _MOST_PLACES:
                del self.days[max(here)]

    def lighten(self) -> bool:
        """See Memory: names of activities go; then sessions that were in one network, the oldest first; then the others; then the networks
        in which the subject was on the fewest days."""
        named = [one for one in self.days.values() if len(one.first) > 1]
        for one in named:
            del one.first[len(one.first) // 2 :]
        if named:
            return True
        in_two = {(one.day, used(one.text).session) for several in self.in_two_networks() for one in several}
        left = sorted(name for name, one in self.days.items() if (one.day, used(one.text).session) not in in_two)
        left = left or sorted(self.days, reverse=True)[:-2]
        for name in left[: -(-len(left) // 2)]:
            del self.days[name]
        return bool(left) or self._known.lighten()

    def settle(self, before: int) -> None:
        """See Memory. Days are kept whole, as an alert is of one."""
        self._settled = before
        old = [name for name in self.days if (name[0] + 1) * DAY <= before]
        for name in old:
            del self.days[name]

    def packed(self) -> Any:
        """See Memory."""
        texts = sorted({text for _, text in self.days})
        days = [
            (
                texts.index(one.text),
                one.day,
                [brief(entry) for entry in one.first],
                one.last,
                one.count,
                [number for hour in sorted(one.minutes.items()) for number in hour],
                one.kept,
            )
            for _, one in sorted(self.days.items())
        ]
        return texts, days, self._known.first, self.since, self.newest

    @property
    def is_at_home(self) -> bool:
        """Whether there is no network that may be new."""
        return all(one.kept == _FIRST for one in self.days.values())

    def has(self, network: str, moment: int) -> bool:
        """Whether the subject had a network on an earlier day."""
        return self._known.known(network, moment, 1)

    def in_two_networks(self) -> list[list[UsedDay]]:
        """Of each session and day with more than one network all that is known, in order."""
        found: dict[tuple[int, str], list[UsedDay]] = {}
        networks: dict[tuple[int, str], str] = {}
        several = []
        for (day, text), one in self.days.items():
            session = used(text)
            name = day, session.session
            found.setdefault(name, []).append(one)
            if networks.setdefault(name, session.network) != session.network and name not in several:
                several.append(name)
        return [sorted(found[name], key=lambda one: (in_order(one.first[0]), one.text)) for name in sorted(several)]


class Exits(KnownUsers):
    """See Organization. Which blocks of addresses its users share."""

    def add(self, who: str, entry: Entry, memory: SessionPlaces) -> tuple[str, ...]:
        """See KnownUsers."""
        if entry.belongs is None:
            self._users.age(hash_of(who), memory.since)
            return ()
        if entry.value is not None and (block := used(entry.value).block):
            self._users.add(block, hash_of(who), entry.timestamp, memory.since)
        return ()

    def share(self, block: str, moment: int, who: str, history: int) -> int:
        """How many others came from a block of addresses on two days each, before. history: see Users."""
        return self._users.number(block, moment, hash_of(who), history, twice=True) if block else 0
