"""What companies differ in."""

import random
from dataclasses import dataclass

NORTH = ("Oslo", "Bergen", "Stockholm", "Copenhagen")
MIDDLE = ("Munich", "Berlin", "Vienna", "Strasbourg")
ISLANDS = ("London", "Manchester", "Dublin")
AMERICA = ("New York", "Chicago", "San Francisco", "Toronto")
GULF = ("Dubai", "Riyadh", "Pune")
EAST = ("Singapore", "Bangalore", "Sydney", "Tokyo")
IBERIA = ("Madrid", "Lisbon", "Sao Paulo")
INDUSTRIES = ("office", "software", "retail", "agency", "university")
"""software: cloud machines that come and go; retail: shifts; agency: travel, sharing; university: guests, foreign log ons."""


@dataclass(frozen=True)
class Parameters:
    """weeks: simulated, from a Monday. Shares are from 0 to 1, rates a person and working day.

    vpn: share of the people who work through the company's VPN from outside. vpn_tagged: its exits are in the range file.
    cloud_listed: the operator has lists of the cloud providers. busy: how much people do.
    late: share of the records that come later than some minutes. friday: whether the working week is Sunday to Thursday.
    gateway: all traffic of the web leaves through a security provider's exits, which nobody has tagged.
    noise: failed log ons from anywhere in the internet, a person and week.
    managed: share of the people whose computer the organization manages, as a log on to Entra ID says; the others have private ones.
    session_days: so long a computer goes on in a session before its user has to log on anew.
    """

    seed: int = 1
    people: int = 150
    weeks: int = 9
    industry: str = "office"
    cities: tuple[str, ...] = NORTH
    sunday_week: bool = False
    vpn: float = 0.3
    vpn_tagged: bool = True
    private_vpn: float = 0.04
    cloud_listed: bool = True
    gateway: bool = False
    travel: float = 0.02
    busy: float = 1.0
    late: float = 0.05
    noise: float = 0.3
    sloppy: float = 0.1
    phones: float = 0.8
    clock_change: bool = False
    managed: float = 1.0
    session_days: int = 12
    attacks: int = 2

    @classmethod
    def of(cls, seed: int, **more: object) -> "Parameters":
        """A company of its own for each seed. more: parameters that are given instead."""
        random_ = random.Random(f"company {seed}")
        cities = random_.choice((NORTH, MIDDLE, ISLANDS, AMERICA, GULF, EAST, IBERIA))
        values = {
            "seed": seed,
            "people": random_.choice((110, 150, 200, 260)),
            "weeks": random_.choice((8, 9, 10)),
            "industry": random_.choice(INDUSTRIES),
            "cities": cities[: random_.randint(1, len(cities))],
            "sunday_week": cities is GULF and random_.random() < 0.7,
            "vpn": random_.choice((0.0, 0.2, 0.5, 0.9)),
            "vpn_tagged": random_.random() < 0.5,
            "private_vpn": random_.choice((0.0, 0.03, 0.08)),
            "cloud_listed": random_.random() < 0.5,
            "gateway": random_.random() < 0.15,
            "travel": random_.choice((0.005, 0.015, 0.04)),
            "busy": random_.choice((0.5, 0.8, 1.2)),
            "late": random_.choice((0.01, 0.1, 0.3)),
            "noise": random_.choice((0.05, 0.3, 1.0)),
            "sloppy": random_.choice((0.05, 0.15, 0.3)),
            "phones": random_.choice((0.5, 0.8, 0.95)),
            "clock_change": random_.random() < 0.5,
            "managed": random_.choice((0.0, 0.5, 1.0)),
            "session_days": random_.choice((1, 12, 40)),
        }
        return cls(**(values | more))  # type: ignore[arg-type]
