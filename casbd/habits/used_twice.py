"""One session that is used from two places at once: its token is in somebody else's hands, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import msgspec

from casbd.habits.anomaly import HOUR, MOST_KEPT, Finding, PlainAnomaly, Sensitivity, in_order
from casbd.habits.session_ids import session_ids
from casbd.habits.session_places import Exits, SessionPlaces, Used, UsedDay, observed, used
from casbd.habits.spots import HIDDEN, MOBILE, OWN, SERVERS
from casbd.model.activity import Activity
from casbd.records.record_path import RawReader

CHANGES = {"low": 5, "medium": 3, "high": 2}
"""So often the network changes within the time, by sensitivity: once is a journey to the office, and twice a VPN that is switched on and
off."""
EXIT = 2
"""So many colleagues come from a block of addresses that is a way out which they share: an office, or a VPN of which nobody said so."""


class Place(msgspec.Struct):
    """A session in one network on a day. parts: by what it was used there."""

    network: str
    parts: list[UsedDay]
    times: list[int]

    @property
    def first(self) -> int:
        """When it was used there first (ms)."""
        return min(one.first[0].timestamp for one in self.parts)

    @property
    def spots(self) -> list[Used]:
        """Where, and with what."""
        return [used(one.text) for one in self.parts]

    @property
    def clients(self) -> set[str]:
        """With what, as far as it is known."""
        return {spot.client for spot in self.spots} - {""}

    def has(self, mark: int) -> bool:
        """Whether any of it has a mark."""
        return any(spot.marks & mark for spot in self.spots)


class UsedTwice(PlainAnomaly, frozen=True, kw_only=True):
    """See Anomaly. shared_session: paths, of which the first with a value has the session's id. within, learning: milliseconds."""

    kind: ClassVar[str] = "shared_session"
    counts: ClassVar[str] = "activities"
    helped_by: ClassVar[tuple[str, ...]] = ("asn", "isp", "os", "user_agent")

    shared_session: tuple[str, ...]
    within: int = HOUR
    learning: int
    sensitivity: Sensitivity = "medium"
    by: tuple[str, ...] = ("user",)
    single_app: bool = False

    @property
    def looks_at(self) -> tuple[str, ...]:
        """See Match."""
        return (*self.shared_session, "country", "ip_address")

    @property
    def learns(self) -> tuple[Any, ...]:
        """See Anomaly."""
        return (self.shared_session,)

    def value(self, activity: Activity, reader: RawReader, met: Sequence[int]) -> str | None:  # noqa: ARG002  it has no steps
        """See Match."""
        if activity.country is None:
            return None
        session = session_ids(self.shared_session)(activity, reader)
        return observed(activity, session) if session else None

    def memory(self, packed: Any = None) -> SessionPlaces:
        """See Anomaly."""
        return SessionPlaces(packed)

    def organization(self, packed: Any = None) -> Exits:
        """See Anomaly."""
        return Exits(packed)

    def findings(self, memory: SessionPlaces, organization: Exits, who: str) -> Sequence[Finding]:
        """See Anomaly. One is what was done in a session, in a day, from networks where it is not the subject who uses it."""
        if memory.newest - memory.since < self.learning or memory.is_at_home:
            return ()
        found = []
        for several in memory.in_two_networks():
            places = _places(several)
            odd: list[tuple[Place, Place, int]] = []
            for stranger in places:
                if not self._is_odd(stranger, memory):
                    continue
                for own in places:
                    if own is not stranger and (shown := self._at_once(stranger, own, memory, organization, who)) is not None:
                        odd.append((stranger, own, shown))
                        break
            if odd:
                found.append(_finding(odd))
        return sorted(found, key=lambda one: (one.first, one.of))

    def _is_odd(self, stranger: Place, memory: SessionPlaces) -> bool:
        moment = stranger.first
        return moment - memory.since >= self.learning and not stranger.has(OWN) and not memory.has(stranger.network, moment)

    def _at_once(self, stranger: Place, own: Place, memory: SessionPlaces, organization: Exits, who: str) -> int | None:
        """When it was sure that both use it; None where it may be one client that moves.

        Two clients that cannot be one need not come in turns. Else neither place may be a way out to elsewhere (on a journey, a split
        tunnel has the user at two; but nobody stays at a rented server), and a telephone is in the Wi-Fi and at its carrier's as it
        pleases.
        """
        if _one_way(stranger, own):
            return None
        if _two_clients(stranger.clients, own.clients):
            near = [max(one, other) for one, other in _pairs(stranger.times, own.times) if abs(one - other) <= self.within]
            return min(near) if near else None
        if not memory.has(own.network, stranger.first) or stranger.has(MOBILE) or own.has(MOBILE):
            return None
        if self._is_exit(stranger, stranger.first, organization, who):
            return None
        if stranger.network not in SERVERS and self._is_exit(own, stranger.first, organization, who):
            return None
        changes = _changes(stranger.times, own.times)
        needed = CHANGES[self.sensitivity]
        for first, last in zip(changes, changes[needed - 1 :], strict=False):
            if last - first <= self.within:
                return last
        return None

    def _is_exit(self, one: Place, moment: int, organization: Exits, who: str) -> bool:
        return any(
            spot.marks & HIDDEN or (not spot.marks & OWN and organization.share(spot.block, moment, who, self.learning) >= EXIT)
            for spot in one.spots
        )


def _places(several: Iterable[UsedDay]) -> list[Place]:
    found: dict[str, Place] = {}
    for one in several:
        network = used(one.text).network
        found.setdefault(network, Place(network, [], [])).parts.append(one)
    for each in found.values():
        each.times = sorted({time for one in each.parts for time in one.times()})
    return list(found.values())


def _one_way(one: Place, other: Place) -> bool:
    """Whether two networks may be one line with IPv4 beside IPv6, of which nobody knows the provider."""
    blocks = [{"." in (spot.block or spot.network) for spot in each.spots} for each in (one, other)]
    return not (one.network.startswith("AS") and other.network.startswith("AS")) and blocks[0] != blocks[1]


def _two_clients(stranger: set[str], own: set[str]) -> bool:
    """Whether another operating system or a script stands beside what the subject has."""
    return bool(stranger and own) and not stranger & own


def _pairs(ones: Sequence[int], others: Sequence[int]) -> Iterable[tuple[int, int]]:
    return ((one, other) for one in ones for other in others)


def _changes(ones: Sequence[int], others: Sequence[int]) -> list[int]:
    """When the use changed from one place to the other, at least: what is of the same minute came in the order with the fewest changes."""
    both = [set(ones), set(others)]
    at, changes = None, []
    for time in sorted(both[0] | both[1]):
        here = [number for number in (0, 1) if time in both[number]]
        if at is None:
            at = here[0] if len(here) == 1 else None
            continue
        order = sorted(here, key=lambda number: number != at)
        for number in order:
            if number != at:
                changes.append(time)
                at = number
    return changes


def _finding(odd: Sequence[tuple[Place, Place, int]]) -> Finding:
    parts = [part for stranger, _, _ in odd for part in stranger.parts]
    stranger, own, _ = min(odd, key=lambda one: (one[0].first, one[0].network))
    members = sorted((entry for part in parts for entry in part.first), key=in_order)[:MOST_KEPT]
    first, last = members[0].timestamp, max(part.last for part in parts)
    (session, *_) = {used(part.text).session for part in parts}
    return Finding(
        first=first,
        last=max(last, *(shown for _, _, shown in odd)),
        count=sum(part.count for part in parts),
        members=tuple(members),
        usual={
            "own": own.network,
            "country": own.spots[0].country,
            "network": stranger.network,
            "clients": [sorted(stranger.clients), sorted(own.clients)] if _two_clients(stranger.clients, own.clients) else [],
            "lasted": last - first,
        },
        weight=1.0 if _two_clients(stranger.clients, own.clients) or own.spots[0].country != stranger.spots[0].country else 0.7,
        of=session,
        values=frozenset(part.text for part in parts),
    )
