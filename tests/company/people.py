"""Who works there: where they live, what they use, when they work, where they travel."""

from dataclasses import dataclass, field

from company.calendar_of import Calendar
from company.parameters import Parameters
from company.world import CITIES, City, chance, kilometres, number

DOMAIN = "contoso.example"
FIRST = ("ann", "bob", "cem", "dia", "eve", "fay", "gil", "hal", "ivy", "jan", "kai", "lea", "max", "nia", "ole", "pia", "rui", "sam")
LAST = ("arp", "bell", "cole", "dahl", "eko", "fuchs", "gray", "holt", "ito", "juhl", "khan", "lund", "moe", "ness", "orr", "pace", "roy")
DEPARTMENTS = ("Finance", "Sales", "Engineering", "Support", "Marketing", "HR", "Operations")
ABROAD = ("London", "Paris", "Amsterdam", "Berlin", "Madrid", "New York", "Singapore", "Tokyo", "Dubai", "Toronto", "Milan", "Lisbon")


@dataclass(frozen=True)
class Trip:
    """Days (the first and the last at the place), and the hours the flight takes."""

    first: int
    last: int
    city: City
    flight: float


@dataclass
class Person:
    """One account of a human being.

    shift: hours between which the person works; nights: whether also at weekends and by turns. keen: how much is done, 1 as others.
    joins, leaves: days. away: days without any activity. role: what else the person has to do.
    managed: the computer is the organization's. private_too: at home it is now and then one of the person's own.
    """

    upn: str
    department: str
    city: City
    provider: int
    lease: int
    carrier: int
    shift: tuple[float, float]
    keen: float
    turns: bool = False
    has_phone: bool = True
    phone_v6: bool = False
    remote: float = 0.3
    uses_vpn: bool = False
    own_vpn: str | None = None
    works_late: float = 0.1
    joins: int = -1
    leaves: int = 10_000
    away: frozenset[int] = frozenset()
    trips: list[Trip] = field(default_factory=list)
    roles: frozenset[str] = frozenset()
    guest: bool = False
    managed: bool = False
    private_too: bool = False

    @property
    def name(self) -> str:
        return self.upn.partition("@")[0]

    @property
    def display_name(self) -> str:
        return self.name.replace(".", " ").title()

    def trip(self, day: int) -> Trip | None:
        """The trip that the person is on."""
        return next((trip for trip in self.trips if trip.first <= day <= trip.last), None)

    def is_there(self, day: int) -> bool:
        """Whether the account is anybody's on that day, and the person not on holiday."""
        return self.joins <= day <= self.leaves and day not in self.away

    def __hash__(self) -> int:
        return hash(self.upn)


def hire(parameters: Parameters, calendar: Calendar) -> list[Person]:
    """All people, guests and partners included."""
    people = [_person(parameters, calendar, index) for index in range(parameters.people)]
    _conference(parameters, calendar, people)
    partners = max(2, parameters.people // 25)
    people += [_partner(parameters, calendar, index) for index in range(partners)]
    return people


def _person(parameters: Parameters, calendar: Calendar, index: int) -> Person:
    random = chance(parameters.seed, "person", index)
    department = DEPARTMENTS[number(parameters.seed, index, "department") % len(DEPARTMENTS)]
    first, last = FIRST[index % len(FIRST)], LAST[index // len(FIRST) % len(LAST)]
    person = Person(
        upn=f"{first}.{last}{index // (len(FIRST) * len(LAST)) or ''}@{DOMAIN}",
        department=department,
        city=CITIES[random.choice(parameters.cities)],
        provider=random.randrange(4),
        lease=random.choice((0, 0, 1, 7, 21)),
        carrier=random.randrange(3),
        shift=_shift(parameters, random.random(), random.random()),
        keen=random.lognormvariate(0, 0.5),
        turns=parameters.industry == "retail" and random.random() < 0.5,
        has_phone=random.random() < parameters.phones,
        phone_v6=random.random() < 0.3,
        remote=random.choice((0.0, 0.1, 0.4, 0.6, 1.0)),
        uses_vpn=random.random() < parameters.vpn,
        works_late=random.choice((0.0, 0.05, 0.2, 0.5)),
    )
    if random.random() < parameters.private_vpn:
        person.own_vpn = random.choice(("Stockholm", "Amsterdam", "Zurich", "many"))
    if random.random() < 0.06:
        person.joins = random.randrange(10, calendar.days - 7)
    elif random.random() < 0.06:
        person.leaves = random.randrange(15, calendar.days - 10)
    person.away = _away(random.random(), random.randrange(7, calendar.days), random.randrange(3, 15), calendar)
    person.roles = _roles(parameters, index, department)
    if random.random() < 0.008 and index > 10:
        person.away |= frozenset(range(5, calendar.days - random.randrange(5, 14)))  # parental leave, almost to the end
    person.managed = number(parameters.seed, index, "managed") % 1000 < parameters.managed * 1000
    person.private_too = parameters.managed < 1 and number(parameters.seed, index, "private too") % 4 == 0
    _plan_trips(parameters, calendar, person)
    return person


def _shift(parameters: Parameters, chance_of: float, when: float) -> tuple[float, float]:
    if parameters.industry == "retail" and chance_of < 0.5:
        return ((6, 14), (14, 22), (22, 30))[int(when * 3)]
    begin = 7 + when * 2.5
    return begin, begin + 8 + chance_of


def _away(chance_of: float, first: int, length: int, calendar: Calendar) -> frozenset[int]:
    """Holidays of most, and illness of all."""
    sick = number(first, length) % calendar.days
    holiday = range(first, first + length) if chance_of < 0.5 else ()
    return frozenset((*holiday, sick, sick + 1))


def _roles(parameters: Parameters, index: int, department: str) -> frozenset[str]:
    """What some do beside their work; the first few run the company's systems."""
    roles = set()
    if index < max(3, parameters.people // 50):
        roles |= {"administrator", "aws" if index % 2 else "azure"}
    elif index < max(5, parameters.people // 25):
        roles.add("helpdesk")
    random = chance(parameters.seed, index, "roles")
    if department == "Engineering" and random.random() < (0.8 if parameters.industry == "software" else 0.3):
        roles.add(random.choice(("aws", "azure")))
    share = random.random()
    for role, most in {"weekly report": 0.05, "tidies mail": 0.1, "assistant": 0.14, "shared mailbox": 0.2, "imap": 0.22}.items():
        if share < most:
            roles.add(role)
            break
    if department in ("Finance", "Marketing") and random.random() < 0.4:
        roles.add("shares reports")
    if random.random() < 0.08:
        roles.add("okta only")
    return frozenset(roles)


def _plan_trips(parameters: Parameters, calendar: Calendar, person: Person) -> None:
    random = chance(parameters.seed, person.upn, "trips")
    eager = parameters.travel * (3 if person.department == "Sales" else 1)
    day = 3
    while day < calendar.days - 6:
        if calendar.is_worked(day) and random.random() < eager and person.is_there(day):
            city = CITIES[random.choice((*ABROAD, *parameters.cities))]
            if city != person.city:
                stay = random.randrange(1, 5)
                person.trips.append(Trip(day, day + stay, city, flight_hours(person.city, city)))
                day += stay + 5
        if day % 7 == 5 and random.random() < 0.015 and person.is_there(day):
            city = CITIES[random.choice(("Paris", "London", "Lisbon", "Dubai", "Copenhagen"))]
            if city != person.city:
                person.trips.append(Trip(day, day + 1, city, flight_hours(person.city, city)))  # a weekend, with the phone
        day += 1


def _conference(parameters: Parameters, calendar: Calendar, people: list[Person]) -> None:
    """Several colleagues fly to one."""
    random = chance(parameters.seed, "conference")
    for place in random.sample(ABROAD, 2):
        first = random.randrange(20, calendar.days - 8)
        for person in random.sample(people, min(len(people), random.randrange(4, 9))):
            if CITIES[place] != person.city and not any(person.trip(day) for day in range(first - 2, first + 6)):
                person.trips.append(Trip(first, first + 3, CITIES[place], flight_hours(person.city, CITIES[place])))


def _partner(parameters: Parameters, calendar: Calendar, index: int) -> Person:
    """Somebody of another company: an account of the tenant's in an outsourcer's hands, or a guest."""
    random = chance(parameters.seed, "partner", index)
    guest = index % 2 == 0
    city = CITIES[random.choice(ABROAD if guest else ("Pune", "Bangalore", "Warsaw", "Bucharest"))]
    upn = f"p{index}_fabrikam.example#EXT#@contoso.onmicrosoft.example" if guest else f"x{index}.partner@{DOMAIN}"
    return Person(
        upn.lower(), "Partner", city, random.randrange(4), random.choice((0, 7)), random.randrange(3), (9, 18), 0.4, guest=guest, remote=1.0
    )


def flight_hours(here: City, there: City) -> float:
    """Door to door at some 700 km/h, and the time at airports."""
    return kilometres(here, there) / 700 + 1.5
