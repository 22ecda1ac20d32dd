"""Places, and the networks of their providers: a plan of addresses from which the GeoIP files, the lists and the ranges are made."""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple


class City(NamedTuple):
    """offset: hours that its clocks are ahead of UTC."""

    name: str
    country: str
    latitude: float
    longitude: float
    offset: float


CITIES = {
    city.name: city
    for city in (
        City("Oslo", "NO", 59.91, 10.75, 1),
        City("Bergen", "NO", 60.39, 5.32, 1),
        City("Tromso", "NO", 69.65, 18.96, 1),
        City("Stockholm", "SE", 59.33, 18.07, 1),
        City("Gothenburg", "SE", 57.71, 11.97, 1),
        City("Copenhagen", "DK", 55.68, 12.57, 1),
        City("Berlin", "DE", 52.52, 13.40, 1),
        City("Munich", "DE", 48.14, 11.58, 1),
        City("Frankfurt", "DE", 50.11, 8.68, 1),
        City("Vienna", "AT", 48.21, 16.37, 1),
        City("Zurich", "CH", 47.37, 8.54, 1),
        City("Paris", "FR", 48.86, 2.35, 1),
        City("Lyon", "FR", 45.76, 4.84, 1),
        City("Strasbourg", "FR", 48.57, 7.75, 1),
        City("London", "GB", 51.51, -0.13, 0),
        City("Manchester", "GB", 53.48, -2.24, 0),
        City("Dublin", "IE", 53.35, -6.26, 0),
        City("Amsterdam", "NL", 52.37, 4.90, 1),
        City("Brussels", "BE", 50.85, 4.35, 1),
        City("Madrid", "ES", 40.42, -3.70, 1),
        City("Lisbon", "PT", 38.72, -9.14, 0),
        City("Milan", "IT", 45.46, 9.19, 1),
        City("Warsaw", "PL", 52.23, 21.01, 1),
        City("Bucharest", "RO", 44.43, 26.10, 2),
        City("Kyiv", "UA", 50.45, 30.52, 2),
        City("Moscow", "RU", 55.75, 37.62, 3),
        City("Istanbul", "TR", 41.01, 28.98, 3),
        City("Tel Aviv", "IL", 32.08, 34.78, 2),
        City("Dubai", "AE", 25.20, 55.27, 4),
        City("Riyadh", "SA", 24.71, 46.68, 3),
        City("Pune", "IN", 18.52, 73.86, 5.5),
        City("Bangalore", "IN", 12.97, 77.59, 5.5),
        City("Singapore", "SG", 1.35, 103.82, 8),
        City("Hanoi", "VN", 21.03, 105.85, 7),
        City("Hong Kong", "HK", 22.32, 114.17, 8),
        City("Shanghai", "CN", 31.23, 121.47, 8),
        City("Tokyo", "JP", 35.68, 139.69, 9),
        City("Sydney", "AU", -33.87, 151.21, 10),
        City("Lagos", "NG", 6.52, 3.38, 1),
        City("Johannesburg", "ZA", -26.20, 28.05, 2),
        City("Nairobi", "KE", -1.29, 36.82, 3),
        City("New York", "US", 40.71, -74.01, -5),
        City("Boston", "US", 42.36, -71.06, -5),
        City("Chicago", "US", 41.88, -87.63, -6),
        City("Denver", "US", 39.74, -104.99, -7),
        City("Seattle", "US", 47.61, -122.33, -8),
        City("San Francisco", "US", 37.77, -122.42, -8),
        City("Ashburn", "US", 39.04, -77.49, -5),
        City("Toronto", "CA", 43.65, -79.38, -5),
        City("Mexico City", "MX", 19.43, -99.13, -6),
        City("Bogota", "CO", 4.71, -74.07, -5),
        City("Sao Paulo", "BR", -23.55, -46.63, -3),
        City("Buenos Aires", "AR", -34.60, -58.38, -3),
        City("Lima", "PE", -12.05, -77.04, -5),
        City("Santiago", "CL", -33.45, -70.67, -4),
        City("Caracas", "VE", 10.49, -66.88, -4),
        City("Cairo", "EG", 30.04, 31.24, 2),
        City("Casablanca", "MA", 33.57, -7.59, 1),
        City("Accra", "GH", 5.60, -0.19, 0),
        City("Karachi", "PK", 24.86, 67.00, 5),
        City("Dhaka", "BD", 23.81, 90.41, 6),
        City("Jakarta", "ID", -6.21, 106.85, 7),
        City("Manila", "PH", 14.60, 120.98, 8),
        City("Bangkok", "TH", 13.76, 100.50, 7),
        City("Minsk", "BY", 53.90, 27.56, 3),
        City("Almaty", "KZ", 43.24, 76.89, 5),
        City("Tbilisi", "GE", 41.72, 44.79, 4),
    )
}


@dataclass(frozen=True)
class Network:
    """A block of addresses. city: where it is; place: where the city file says it is (it may be wrong).

    accuracy: kilometres. kind: home, mobile, hotel, office, vpn, hosting, cloud, residential proxy, satellite.
    """

    subnet: IPv4Network | IPv6Network
    isp: str
    asn: int
    city: City
    place: City
    accuracy: int
    kind: str

    def address(self, *key: object) -> str:
        """One of its addresses, always the same for the same key."""
        many = 250 if self.kind in ("office", "vpn", "gateway") else min(self.subnet.num_addresses, 1 << 20) - 4
        return str(self.subnet[2 + number(*key) % many])


def number(*key: object) -> int:
    """A large number that looks like chance, and follows from the key."""
    return int.from_bytes(hashlib.blake2b(repr(key).encode(), digest_size=6).digest(), "big")


def chance(*key: object) -> random.Random:
    """A generator of its own for everything that has a name: what one does changes nothing for the others."""
    return random.Random(repr(key))


def kilometres(here: City, there: City) -> float:
    """Between two cities, over the globe."""
    a, b, c, d = (radians(value) for value in (here.latitude, here.longitude, there.latitude, there.longitude))
    half = sin((c - a) / 2) ** 2 + cos(a) * cos(c) * sin((d - b) / 2) ** 2
    return 12742 * asin(sqrt(half))


@dataclass
class World:
    """Hands out blocks of addresses. sloppy: the share of home lines of which the city file only knows where the provider sits."""

    seed: int
    sloppy: float = 0.1
    networks: list[Network] = field(default_factory=list)
    _v4: Iterator[IPv4Network] = field(init=False)
    _v6: Iterator[IPv6Network] = field(init=False)
    _made: dict[tuple[object, ...], Network] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._v4 = ip_network("20.0.0.0/6").subnets(new_prefix=21)
        self._v6 = ip_network("2a00::/16").subnets(new_prefix=36)

    def network(self, kind: str, isp: str, city: City, *, accuracy: int = 20, seen_at: City | None = None, v6: bool = False) -> Network:
        """The provider's block of this kind in a city; seen_at: where the city file puts it."""
        key = (kind, isp, city.name, v6)
        if key not in self._made:
            subnet = next(self._v6) if v6 else next(self._v4)
            asn = _KNOWN.get(isp) or 4_200_000_000 + number(isp) % 90_000_000
            self._made[key] = Network(subnet, isp, asn, city, seen_at or city, accuracy, kind)
            self.networks.append(self._made[key])
        return self._made[key]

    def home(self, city: City, provider: int, block: int) -> Network:
        """A block of home lines. block: providers move lines from one to another."""
        isp = f"{_BRANDS[provider % len(_BRANDS)]} {city.country}"
        wrong = number(self.seed, city, provider, block) % 100 < self.sloppy * 100
        at = self.capital(city.country) if wrong else city
        return self.network(f"home{block}", isp, city, accuracy=1000 if wrong else 20, seen_at=at)

    def home_v6(self, city: City, provider: int) -> Network:
        """The IPv6 block of a provider's home lines, all over the country."""
        capital = self.capital(city.country)
        return self.network("home", f"{_BRANDS[provider % len(_BRANDS)]} {city.country}", city, accuracy=500, seen_at=capital, v6=True)

    def mobile(self, country: str, carrier: int, *, v6: bool = False) -> Network:
        """A carrier's way out into the internet: at its seat, wherever in the world the phone is."""
        accuracy = 1000 if country in _WIDE else 300
        return self.network("mobile", f"{_CARRIERS[carrier % len(_CARRIERS)]} {country}", self.capital(country), accuracy=accuracy, v6=v6)

    def hotel(self, city: City, key: object) -> Network:
        """Where guests of hotels, trains and conferences come from."""
        return self.network("hotel", f"{('Swisscom Hospitality', 'iBAHN', 'Cloud4Wi')[number(key) % 3]} {city.country}", city, accuracy=50)

    def hosting(self, city: City, provider: int) -> Network:
        """Cheap virtual servers."""
        return self.network("hosting", _HOSTS[provider % len(_HOSTS)], city, accuracy=100)

    def cloud(self, city: City, provider: str) -> Network:
        """A large cloud provider's datacentre."""
        return self.network("cloud", provider, city, accuracy=100)

    def residential(self, city: City, provider: int) -> Network:
        """Home lines that somebody else's traffic comes out of."""
        return self.network("residential proxy", f"{_BRANDS[provider % len(_BRANDS)]} {city.country}", city)

    def satellite(self) -> Network:
        """Of aeroplanes, over whichever ocean."""
        return self.network("satellite", SATELLITE, CITIES["Denver"], accuracy=1000)

    @staticmethod
    def capital(country: str) -> City:
        """The city that its providers sit in: the first of the list."""
        return next(city for city in CITIES.values() if city.country == country)


_BRANDS = ("Telenor Fixed", "GlobeConnect", "NextFiber", "City Cable", "Altibox")
_WIDE = frozenset({"US", "CA", "AU", "IN", "BR", "CN", "RU"})
"""In these nothing is known of a phone but the country."""
_CARRIERS = ("Mobilcom", "Tele4", "Three Cellular", "Airwave")
_HOSTS = ("HOSTKEY B.V.", "FranTech Solutions", "M247 Europe SRL", "DataCamp Limited", "OVH SAS", "Contabo GmbH")
CLOUDS = ("MICROSOFT-CORP-MSN-AS-BLOCK", "AMAZON-02", "GOOGLE-CLOUD-PLATFORM")
SATELLITE, GATEWAY, RELAY = "VIASAT-SP-BACKBONE", "ZSCALER-INC", "CLOUDFLARENET"
_NUMBERS = (57043, 53667, 9009, 212238, 16276, 51167, 8075, 16509, 396982, 7155, 53813, 13335)
_KNOWN = dict(zip((*_HOSTS, *CLOUDS, SATELLITE, GATEWAY, RELAY), _NUMBERS, strict=True))
"""Of networks all over the world, which lists of such may name, the real numbers; all others have private ones."""
