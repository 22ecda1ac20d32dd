"""Country, city, coordinates, provider and autonomous system of the client's address, from MaxMind-format files.

Both layouts that exist are read: MaxMind's own (nested: `country.iso_code`, `city.names.en`) and the flat one of IPinfo and
the free databases (`country_code` or `country`, `city`). Where an address is only registered is no place. Without any
configuration the country file in `casbd/data` serves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from casbd.enrichers._geo_records import NOTHING, Found
from casbd.enrichers._prefixes import is_special, read_address
from casbd.plugins import Aging, ConfigPath, Options, registry


class GeoIPOptions(Options):
    """Files in MaxMind's format (MaxMind, DB-IP, IPinfo ...). A replaced one is noticed."""

    city: ConfigPath | None = None
    """Places; its country is used too."""
    country: ConfigPath | None = Field(default=None, examples=["GeoLite2-Country.mmdb"])
    """Countries, where `city` has no place. Left out: the file that ships with casbd (CC0)."""
    asn: ConfigPath | None = None
    """Providers and autonomous systems."""


_SHIPPED = Path(str(files("casbd").joinpath("data", "country.mmdb")))
_GOOD_FOR = 180 * 86_400_000
"""Milliseconds: by then some of the addresses have changed hands."""


@registry.enricher
class GeoIP:
    """Looks addresses up in up to three files."""

    Options: ClassVar[type[Options]] = GeoIPOptions
    example: ClassVar[dict[str, Any]] = {"city": "GeoLite2-City.mmdb", "asn": "GeoLite2-ASN.mmdb"}
    by_default: ClassVar[bool] = True
    section: ClassVar[str] = "enrichment"
    order: ClassVar[int] = 10
    reads: ClassVar[tuple[str, ...]] = ("ip_address",)
    provides: ClassVar[tuple[str, ...]] = ("country", "city", "latitude", "longitude", "isp", "asn")

    def __init__(self, options: GeoIPOptions) -> None:
        from casbd.enrichers._geo_file import open_all  # who only reads the configuration is done in the time that it takes

        country = options.country or _SHIPPED
        paths = {"city": options.city, "country": country, "asn": options.asn}
        self._paths = [path for path in paths.values() if path]
        self._geo_files = open_all({option: path for option, path in paths.items() if path})
        self._has_places, self._has_networks = options.city is not None, options.asn is not None

    def look_up(self, ip: str) -> dict[str, Any]:
        """Place and network of `ip_address`; what no file knows stays as the export had it."""
        country, spot, network = self._look_up(ip)
        fields: dict[str, Any] = {}
        if country:  # neither unknown nor NOWHERE
            fields["country"] = country
        if spot is not None:
            fields |= zip(("city", "latitude", "longitude"), spot, strict=True)
        if network is not None:
            fields |= zip(("isp", "asn"), network, strict=True)
        return fields

    def lacks(self) -> Mapping[str, str]:
        """Places and networks are in no file that ships with casbd."""
        places = {} if self._has_places else dict.fromkeys(("city", "latitude", "longitude"), "a city file (enrichment.city)")
        return places | ({} if self._has_networks else dict.fromkeys(("isp", "asn"), "an ASN file (enrichment.asn)"))

    def data(self) -> Sequence[Aging]:
        """Of each file when it was built."""
        return [
            Aging(f"GeoIP file {name}", made, _GOOD_FOR, "update casbd" if name == str(_SHIPPED) else "download a newer one into its place")
            for name, made in (one.made for one in self._geo_files)
        ]

    def files(self) -> Sequence[Path]:
        """The databases, the shipped one included: an upgrade of the package replaces it."""
        return self._paths

    def _look_up(self, ip: str) -> Found:
        try:
            bits, number = read_address(ip)
        except ValueError:
            return NOTHING
        # Some databases place what is in no particular place: the shipped one says Australia to 192.168.1.1.
        if is_special(bits, number):
            return NOTHING
        answers = [file.get(bits, number) for file in self._geo_files]
        country, spot, _ = next((answer for answer in answers if answer[0] is not None), NOTHING)
        # The last file is the one for networks, if there is one.
        return country, spot, next((network for _, _, network in reversed(answers) if network is not None), None)
