"""Country, city, coordinates, provider and autonomous system of the client's address, from MaxMind-format files.

Both layouts that exist are read: MaxMind's own (nested: `country.iso_code`, `city.names.en`) and the flat one of IPinfo and
the free databases (`country_code` or `country`, `city`). Where an address is only registered is no place. Without any
configuration the country file in `casbd/data` serves.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

from maxminddb import InvalidDatabaseError
from pydantic import Field

from casbd.enrichers._geo_records import NOTHING, Found, understand
from casbd.enrichers._mmdb import DAMAGED, Database
from casbd.enrichers._prefixes import is_special, read_address
from casbd.errors import Mistake, Mistakes
from casbd.plugins import ConfigPath, Options, registry
from casbd.wire.plain_text import cut, single_line

log = logging.getLogger(__name__)

_KNOWS: Mapping[str, tuple[str, str, Callable[[Found], bool]]] = {
    "city": ("cities", "GeoLite2-City", lambda found: found[1] is not None),
    "country": ("countries", "GeoLite2-Country", lambda found: bool(found[0])),
    "asn": ("providers and autonomous systems", "GeoLite2-ASN", lambda found: found[2] is not None),
}
"""What a file must know to serve under an option, one that does, and whether an answer is that."""


class GeoIPOptions(Options):
    """Files in MaxMind's format (MaxMind, DB-IP, IPinfo ...). A replaced one is noticed."""

    city: ConfigPath | None = None
    """Places; its country is used too."""
    country: ConfigPath | None = Field(default=None, examples=["GeoLite2-Country.mmdb"])
    """Countries, where `city` has no place. Left out: the file that ships with casbd (CC0)."""
    asn: ConfigPath | None = None
    """Providers and autonomous systems."""


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
        country = options.country or Path(str(files("casbd").joinpath("data", "country.mmdb")))
        paths = {"city": options.city, "country": country, "asn": options.asn}
        self._paths = [path for path in paths.values() if path]
        self._geo_files = _open_all({option: path for option, path in paths.items() if path})
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


class GeoFile:
    """One file, and what happens when it turns out to be damaged.

    option: which one names it. Raises Mistakes where the file cannot be read, fails at a first look-up, or knows nothing of what it
    is there for.
    """

    def __init__(self, option: str, path: Path) -> None:
        self._name = str(path)
        self._complained = False
        try:
            self._database = Database(path, understand)
            self._database.get(*read_address("8.8.8.8"))
        except OSError as error:
            raise Mistakes([Mistake(self._name, 0, 0, f"cannot be read: {error.strerror or error}")]) from None
        except DAMAGED as error:
            detail = str(error) if isinstance(error, InvalidDatabaseError) and "<" not in str(error) else ""
            raise Mistakes([Mistake(self._name, 0, 0, "is no MaxMind-format database, or a damaged one", detail)]) from None
        self._check_what_it_knows(option)

    def _check_what_it_knows(self, option: str) -> None:
        needed, example, is_there = _KNOWS[option]
        if any(map(is_there, self._database.sample())):
            return
        serves = [other for other, (_, _, is_other) in _KNOWS.items() if any(map(is_other, self._database.sample()))]
        hint = f"needed is one such as {example}" + (f"; this one can be `{'` or `'.join(serves)}`" if serves else "")
        kind = cut(single_line(self._database.kind), 60)
        raise Mistakes([Mistake(self._name, 0, 0, f"has no {needed}, which `{option}` is for; it says that it is `{kind}`", hint)])

    def get(self, bits: int, number: int) -> Found:
        """What the file has about an address; nothing also where that part of it is damaged."""
        try:
            return self._database.get(bits, number) or NOTHING
        except DAMAGED as error:
            if not self._complained:
                log.warning("a GeoIP file is damaged; what cannot be read is unknown", extra={"file": self._name, "error": str(error)})
                self._complained = True
            return NOTHING


def _open_all(paths: Mapping[str, Path]) -> list[GeoFile]:
    """Every file, or the mistakes of all of them."""
    opened: list[GeoFile] = []
    mistakes: list[Mistake] = []
    for option, path in paths.items():
        try:
            opened.append(GeoFile(option, path))
        except Mistakes as error:
            mistakes.extend(error.mistakes)
    if mistakes:
        raise Mistakes(mistakes)
    return opened
