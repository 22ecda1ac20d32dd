"""One of the files of `geoip.py`, each there for something; what happens when it is damaged, or is for something else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from maxminddb import InvalidDatabaseError

from casbd.enrichers._geo_records import NOTHING, Found, understand
from casbd.enrichers._mmdb import DAMAGED, Database
from casbd.enrichers._prefixes import read_address
from casbd.errors import Mistake, Mistakes
from casbd.wire.plain_text import cut, single_line

log = logging.getLogger(__name__)

_KNOWS: Mapping[str, tuple[str, str, Callable[[Found], bool]]] = {
    "city": ("cities", "GeoLite2-City", lambda found: found[1] is not None),
    "country": ("countries", "GeoLite2-Country", lambda found: bool(found[0])),
    "asn": ("providers and autonomous systems", "GeoLite2-ASN", lambda found: found[2] is not None),
}
"""What a file must know to serve under an option, one that does, and whether an answer is that."""


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

    @property
    def made(self) -> tuple[str, int]:
        """The file, and when it was built (ms)."""
        return self._name, self._database.made

    def get(self, bits: int, number: int) -> Found:
        """What the file has about an address; nothing also where that part of it is damaged."""
        try:
            return self._database.get(bits, number) or NOTHING
        except DAMAGED as error:
            if not self._complained:
                log.warning("a GeoIP file is damaged; what cannot be read is unknown", extra={"file": self._name, "error": str(error)})
                self._complained = True
            return NOTHING


def open_all(paths: Mapping[str, Path]) -> list[GeoFile]:
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
