"""Two places that are too far apart for the time between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

from casbd.habits.anomaly import HOUR, MOST_KEPT, Finding, PlainAnomaly, Sensitivity, in_order
from casbd.habits.geography import BORDERING, between, over_the_globe
from casbd.habits.spots import HIDDEN, MOBILE, OWN, SERVERS, Spot, written
from casbd.habits.whereabouts import Hour, Whereabouts, WhereOthersAre, network_in, system_of
from casbd.model.activity import Activity
from casbd.records.record_path import RawReader
from casbd.remembered import Remembered

SPEED = 900
"""Kilometres an hour: of airliners."""
BOARDING = HOUR // 2
"""At least so long somebody is off the line before the take-off and after the landing."""
NEAR = {"low": 500, "medium": 500, "high": 300}
"""Kilometres: what is nearer is the same place, by sensitivity."""
WIDE = 1_000
"""Kilometres that are too far for countries which border on each other: Oslo and Moscow."""
INACCURATE = 50
"""Kilometres that the coordinates of a city may be off."""
KNOWN_DAYS = 3
"""On so many days before, somebody used a network or device that is surely the own one; so many others make a network common."""
ABROAD = 2
"""A network that was seen in so many countries is a provider of VPNs or servers, whose address somebody takes where it pleases."""
EXIT = 4
"""So many colleagues come from a block of addresses that is a way out which they share."""
_FAR = Remembered[tuple[Spot, Spot], tuple[float, bool] | None](lambda pair: _far(*pair), 5_000)


class Conflict(NamedTuple):
    """odd: the less usual of two hours. other: where the subject was else. apart, flight: milliseconds between, and needed."""

    odd: Hour
    other: Hour
    kilometres: float
    apart: int
    flight: int


class Impossible(PlainAnomaly, frozen=True, kw_only=True):
    """See Anomaly. learning: milliseconds. sensitivity: how much of what is usual is left out, as Defender for Cloud Apps has it."""

    kind: ClassVar[str] = "travel"
    counts: ClassVar[str] = "activities"
    looks_at: ClassVar[tuple[str, ...]] = ("country", "ip_address", "ip_category", "ip_tags", "device_type", "os", "browser")
    helped_by: ClassVar[tuple[str, ...]] = ("asn", "isp", "city", "latitude", "longitude")
    learns: ClassVar[tuple[Any, ...]] = ("spots",)

    learning: int
    sensitivity: Sensitivity = "medium"
    by: tuple[str, ...] = ("user",)
    single_app: bool = False

    def value(self, activity: Activity, reader: RawReader, met: Sequence[int]) -> str | None:  # noqa: ARG002
        """See Match."""
        return written(activity)

    def memory(self, packed: Any = None) -> Whereabouts:
        """See Anomaly."""
        return Whereabouts(packed)

    def organization(self, packed: Any = None) -> WhereOthersAre:
        """See Anomaly."""
        return WhereOthersAre(packed)

    def findings(self, memory: Whereabouts, organization: WhereOthersAre, who: str) -> Sequence[Finding]:
        """See Anomaly. One is what was done in a country within a day of a stay, in conflict with what was done elsewhere."""
        if memory.is_in_one_country and self.sensitivity != "high":
            return ()
        hours = memory.in_order()
        closest: dict[int, Conflict] = {}
        for conflict in Judge(self, memory, organization, who).conflicts(hours):
            best = closest.get(id(conflict.odd))
            if best is None or (conflict.apart, -conflict.kilometres) < (best.apart, -best.kilometres):
                closest[id(conflict.odd)] = conflict
        if not closest:
            return ()
        found: dict[tuple[str, int], list[Conflict]] = {}
        for country in dict.fromkeys(conflict.odd.spot.country for conflict in closest.values()):
            for day, hour in memory.days_of(country, hours):
                if id(hour) in closest:
                    found.setdefault((country, day), []).append(closest[id(hour)])
        return sorted((_finding(several, memory) for several in found.values()), key=lambda one: one.first)


class Judge:
    """What of a subject's hours is in conflict, under a policy."""

    def __init__(self, match: Impossible, memory: Whereabouts, organization: WhereOthersAre, who: str) -> None:
        self._match = match
        self._memory = memory
        self._organization = organization
        self._who = who
        self._hidden: dict[tuple[Spot, int], bool] = {}

    def conflicts(self, hours: Sequence[Hour]) -> Iterator[Conflict]:
        """Of hours in order, all that cannot be."""
        for number, later in enumerate(hours):
            for earlier in hours[:number]:
                far = _FAR[earlier.spot, later.spot]
                if far is None or (earlier.spot.country == later.spot.country and self._match.sensitivity != "high"):
                    continue
                apart = max(0, later.first.timestamp - earlier.last)
                flight = int(far[0] / SPEED * HOUR) + BOARDING
                if apart < flight and self._counts(*far) and (odd := self._odd(earlier, later, far[0])) is not None:
                    yield Conflict(odd, later if odd is earlier else earlier, far[0], apart, flight)

    def _counts(self, kilometres: float, borders: bool) -> bool:
        sensitivity = self._match.sensitivity
        return kilometres >= NEAR[sensitivity] and (not borders or kilometres >= WIDE or sensitivity == "high")

    def _odd(self, earlier: Hour, later: Hour, kilometres: float) -> Hour | None:
        """Which of two that are too far apart is not the subject's; None where there is an explanation."""
        hidden = self._is_hidden(earlier), self._is_hidden(later)
        if all(hidden):
            return None
        usual = self._familiar(earlier), self._familiar(later)
        odd = earlier if usual[0] < usual[1] else later
        if any(hidden):
            odd = later if hidden[0] else earlier
            if self._has(network_in(odd.spot), odd) or self._was_in(odd) or self._memory.has(system_of(odd.spot), odd.first.timestamp, 1):
                return None  # on a journey, and online by way of home
        return None if self._is_usual(odd) or self._is_too_new(odd, kilometres) else odd

    def _is_hidden(self, hour: Hour) -> bool:
        """Whether somebody may be there who is elsewhere: by a VPN, or with a telephone that has its provider's addresses everywhere."""
        asked = (hour.spot, hour.first.timestamp // HOUR)
        if asked not in self._hidden:
            spot, moment = hour.spot, hour.first.timestamp
            self._hidden[asked] = bool(spot.marks & HIDDEN) or (not spot.marks & OWN and self._may_be_elsewhere(hour, moment))
        return self._hidden[asked]

    def _may_be_elsewhere(self, hour: Hour, moment: int) -> bool:
        spot = hour.spot
        if spot.marks & MOBILE and (self._has(network_in(spot), hour) or self._was_in(hour)):
            return True
        if spot.network in SERVERS and self._has(network_in(spot), hour):
            return True
        if max(self._memory.countries_of(spot.network, moment), self._organization.countries_of(spot.network, moment)) >= ABROAD:
            return True
        return self._organization.share_exit(spot.block, moment, self._who, self._match.learning) >= EXIT

    def _has(self, name: str, hour: Hour) -> bool:
        return self._memory.has(name, hour.first.timestamp, KNOWN_DAYS)

    def _was_in(self, hour: Hour) -> bool:
        return self._memory.has_been_in(hour.spot.country, hour.first.timestamp, KNOWN_DAYS)

    def _familiar(self, hour: Hour) -> tuple[bool, bool, bool]:
        return self._has(network_in(hour.spot), hour), self._was_in(hour), bool(hour.spot.marks & OWN)

    def _is_usual(self, odd: Hour) -> bool:
        """Whether the subject's habit explains it, or at low sensitivity the organization's."""
        if self._match.sensitivity == "high":
            return False
        moment, network = odd.first.timestamp, network_in(odd.spot)
        if self._memory.has(network, moment, 2):
            return True
        if self._has(odd.spot.device, odd) and (self._memory.has(network, moment, 1) or self._was_in(odd)):
            return True
        return (
            self._match.sensitivity == "low" and self._organization.are_in(network, moment, self._who, self._match.learning) >= KNOWN_DAYS
        )

    def _is_too_new(self, odd: Hour, kilometres: float) -> bool:
        """Whether too little is known of the subject to say: who is new is judged by the others, once it is known where they are."""
        moment = odd.first.timestamp
        if moment - self._memory.since >= self._match.learning:
            return False
        if moment - self._organization.since(moment) < self._match.learning:
            return True
        return kilometres < 2 * NEAR["medium"] or self._organization.are_in(odd.spot.country, moment, self._who, self._match.learning) > 0


def _far(here: Spot, there: Spot) -> tuple[float, bool] | None:
    """Kilometres between two spots, at least, and whether their countries border on each other; None where they cannot be in conflict."""
    if here.network == there.network or here.block == there.block or (here.marks & OWN and there.marks & OWN):
        return None
    borders = between(here.country, there.country)
    if here.at and there.at:
        kilometres = max(0.0, over_the_globe(here.at, there.at) - 2 * INACCURATE)
    elif borders is None:
        return None
    else:
        kilometres = borders
    return (kilometres, borders is not None and borders <= BORDERING) if kilometres >= NEAR["high"] else None


def _finding(several: list[Conflict], memory: Whereabouts) -> Finding:
    hours = [conflict.odd for conflict in several]
    closest = min(several, key=lambda one: (one.apart, -one.kilometres, one.odd.first.timestamp))
    odd, spot = closest.odd.first.timestamp, closest.odd.spot
    known = {
        "country": memory.has_been_in(spot.country, odd, 1),
        "network": memory.has(network_in(spot), odd, 1),
        "device": memory.has(spot.device, odd, 1),
    }
    new = [what for what, is_known in known.items() if not is_known]
    first, last = min(hour.first.timestamp for hour in hours), max(hour.last for hour in hours)
    # What shows that it cannot be may come behind it, and is not too late to be judged when it has come itself.
    shown = max(one.other.first.timestamp if one.other.first.timestamp > one.odd.last else one.odd.last for one in several)
    return Finding(
        first=first,
        last=max(last, shown),
        count=sum(hour.count for hour in hours),
        members=tuple(sorted((one for hour in hours for one in (hour.first, *(hour.more or ()))), key=in_order)[:MOST_KEPT]),
        usual={
            "from": closest.other.spot.country,
            "to": spot.country,
            "km": int(closest.kilometres),
            "apart": closest.apart,
            "flight": closest.flight,
            "lasted": last - first,
            "before": closest.other.first.timestamp < odd,
            "new": new,
        },
        weight=round(0.4 + 0.2 * len(new), 1),
        of=spot.country,
        values=frozenset(hour.text for hour in hours),
    )
