"""By which way somebody comes: an address of the own, or one that colleagues share and behind which anybody may be anywhere.

As long as a value may be news it is remembered with the way it was had by, too: a hash of the address, which begins with one of its block.
And of a log on with the app, as a log on may say what the device is, and in which session it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from casbd.habits.anomaly import DAY, HOUR
from casbd.habits.cells import Cell
from casbd.habits.first_users import FirstUsers
from casbd.habits.geography import BORDERING, between
from casbd.habits.had_by import CARRIED, MANAGED, PARTED, device_mark, value_of
from casbd.habits.known_places import Users, hash_of
from casbd.habits.log_ons import LogOn, LogOns, hashed, learn, read, written
from casbd.habits.spots import SERVERS, block_of
from casbd.habits.values_seen import LONG_AGO, ValuesSeen
from casbd.model.counted import Entry
from casbd.remembered import Remembered

EXIT = 2
"""So many colleagues come by a way that they share, on two days each."""
_RENTED = "~"
_IN_FLIGHT = frozenset({7155, 40306, 22351, 31515, 64294})
"""Autonomous systems of aircraft (Viasat, Intelsat, Inmarsat, Panasonic Avionics): the country is that of a ground station."""
_MOST_WAYS, _MOST_SHARED = 12, 2_000
_CARRIED = PARTED + CARRIED
_PARTS, _BLOCK = 4, 6
"""Of what is remembered; of a log on one part more. And so many characters of a way are its block."""
_OFTEN = 3
"""Who has every so many hours at a computer by a way may be in an office there: two of five days, as others are worked at home."""
_DAYS_APART = 2
"""On so many days somebody was in another country within the hour: once it may have been an attacker."""


def mark_of(device_type: str | None, tags: Collection[str], asn: int | None) -> str:
    """What a device and its network say of where the user is: nothing where the address is carried about, little at a rented server."""
    mark = CARRIED if asn in _IN_FLIGHT else device_mark(device_type, tags)
    return _RENTED if mark != CARRIED and asn is not None and f"AS{asn}" in SERVERS else mark


def with_way(text: str, address: str | None, app: str | None = None, session: str | None = None, *, managed: bool = False) -> str:
    """What is remembered (a value, by what it was had, a mark) with the way, where that may matter. app: to which the subject logged on at
    a computer; None: it did not. session: in which. managed: that is one which the organization manages."""
    value, by, mark = text.split(PARTED)
    way = _ways[address or ""] if mark in ("", MANAGED) else ""
    log_on = () if app is None else (written(app, session, managed=managed),)
    return PARTED.join((value, by, way, *log_on, mark))


def without_way(text: str) -> str:
    """The same without these, as it is remembered for long."""
    return _without[text]


def _without_way(text: str) -> str:
    parts = text.split(PARTED)
    return PARTED.join((*parts[:2], parts[-1])) if len(parts) >= _PARTS else text


_without = Remembered[str, str](_without_way, 20_000)


def way_of(text: str) -> str:
    """Its way; empty where it has none."""
    parts = text.split(PARTED)
    return parts[2] if len(parts) >= _PARTS else ""


def log_ons(texts: Iterable[str]) -> set[LogOn]:
    """How it logged on, if it did."""
    parts = (text.split(PARTED) for text in texts)
    return {read(one[3]) for one in parts if len(one) > _PARTS}


def _are_apart(country: str, other: str) -> bool:
    """Whether nobody goes from one country to another one within the hour."""
    return (between(country.upper(), other.upper()) or 0) > BORDERING


def _way(address: str) -> str:
    block = block_of(address)
    return hashed(block) + hashed(address) if block else ""


_ways = Remembered[str, str](_way, 20_000)


class Way(msgspec.Struct, array_like=True):
    """In how many hours and on how many days a block of addresses was used, and the last of these; whether ever in turns with another one;
    and on how many days it was used within an hour of another country, and the last of these."""

    hours: int = 0
    days: int = 0
    last: int = LONG_AGO
    in_turns: bool = False
    days_apart: int = 0
    last_apart: int = LONG_AGO


class Ways(msgspec.Struct, array_like=True):
    """Those of a subject, hour by hour in order. hours: in which it used a computer, wherever. before: the last hour with several.

    log_ons: by app, of those where it ever had a managed device or a session. sessions: the first and the last day of each.
    """

    hours: int = 0
    known: dict[str, Way] = {}
    before: tuple[int, list[str]] = (LONG_AGO, [])
    log_ons: dict[str, LogOns] = {}
    sessions: dict[str, tuple[int, int]] = {}

    def add(self, hour: int, texts: Collection[str]) -> None:
        """What was had in an hour at a computer; by the organization's own addresses there is no way. In turns are two in two hours that
        follow each other: who goes to the office has both in one at most."""
        there, day, apart = {way[:_BLOCK] for way in map(way_of, texts) if way}, hour * HOUR // DAY, set[str]()
        if len(texts) > 1:
            countries = {value_of(text) for text in texts if not text.endswith(PARTED + _RENTED)}
            apart = {way_of(text)[:_BLOCK] for text in texts if any(_are_apart(value_of(text), other) for other in countries)}
        self.hours += 1
        again = there & set(self.before[1]) if self.before[0] == hour - 1 else set[str]()
        self.before = hour, sorted(there) if len(there) > 1 else []
        for name in sorted(there):
            way = self.known.setdefault(name, Way())
            way.hours += 1
            way.days += day > way.last
            way.last = max(day, way.last)
            way.in_turns |= len(again) > 1 and name in again
            if name in apart:
                way.days_apart += day > way.last_apart
                way.last_apart = day
        while len(self.known) > _MOST_WAYS:
            del self.known[min(self.known, key=lambda name: (self.known[name].days > 1, self.known[name].last, name))]
        learn(self.log_ons, self.sessions, day, log_ons(texts))

    def leads_anywhere(self, way: str) -> bool:
        """Whether by a way that colleagues share the subject may come from elsewhere: where a part of what its computer sends goes by it (a
        split tunnel), or in few hours it does; not by one that it often takes, as out of an office."""
        known = self.known.get(way[:_BLOCK])
        return known is None or known.in_turns or known.days_apart >= _DAYS_APART or _OFTEN * known.hours < self.hours


class PlacesSeen(ValuesSeen):
    """See ValuesSeen."""

    def __init__(self, packed: Any = None) -> None:
        values, ways = packed or (None, ())
        super().__init__(values)
        self.ways = msgspec.convert(ways, Ways, strict=False)

    def packed(self) -> Any:
        """See Memory."""
        return super().packed(), self.ways

    def _settle_hour(self, hour: int, cells: Mapping[str, Cell | None]) -> None:
        if at_computer := [text for text in cells if not text.endswith(_CARRIED)]:
            self.ways.add(hour, at_computer)
        super()._settle_hour(hour, cells)

    def _settle(self, hour: int, text: str, days: int) -> None:
        super()._settle(hour, without_way(text), days)


class WaysShared(FirstUsers):
    """See FirstUsers. And which ways several subjects take."""

    def __init__(self, packed: Any = None, *, by_app: bool = False) -> None:
        first, ways = packed or (None, None)
        super().__init__(first, by_app=by_app)
        self._ways = Users(_MOST_SHARED, ways)
        self._of_blocks: dict[str, set[str]] = {}
        """What several have had of a block."""
        self._look()

    @property
    def forgotten(self) -> int:
        """See Organization."""
        return super().forgotten + self._ways.forgotten

    def add(self, who: str, entry: Entry, memory: ValuesSeen) -> Iterable[str]:
        """See Organization; as of ways nothing of the last day is looked at, for them nobody is to be judged again."""
        if entry.value is not None and entry.belongs is not None and (way := way_of(entry.value)):
            self._ways.add(way, hash_of(who), entry.timestamp, entry.timestamp)
            self._note(way)
        return super().add(who, entry, memory)

    def _look(self) -> None:
        self._of_blocks.clear()
        for way in self._ways.names:
            self._note(way)

    def _note(self, way: str) -> None:
        if len(self._ways.names.get(way, ())) >= EXIT:
            self._of_blocks.setdefault(way[:_BLOCK], set()).add(way)
            if len(self._of_blocks) > 2 * _MOST_SHARED:
                self._look()  # most of it is forgotten

    def packed(self) -> Any:
        """See Organization."""
        return super().packed(), self._ways.packed()

    def share(self, way: str, moment: int, who: str) -> bool:
        """Whether others came by a way, too, before a time (ms): on two days each, or on one if they did by another one of its block on
        two. Of a VPN's exits somebody has this one today and that one tomorrow; a line at home is nobody else's, whosever others are."""
        user, block = hash_of(who), self._of_blocks.get(way[:_BLOCK], ())
        if self._ways.number(way, moment, user) < EXIT:
            return False
        return any(self._ways.number(one, moment, user, twice=True) >= EXIT for one in block)


def says_where(text: str, memory: ValuesSeen, moment: int, organization: FirstUsers, who: str, *, managed: bool = False) -> bool:
    """Whether it is sure that the subject itself is there where it has a value, as of a time (ms). managed: a managed device is elsewhere,
    so that who comes by a way that colleagues share, even if always, has a VPN rather than an office there."""
    if text.endswith((PARTED + CARRIED, PARTED + _RENTED)):
        return False
    if not (way := way_of(text)) or not isinstance(memory, PlacesSeen) or not isinstance(organization, WaysShared):
        return True
    return not ((managed or memory.ways.leads_anywhere(way)) and organization.share(way, moment, who))
