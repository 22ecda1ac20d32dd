"""What a record of a GeoIP file says, in either of the two layouts that exist.

Nested: MaxMind's GeoLite2 and GeoIP2 (https://dev.maxmind.com/geoip/docs/databases/). Flat: the free databases
(https://github.com/sapics/ip-location-db), where numbers may be text and unknown is an empty text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Spot = tuple[str | None, float | None, float | None]
"""city, latitude, longitude"""
Network = tuple[str | None, int | None]
"""isp, asn"""
Found = tuple[str | None, Spot | None, Network | None]
"""country, and what lies within it and behind the address; None where nothing is known"""

NOTHING: Found = (None, None, None)

# The names a thing has, `a.b` in the nested layout; the first that has a value counts.
_COUNTRY = ("country.iso_code", "country_code", "registered_country.iso_code")
_CITY = ("city.names.en", "city", "city_name")
_LATITUDE = ("location.latitude", "latitude", "lat")
_LONGITUDE = ("location.longitude", "longitude", "lng", "lon")
_ISP = ("traits.isp", "isp", "traits.autonomous_system_organization", "autonomous_system_organization", "as_name", "as_organization", "org")
_ASN = ("traits.autonomous_system_number", "autonomous_system_number", "as_number", "asn")


def understand(record: Any) -> Found:
    """Place and network in a decoded record; a place without a country counts as none."""
    country = _first(record, _COUNTRY)
    if not (isinstance(country, str) and len(country) == 2 and country.isascii() and country.isalpha()) or country.upper() == "ZZ":
        return None, None, _network(record)
    spot = _text(_first(record, _CITY)), _degrees(_first(record, _LATITUDE)), _degrees(_first(record, _LONGITUDE))
    return country.upper(), None if spot == (None, None, None) else spot, _network(record)


def _network(record: Any) -> Network | None:
    isp = _text(_first(record, _ISP))
    number = str(_first(record, _ASN) or "").upper().removeprefix("AS")
    asn = int(number) if number.isascii() and number.isdigit() and len(number) <= 10 else None
    return None if isp is None and asn is None else (isp, asn)


def _first(record: Any, names: Sequence[str]) -> Any:
    for name in names:
        value = record
        for step in name.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if value not in (None, "") and not isinstance(value, dict):
            return value
    return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _degrees(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
