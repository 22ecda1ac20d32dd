"""Country, city, coordinates, provider and autonomous system of the client's address, from MaxMind-format files.

Both layouts that exist are read: MaxMind's own (nested: `country.iso_code`, `city.names.en`) and the flat one of the
free databases (`country_code`, `city`). Without any configuration the country file in `casbd/data` serves.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, ClassVar

from maxminddb import MODE_MEMORY, InvalidDatabaseError, open_database

from casbd.errors import Mistake, Mistakes
from casbd.model.activity import Activity
from casbd.plugins import ConfigPath
from casbd.plugins import Options as PluginOptions
from casbd.registry import plugin

log = logging.getLogger(__name__)

CACHED = 100_000
"""Addresses whose answer is kept."""

Record = Mapping[str, Any]
Spot = tuple[str | None, float | None, float | None]
"""city, latitude, longitude"""
Network = tuple[str | None, int | None]
"""isp, asn"""
Found = tuple[str | None, Spot | None, Network | None]
"""country, and what lies within and behind it; None where nothing is known"""

# The same thing under the names of the layouts: `a.b` is the nested one. The first that is there counts.
COUNTRY = ("country.iso_code", "country_code", "registered_country.iso_code")
CITY = ("city.names.en", "city", "city_name")
LATITUDE = ("location.latitude", "latitude", "lat")
LONGITUDE = ("location.longitude", "longitude", "lng", "lon")
ISP = ("traits.isp", "isp", "traits.autonomous_system_organization", "autonomous_system_organization", "as_name", "as_organization", "org")
ASN = ("traits.autonomous_system_number", "autonomous_system_number", "as_number", "asn")

DAMAGED = (InvalidDatabaseError, ValueError, TypeError, LookupError, ArithmeticError, RecursionError, MemoryError, struct.error)
"""What the reader raises over bytes that make no sense."""


@plugin
class GeoIP:
    """Looks every address up once, in up to three files."""

    class Options(PluginOptions):
        """Paths to MaxMind-format files (`.mmdb`).

        city: with places; its country is used too. country: where `city` has no place; left out: the file that ships
        with casbd. asn: with providers and autonomous systems.
        """

        city: ConfigPath | None = None
        country: ConfigPath | None = None
        asn: ConfigPath | None = None

    example: ClassVar[dict[str, Any]] = {"city": "GeoLite2-City.mmdb", "asn": "GeoLite2-ASN.mmdb"}
    section: ClassVar[str] = "enrichment"
    order: ClassVar[int] = 10
    provides: ClassVar[tuple[str, ...]] = ("country", "city", "latitude", "longitude", "isp", "asn")

    def __init__(self, options: Options) -> None:
        country = options.country or Path(str(files("casbd").joinpath("data", "country.mmdb")))
        self._paths = [path for path in (options.city, country, options.asn) if path]
        self._databases = _open_all(self._paths)
        self._found = lru_cache(maxsize=CACHED)(self._look_up)

    def enrich(self, activity: Activity) -> None:
        """Place and network of `ip_address`; what no file knows stays as the export had it."""
        ip = activity.ip_address
        if ip is None:
            return
        country, spot, network = self._found(ip)
        if country is not None:
            activity.country = country
        if spot is not None:
            activity.city, activity.latitude, activity.longitude = spot
        if network is not None:
            activity.isp, activity.asn = network

    def files(self) -> Sequence[Path]:
        """The databases, the shipped one included: an upgrade of the package replaces it."""
        return self._paths

    def _look_up(self, ip: str) -> Found:
        try:
            address = ip_address(ip)
        except ValueError:
            return None, None, None
        # Some databases place what is in no particular place: the shipped one says Australia to 192.168.1.1.
        if not address.is_global:
            return None, None, None
        records = [record for database in self._databases if (record := database.get(address))]
        country, spot = next((place for record in records if (place := _place(record))), (None, None))
        return country, spot, next((network for record in reversed(records) if (network := _network(record))), None)


class Database:
    """One MaxMind-format file, held in memory: overwriting it in place must not change what is being read.

    Read in Python, not by maxminddb's C extension: that one is ten times faster, but a flipped byte in the file can
    kill the process (segmentation fault), and every address is looked up only once.
    Raises Mistakes where the file cannot be read, is of another kind, or fails at a first look-up.
    """

    def __init__(self, path: Path) -> None:
        self._name = str(path)
        self._complained = False
        try:
            self._reader = open_database(path, MODE_MEMORY)
            self._version = self._reader.metadata().ip_version
            self._reader.get("8.8.8.8")
        except OSError as error:
            raise Mistakes([Mistake(self._name, 0, 0, f"cannot be read: {error.strerror or error}")]) from None
        except DAMAGED as error:
            detail = str(error) if isinstance(error, InvalidDatabaseError) and self._name not in str(error) else ""
            raise Mistakes([Mistake(self._name, 0, 0, "is no MaxMind-format database, or a damaged one", detail)]) from None

    def get(self, address: IPv4Address | IPv6Address) -> Record | None:
        """What the file has about an address; None also where that part of it is damaged."""
        if address.version > self._version:
            return None
        try:
            record = self._reader.get(address)
        except DAMAGED as error:
            if not self._complained:
                log.warning("a GeoIP file is damaged; what cannot be read is unknown", extra={"file": self._name, "error": str(error)})
                self._complained = True
            return None
        return record if isinstance(record, dict) else None


def _open_all(paths: Sequence[Path]) -> list[Database]:
    """Every file, or the mistakes of all of them."""
    databases: list[Database] = []
    mistakes: list[Mistake] = []
    for path in paths:
        try:
            databases.append(Database(path))
        except Mistakes as found:
            mistakes.extend(found.found)
    if mistakes:
        raise Mistakes(mistakes)
    return databases


def _place(record: Record) -> tuple[str, Spot | None] | None:
    """Where the record says the address is; None where it tells no country."""
    country = _first(record, COUNTRY)
    if not (isinstance(country, str) and len(country) == 2 and country.isalpha()) or country.upper() == "ZZ":
        return None
    spot = _text(_first(record, CITY)), _degrees(_first(record, LATITUDE)), _degrees(_first(record, LONGITUDE))
    return country.upper(), None if spot == (None, None, None) else spot


def _network(record: Record) -> Network | None:
    """Whose network the record says it is; None where it tells neither name nor number."""
    isp = _text(_first(record, ISP))
    number = str(_first(record, ASN) or "").upper().removeprefix("AS")
    asn = int(number) if number.isdecimal() and len(number) <= 10 else None
    return None if isp is None and asn is None else (isp, asn)


def _first(record: Record, names: Sequence[str]) -> Any:
    """The first of the names that has a value; a dot leads into a nested map."""
    for name in names:
        value: Any = record
        for step in name.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if value not in (None, "") and not isinstance(value, dict):
            return value
    return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _degrees(value: Any) -> float | None:
    try:
        return float(value)  # the flat databases have them as text or as number
    except (TypeError, ValueError):
        return None
