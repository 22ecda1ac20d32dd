"""What a record of a GeoIP file says, in either of the two layouts that exist.

Nested: MaxMind's GeoLite2 and GeoIP2 (https://dev.maxmind.com/geoip/docs/databases/) and DB-IP's (https://db-ip.com/db/). Flat:
IPinfo's (https://ipinfo.io/developers/database-types) and the free ones of https://github.com/sapics/ip-location-db, where
numbers may be text, `country` is the code or the name, and unknown is an empty text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

Spot = tuple[str | None, float | None, float | None]
"""city, latitude, longitude"""
Network = tuple[str | None, int | None]
"""isp, asn"""
Found = tuple[str | None, Spot | None, Network | None]
"""country, and what lies within it and behind the address; None where nothing is known"""

NOTHING: Found = (None, None, None)
NOWHERE = ""
"""The country of an address of which the file knows that it has no place, only where it is registered."""

# The names a thing has, `a.b` in the nested layout; the first that has a value of the right form counts.
_COUNTRY = ("country.iso_code", "country_code", "country", "country.code", "country_iso_code")
_REGISTERED = ("registered_country.iso_code", "represented_country.iso_code")
_CITY = ("city.names.en", "city", "city_name", "city.name")
_LATITUDE = ("location.latitude", "latitude", "lat")
_LONGITUDE = ("location.longitude", "longitude", "lng", "lon")
_ISP = (
    *("traits.isp", "isp", "traits.autonomous_system_organization", "autonomous_system_organization", "as_name", "as_organization"),
    *("asn.name", "as.name", "asn.org", "traits.organization", "organization", "org"),
)
_ASN = ("traits.autonomous_system_number", "autonomous_system_number", "as_number", "asn", "asn.asn", "as.asn", "asn.number", "org")
# IPinfo: `asn: AS2116`, `org: AS2116 GLOBALCONNECT`.
_NUMBER_AND_NAME = re.compile(r"(?:AS)?(\d{1,10})(?:\s+(.+))?", re.ASCII | re.IGNORECASE)
_HIGHEST_ASN = 2**32 - 1


def understand(record: Any) -> Found:
    """Place and network in a decoded record; a place without a country counts as none, and so does where an address is registered."""
    country = next((code.upper() for code in _values(record, _COUNTRY) if _is_country(code)), None)
    if country is None:
        is_registered = any(_is_country(code) for code in _values(record, _REGISTERED))
        return NOWHERE if is_registered else None, None, _network(record)
    spot = _first_text(record, _CITY), _degrees(record, _LATITUDE, 90), _degrees(record, _LONGITUDE, 180)
    return country, None if spot == (None, None, None) else spot, _network(record)


def _is_country(code: Any) -> bool:
    return isinstance(code, str) and len(code) == 2 and code.isascii() and code.isalpha() and code.upper() != "ZZ"


def _network(record: Any) -> Network | None:
    isp = _first_text(record, _ISP)
    if isp and isp[:2].upper() == "AS" and (both := _NUMBER_AND_NAME.fullmatch(isp)):
        isp = both[2]
    asn = next((number for value in _values(record, _ASN) if (number := _number(value))), None)
    if isp is None and asn is not None:
        isp = _first_text(record, ("name",))  # IPinfo's ASN file
    return None if isp is None and asn is None else (isp, asn)


def _number(value: Any) -> int | None:
    """An autonomous system's number. `123 Main Street` is none: a name has to follow `AS123`."""
    number_and_name = _NUMBER_AND_NAME.fullmatch(str(value))
    if not number_and_name or (number_and_name[2] and str(value)[:2].upper() != "AS"):
        return None
    number = int(number_and_name[1])
    return number if 0 < number <= _HIGHEST_ASN else None


def _values(record: Any, names: Sequence[str]) -> Iterator[Any]:
    """What is there under these names, in their order."""
    for name in names:
        value = record
        for step in name.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if value is not None and not isinstance(value, dict):
            yield value


def _first_text(record: Any, names: Sequence[str]) -> str | None:
    return next((text for value in _values(record, names) if isinstance(value, str) and (text := value.strip()) not in ("", "-")), None)


def _degrees(record: Any, names: Sequence[str], most: float) -> float | None:
    for value in _values(record, names):
        try:
            degrees = float(value)
        except (TypeError, ValueError):
            continue
        if -most <= degrees <= most:  # false of what is no number, too
            return degrees
    return None
