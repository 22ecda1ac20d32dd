"""Writes `casbd/data/country_distances.txt`: how far it is from country to country, between the nearest places of both.

Run by a developer; borders change seldom:

    npm pack world-atlas && tar xzf world-atlas-*.tgz && mv package world-atlas
    npm pack i18n-iso-countries && tar xzf i18n-iso-countries-*.tgz && mv package iso
    cd casbd/data
    python ../../tests/data_sources/generate_country_distances.py world-atlas/countries-10m.json iso/codes.json > country_distances.txt

The shapes are Natural Earth's (public domain) as TopoJSON; the distances are between their corners. What lies far off counts as no part
of a country, as hardly anybody is there and it would bring the country next to others: Alaska is near Russia, Kaliningrad near Germany.
Overseas regions that have a code of their own in ISO 3166 are countries of their own, as for GeoIP files.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from math import acos, cos, radians, sin
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

RADIUS = 6371.0
"""Of the earth, in kilometres."""
HOP = 100
"""Kilometres: what is as near to the rest of a country is a part of it."""
SHARE = 0.2
"""Of the area of the largest part: what is as large is a part of it, too, however far off."""
CELL = 0.1
"""Degrees: of corners in one cell of the globe one is enough."""
NAMELESS = {"Kosovo": "XK", "N. Cyprus": "CY", "Somaliland": "SO", "Baikonur": "KZ"}
"""Shapes without a number in ISO 3166, by the code that GeoIP files have for them."""
OVERSEAS = (
    ("FR", "GF", -55, 2, -51, 6),
    ("FR", "GP", -62, 15.8, -60.9, 16.6),
    ("FR", "MQ", -61.3, 14.3, -60.7, 15),
    ("FR", "RE", 55, -21.5, 56, -20.8),
    ("FR", "YT", 44.9, -13.1, 45.4, -12.5),
    ("NL", "BQ", -68.5, 12, -62.9, 17.7),
    ("NO", "SJ", -10, 70.5, 35, 81.5),
    ("NO", "BV", 3, -55, 4, -54),
    ("AU", "CX", 105, -11, 106, -10),
    ("AU", "CC", 96, -13, 97, -11),
    ("NZ", "TK", -173, -10, -171, -8),
)
"""The country that a shape is of, the code that a region of it has, and where that is: west, south, east, north."""


class Ring(NamedTuple):
    """The outline of a part of a country: its corners, east and north in degrees; and its area in square kilometres."""

    country: str
    corners: list[tuple[float, float]]
    area: float


def rings(atlas: Any, codes: dict[str, str]) -> Iterator[Ring]:
    """All outlines of a TopoJSON file (https://github.com/topojson/topojson-specification). codes: of countries, by their numbers."""
    (east, north), (west, south) = atlas["transform"]["scale"], atlas["transform"]["translate"]
    arcs = []
    for arc in atlas["arcs"]:
        x = y = 0
        arcs.append([((x := x + dx) * east + west, (y := y + dy) * north + south) for dx, dy in arc])
    for shape in atlas["objects"]["countries"]["geometries"]:
        country = codes.get(shape.get("id", ""), NAMELESS.get(shape["properties"]["name"], ""))
        parts = {"Polygon": [shape.get("arcs")], "MultiPolygon": shape.get("arcs")}.get(shape.get("type"), [])
        for part in parts if country else ():
            corners = [corner for arc in part[0] for corner in (arcs[arc] if arc >= 0 else arcs[~arc][::-1])]
            yield Ring(_overseas(country, *corners[0]), corners, _area(corners))


def _overseas(country: str, x: float, y: float) -> str:
    for of, code, west, south, east, north in OVERSEAS:
        if of == country and west <= x <= east and south <= y <= north:
            return code
    return country


def _area(corners: list[tuple[float, float]]) -> float:
    """Good enough to tell large from small."""
    middle = cos(radians(sum(y for _, y in corners) / len(corners)))
    pairs = zip(corners, [*corners[1:], corners[0]], strict=True)
    return abs(sum(a * d - c * b for (a, b), (c, d) in pairs)) / 2 * middle * 111**2


def thinned(corners: list[tuple[float, float]]) -> list[tuple[float, float, float]]:
    """One corner of each cell, as a point on a globe of radius 1."""
    cells = {(round(x / CELL), round(y / CELL)): (radians(x), radians(y)) for x, y in corners}
    return [(cos(y) * cos(x), cos(y) * sin(x), sin(y)) for x, y in cells.values()]


def distances(points: list[tuple[str, float, float, float]]) -> dict[tuple[str, str], int]:
    """The kilometres between groups of points, from the nearest of one to the nearest of the other, by the names of both in their order."""
    database = duckdb.connect()
    database.execute("CREATE TABLE points (name VARCHAR, x DOUBLE, y DOUBLE, z DOUBLE)")
    database.executemany("INSERT INTO points VALUES (?, ?, ?, ?)", points) if len(points) < 1000 else _load(database, points)
    found = database.execute(
        "SELECT a.name, b.name, max(a.x * b.x + a.y * b.y + a.z * b.z) FROM points a, points b WHERE a.name < b.name GROUP BY ALL"
    ).fetchall()
    return {(one, other): int(RADIUS * acos(min(1.0, nearest))) for one, other, nearest in found}


def _load(database: duckdb.DuckDBPyConnection, points: list[tuple[str, float, float, float]]) -> None:
    import pyarrow as pa

    names = ("name", "x", "y", "z")
    database.register("loaded", pa.table(dict(zip(names, map(list, zip(*points, strict=True)), strict=True))))
    database.execute("INSERT INTO points SELECT * FROM loaded")


def main_parts(country: list[Ring]) -> list[Ring]:
    """Without what lies far off."""
    country.sort(key=lambda ring: -ring.area)
    apart = distances([(f"{number:05}", *point) for number, ring in enumerate(country) for point in thinned(ring.corners)])
    reached = {number for number, ring in enumerate(country) if ring.area >= SHARE * country[0].area}
    grown = True
    while grown:
        near = {pair for pair, kilometres in apart.items() if kilometres <= HOP}
        new = {int(b) for a, b in near if int(a) in reached} | {int(a) for a, b in near if int(b) in reached}
        grown = not new <= reached
        reached |= new
    return [country[number] for number in sorted(reached)]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("atlas", type=Path, help="countries-10m.json of world-atlas")
    parser.add_argument("codes", type=Path, help="codes.json of i18n-iso-countries")
    arguments = parser.parse_args()
    codes = {number: code for code, _, number, *_ in json.loads(arguments.codes.read_text())}
    countries: dict[str, list[Ring]] = {}
    for ring in rings(json.loads(arguments.atlas.read_text()), codes):
        countries.setdefault(ring.country, []).append(ring)
    points = [(name, *point) for name, several in countries.items() for ring in main_parts(several) for point in thinned(ring.corners)]
    apart = distances(points)
    names = sorted(countries)
    print("# Kilometres from country to country: of each to those before it in the list. Generated by")
    print("# tests/data_sources/generate_country_distances.py; source and licence stand in country_distances.LICENSE.")
    for number, name in enumerate(names):
        print(name, *(apart[other, name] for other in names[:number]))


if __name__ == "__main__":
    main()
