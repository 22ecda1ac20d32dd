"""Who is attacked, when, and where from; and what is written down of it for the measure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import msgspec

from company.calendar_of import HOUR
from company.people import Person
from company.setting import Setting
from company.shapes.written import Record, Where
from company.world import CITIES, City, Network, chance, number

MINUTE = 60_000
FAR = (
    *("Moscow", "Hanoi", "Lagos", "Johannesburg", "Shanghai", "Buenos Aires", "Bogota", "Nairobi", "Lima", "Santiago", "Caracas"),
    *("Cairo", "Casablanca", "Accra", "Karachi", "Dhaka", "Jakarta", "Manila", "Bangkok", "Minsk", "Almaty", "Tbilisi"),
)
NEVER = ("Istanbul", "Tel Aviv", "Mexico City", "Kyiv")
"""Where no other attack and no trip is."""
HOSTS = ("Amsterdam", "Bucharest", "Moscow", "Ashburn", "Hong Kong", "Frankfurt")
LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PYTHON = "python-requests/2.31.0"


@dataclass(frozen=True)
class Attack:
    """first, last: of its records (ms). users, addresses: whom and what an alert about it may name.

    policies: those that are meant for it; an alert of another anomaly policy about the same users and time is no false one either.
    """

    kind: str
    loud: bool
    users: frozenset[str]
    addresses: frozenset[str]
    first: int
    last: int
    policies: frozenset[str]
    records: tuple[Record, ...] = field(repr=False)

    def identifiers(self) -> Iterator[str]:
        """The records' own ids, as activities have them."""
        for _, _, line in self.records:
            record = msgspec.json.decode(line)
            if "appId" in (properties := record.get("properties", {})):
                yield properties["id"]
            else:
                yield next(record[name] for name in ("Id", "eventID", "eventDataId", "uuid") if name in record)


@dataclass(frozen=True)
class Kind:
    """play: gives the records; it names more users and addresses by the stage's `touch`."""

    policies: frozenset[str]
    play: Callable[["Scene"], Iterable[Record]]


KINDS: dict[str, Kind] = {}


def attack(name: str, *policies: str) -> Callable[[Callable[["Scene"], Iterable[Record]]], Callable[["Scene"], Iterable[Record]]]:
    """Makes a function a kind of attack."""

    def register(play: Callable[["Scene"], Iterable[Record]]) -> Callable[["Scene"], Iterable[Record]]:
        KINDS[name] = Kind(frozenset(policies), play)
        return play

    return register


class Scene:
    """One attack under way: a victim at work on a day, chance, and how loud it is."""

    def __init__(self, stage: "Stage", random: Random, loud: bool) -> None:
        self.s, self.stage, self.random, self.loud = stage.setting, stage, random, loud
        self.users: set[str] = set()
        self.addresses: set[str] = set()

    def victim(self, fits: Callable[[Person], bool] = lambda _: True, *, joined_before: int = 8) -> tuple[Person, int]:
        """Somebody who was not attacked yet, and a day at work, neither on a trip nor about to go on one."""
        person, day = self.stage.victim(self.random, fits, joined_before)
        self.users.add(person.upn)
        return person, day

    def at(self, person: Person, day: int, early: float = 9, late: float = 16) -> int:
        """A moment between these hours in the person's city."""
        return self.s.calendar.at(day, self.random.uniform(early, late), person.city)

    def host(self, city: City | None = None, agent: str = LINUX, session: str = "") -> Where:
        """A rented server of the attacker's."""
        place = city or CITIES[self.random.choice(HOSTS)]
        return self.from_(self.s.world.hosting(place, self.random.randrange(6)), agent, session)

    def far(self, person: Person, agent: str = LINUX, session: str = "", places: Sequence[str] = FAR) -> Where:
        """A home line far away, in a country that the person has nothing to do with, nor another attack."""
        strange = [name for name in places if CITIES[name].country not in been(person)]
        unused = [name for name in strange if name not in self.stage.taken]
        name = self.random.choice(unused or strange)
        self.stage.taken.add(name)
        place = CITIES[name]
        return self.from_(self.s.world.residential(place, self.random.randrange(4)), agent, session)

    def with_device(self, person: Person, day: int, where: Where) -> Where:
        """As Entra ID sees who logs on. Of eight attackers one has stolen the token that stands for the victim's own computer, and two have
        registered a computer, which the organization does not manage; of the others nothing is known."""
        how = number(self.s.parameters.seed, person.upn, "device") % 8
        if how == 0:
            own = self.s.pc(person, self.s.calendar.at(day, 12, person.city))
            return where._replace(device=own.device, managed=own.managed)
        return where._replace(device=f"DESKTOP-{number(where.address) % 10**6:06}") if how <= 2 else where

    def from_(self, network: Network, agent: str = LINUX, session: str = "") -> Where:
        """Some address of a network."""
        address = network.address(self.random.random())
        self.addresses.add(address)
        return Where(address, agent, session or f"s-{self.random.getrandbits(48):x}")

    def times(self, begin: int, count: int, seconds: float) -> list[int]:
        """So many moments, so far apart, unevenly."""
        found = [begin]
        for _ in range(count - 1):
            found.append(found[-1] + int(seconds * 1000 * self.random.uniform(0.4, 1.6)))
        return found


class Stage:
    """Deals out victims, days and countries. innocent: what somebody had done before, which is no part of any attack."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.taken: set[str] = set()
        self.innocent: list[Record] = []

    def play(self, name: str, kind: Kind, *, loud: bool, turn: int) -> Attack | None:
        """None where the company has nobody to do it to."""
        scene = Scene(self, chance(self.setting.parameters.seed, "attack", name, turn), loud)
        try:
            records = tuple(sorted(kind.play(scene)))
        except LookupError:
            return None
        addresses, users = frozenset(scene.addresses), frozenset(scene.users)
        return Attack(name, loud, users, addresses, records[0][0], records[-1][0], kind.policies, records)

    def victim(self, random: Random, fits: Callable[[Person], bool], joined_before: int) -> tuple[Person, int]:
        """See Scene."""
        calendar = self.setting.calendar
        people = [one for one in self.setting.people if one.upn not in self.taken and one.department != "Partner" and fits(one)]
        random.shuffle(people)
        days = [day for day in range(16, calendar.days - 3) if calendar.is_worked(day)]
        for person in people:
            good = [day for day in days if self._is_at_work(person, day, joined_before)]
            if good:
                self.taken.add(person.upn)
                return person, random.choice(good)
        raise LookupError

    def dismiss(self, random: Random) -> Person:
        """Somebody leaves who was going to stay. Before the days of the company are written, of course."""
        person, day = self.victim(random, lambda one: not one.roles, 8)
        person.leaves = day if day < self.setting.calendar.days - 8 else day - 6
        return person

    def _is_at_work(self, person: Person, day: int, joined_before: int) -> bool:
        around = range(day - 1, day + 2)
        here = all(person.is_there(one) and not person.trip(one) for one in around)
        before = sum(person.is_there(one) for one in range(max(0, person.joins), day))
        return here and before > joined_before


def been(person: Person) -> set[str]:
    """The countries that somebody lives in or travels to in these weeks."""
    return {person.city.country, *(trip.city.country for trip in person.trips)}


def over(first: int, hours: float) -> int:
    """A moment so many hours later."""
    return first + int(hours * HOUR)
