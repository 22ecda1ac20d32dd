"""Where everybody is, what they use, and what address that gives: the company's offices, ways out and devices."""

from company.calendar_of import DAY, HOUR, Calendar, day_of
from company.parameters import Parameters
from company.people import Person, Trip, hire
from company.shapes.clouds import Aws, Azure, EntraApps, Okta
from company.shapes.m365 import M365
from company.shapes.written import Ids, Where
from company.world import CITIES, CLOUDS, GATEWAY, RELAY, City, Network, World, chance, number

_CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
_PHONES = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS {}_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android {}; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36",
)
_SYSTEMS = ("Windows NT 10.0; Win64; x64", "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64")


class Setting:
    """The company, its people and their surroundings; `m365`, `aws` ... write its records."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.calendar = Calendar(parameters)
        self.world = World(parameters.seed, parameters.sloppy)
        self.people = hire(parameters, self.calendar)
        ids = Ids(parameters.seed)
        self.m365, self.aws, self.azure = M365(ids), Aws(ids), Azure(ids)
        self.okta, self.entra_apps = Okta(ids), EntraApps(ids)
        self._offices = {
            name: self.world.network("office", f"Business Line {CITIES[name].country}", CITIES[name]) for name in parameters.cities
        }
        hub = CITIES[chance(parameters.seed, "hub").choice((parameters.cities[0], "Frankfurt", "Amsterdam"))]
        self.vpn = self.world.network("vpn", "Own VPN Datacentre", hub)
        self.gateway = self.world.network("gateway", GATEWAY, CITIES["Frankfurt"], accuracy=200) if parameters.gateway else None
        self.splits = number(parameters.seed, "split tunnel") % 3 == 0
        self.untagged_office = parameters.cities[-1] if len(parameters.cities) > 1 else None
        self._agents: dict[tuple[str, str, int], str] = {}
        self.regions = ("eu-west-1", "eu-central-1", "us-east-1")[: 1 + number(parameters.seed, "regions") % 3]

    def ranges(self) -> list[dict[str, object]]:
        """What the operator wrote into the range file."""
        found: list[dict[str, object]] = []
        for name, office in self._offices.items():
            if name != self.untagged_office:
                found.append({"name": f"Office {name}", "subnets": [str(office.subnet)], "category": "Corporate"})
        if self.parameters.vpn_tagged:
            found.append({"name": "VPN", "subnets": [str(self.vpn.subnet)], "category": "VPN"})
        found.append({"name": "Botnet feed", "subnets": [str(self.risky().subnet)], "category": "Risky", "tags": ["Botnet"]})
        return found

    def lists(self) -> dict[str, list[Network]]:
        """Published lists that the operator has: `tor`, and the cloud providers'."""
        clouds = [one for one in self.world.networks if one.kind == "cloud"] if self.parameters.cloud_listed else []
        return {"tor": [self.tor()], **{name: [one for one in clouds if one.isp == name] for name in CLOUDS if clouds}}

    def tor(self) -> Network:
        """Exits of Tor."""
        return self.world.network("tor", "Foundation for Applied Privacy", CITIES["Vienna"])

    def risky(self) -> Network:
        """Addresses that a feed calls a botnet's."""
        return self.world.network("botnet", "Viet Broadband", CITIES["Hanoi"])

    def place(self, person: Person, day: int) -> City:
        """The city that somebody is in."""
        trip = person.trip(day)
        return trip.city if trip else person.city

    def trip(self, person: Person, time: int) -> Trip | None:
        """The trip that somebody is on then, up to the flight back at five o'clock."""
        at = self.calendar.at
        return next((one for one in person.trips if at(one.first, 5.5, person.city) <= time <= at(one.last, 17, one.city)), None)

    def is_on_ground(self, person: Person, time: int) -> bool:
        """Whether nobody who flies then would be met anywhere: planes leave at half past five, and back at five."""
        at = self.calendar.at
        for trip in person.trips:
            there, back = at(trip.first, 5.5, person.city), at(trip.last, 17, trip.city)
            if there <= time <= there + trip.flight * HOUR or back <= time <= back + trip.flight * HOUR:
                return False
        return True

    def is_at_office(self, person: Person, time: int) -> bool:
        """Then, or at home; travellers are in hotels."""
        if person.city.name not in self._offices or person.department == "Partner" or self.trip(person, time):
            return False
        day, hour = divmod(time - self.calendar.at(0, 0, person.city), DAY)
        hour_of_shift = (hour / HOUR - person.shift[0] + 1) % 24
        return hour_of_shift < person.shift[1] - person.shift[0] + 2 and number(person.upn, day, "remote") % 1000 >= person.remote * 1000

    def home_address(self, person: Person, day: int, time: int = 0) -> str:
        """Of the line at home, which the provider changes; some lines have IPv6 beside it, which GeoIP files place elsewhere."""
        if time and number(person.upn, "ipv6") % 5 == 0 and number(person.upn, time // 1_800_000) % 2:
            return self.world.home_v6(person.city, person.provider).address(person.upn, day // 30)
        lease = (day + number(person.upn)) // person.lease if person.lease else 0
        block = number(person.upn, "block", lease // 3) % 2
        return self.world.home(person.city, person.provider, block).address(person.upn, lease)

    def office_address(self, person: Person) -> str:
        """One of the few addresses that everybody in an office shares."""
        return self._offices[person.city.name].address(number(person.upn) % 3)

    def pc(self, person: Person, time: int, *, alone: bool = False) -> Where:
        """From the computer, or now and then at home from a private one. alone: from the line itself, without any VPN."""
        day = max(0, day_of(time + int(person.city.offset * HOUR)))
        which, address = "pc", self._pc_address(person, time, day, alone)
        if person.private_too and number(person.upn, day, "private") % 6 == 0 and not (self.is_at_office(person, time) or person.trip(day)):
            which = "private"
        managed = person.managed and which == "pc"
        named = managed or number(person.upn, which, "registered") % 2
        session = f"{which}-{number(person.upn, day // self.parameters.session_days):x}"
        device = f"DESKTOP-{number(person.upn, which) % 10**6:06}" if named else ""
        return Where(address, self.agent(person, day, which), session, device, managed)

    def _pc_address(self, person: Person, time: int, day: int, alone: bool) -> str:
        at_office = self.is_at_office(person, time)
        if person.own_vpn and not at_office and not alone and number(person.upn, time // 7_200_000) % 10 < 8:
            exits = ("Amsterdam", "Zurich", "New York", "London")
            city = person.own_vpn if person.own_vpn != "many" else exits[number(person.upn, day) % 4]
            return self.world.hosting(CITIES[city], 2).address("exit", number(person.upn, day) % 4)
        if self.gateway and not alone and person.department != "Partner":
            return self.gateway.address(time // 3_600_000 % 40)
        if at_office:
            on_the_train = time < self.calendar.at(day, person.shift[0] + 0.6, person.city) and number(person.upn, day, "train") % 8 == 0
            return self._carrier(person, time) if on_the_train else self.office_address(person)
        if person.uses_vpn and not alone and number(person.upn, day, "vpn") % 10 < 8:
            return self.vpn.address(number(person.upn, day) % 8)
        if trip := self.trip(person, time):
            return self.world.hotel(trip.city, (trip.city, trip.first)).address(person.upn, day)
        return self.home_address(person, day, time)

    def mail(self, person: Person, time: int) -> Where:
        """From the computer, for mail: where the tunnel is split, it does not go through the VPN."""
        return self.pc(person, time, alone=self.splits and person.own_vpn is None)

    def phone(self, person: Person, time: int) -> Where:
        """From the phone: at its carrier's home, wherever it is, or in the Wi-Fi of the place."""
        day = max(0, day_of(time + int(person.city.offset * HOUR)))
        kind = number(person.upn, "phone") % 2
        agent = _PHONES[kind].format((17 if kind == 0 else 14) + (day + number(person.upn)) // 90)
        session = f"phone-{number(person.upn, 'phone', day // 30):x}"
        if number(person.upn, time // 3_600_000, "wifi") % 10 < 4:
            if self.is_at_office(person, time):
                return Where(self.office_address(person), agent, session)
            if trip := self.trip(person, time):
                return Where(self.world.hotel(trip.city, (trip.city, trip.first)).address(person.upn, day, "phone"), agent, session)
            return Where(self.home_address(person, day, time), agent, session)
        if kind == 0 and number(person.upn, "relay") % 12 == 0:
            relay = self.world.network("relay", RELAY, self.world.capital(person.city.country), accuracy=100)
            return Where(relay.address(number(person.upn, time // 3_600_000) % 300), agent, session)
        return Where(self._carrier(person, time), agent, session)

    def _carrier(self, person: Person, time: int) -> str:
        """Behind a carrier's few addresses are all of its phones."""
        carrier = self.world.mobile(person.city.country, person.carrier, v6=person.phone_v6)
        return carrier.address(number(person.upn, time // 10_800_000) % 60)

    def agent(self, person: Person, day: int, which: str = "pc") -> str:
        """The browser of a computer: it is updated every four weeks, in waves, and the company changes it once."""
        version = 132 + (day + number(person.upn) % 5) // 28
        key = (person.upn, which, version)
        if key not in self._agents:
            system = _SYSTEMS[number(person.upn, *(() if which == "pc" else (which,)), "system") % 4]
            self._agents[key] = _CHROME.format(system, version)
        changes = 25 + number(self.parameters.seed, "browser") % 30
        edge = f" Edg/{version}.0.0.0" if day >= changes + number(person.upn) % 10 or number(person.upn, "edge") % 3 == 0 else ""
        return self._agents[key] + edge

    def service(self, name: str, day: int) -> Where:
        """A cloud provider's own address, that a service works from."""
        city = CITIES[("Dublin", "Amsterdam", "Ashburn")[number(name) % 3]]
        return Where(self.world.cloud(city, CLOUDS[number(name, "cloud") % 3]).address(name, day % 3), "python-requests/2.32.3")
