"""How far it is from one place to another: between coordinates over the globe, between countries from border to border.

The table of countries is made of Natural Earth's borders (`casbd/data/country_distances.LICENSE`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from math import asin, cos, radians, sin, sqrt

BORDERING = 50
"""Kilometres between countries that have a border, a bridge or a tunnel in common."""
_DIAMETER = 2 * 6371.0


def between(country: str, other: str) -> int | None:
    """Kilometres from the nearest place of a country (ISO 3166 alpha-2) to the nearest of another one; None where one is unknown.

    Islands and regions far off the rest of their country are not looked at.
    """
    if country == other:
        return 0 if country in _table() else None
    return _table().get(max(country, other), {}).get(min(country, other))


def over_the_globe(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Kilometres between two places, each latitude and longitude in degrees, by the haversine formula."""
    north, south = radians(here[0]), radians(there[0])
    half = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * sin(radians(there[1] - here[1]) / 2) ** 2
    return _DIAMETER * asin(min(1.0, sqrt(half)))


def is_place(latitude: float | None, longitude: float | None) -> bool:
    """Whether these are coordinates: records say anything. Where both are 0 somebody did not know (it is in the sea)."""
    if latitude is None or longitude is None or (latitude == 0 == longitude):
        return False
    return -90 <= latitude <= 90 and -180 <= longitude <= 180  # false of what is no number, too


@cache
def _table() -> Mapping[str, Mapping[str, int]]:
    table: dict[str, dict[str, int]] = {}
    for line in files("casbd").joinpath("data", "country_distances.txt").read_text().splitlines():
        if not line.startswith("#"):
            name, *distances = line.split()
            table[name] = dict(zip([*table], map(int, distances), strict=True))
    return table
