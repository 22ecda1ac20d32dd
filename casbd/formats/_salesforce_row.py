"""Looking into a row of Salesforce's, whichever export has written it."""

from __future__ import annotations

import re
from typing import Any

from casbd.errors import BadRecord
from casbd.formats._times import time_of
from casbd.records import timestamps


class Row:
    """A row's columns by name without regard to case, as tools that query the object write them; a related row as `CreatedBy.Name`."""

    def __init__(self, record: dict[str, Any]) -> None:
        self._values = dict(zip(map(str.upper, record), record.values(), strict=True))
        for key, value in record.items():
            if isinstance(value, dict):
                self._values |= {f"{key}.{name}".upper(): inner for name, inner in value.items()}

    def text(self, *names: str) -> str | None:
        """The first of these, in upper case, that is there."""
        for name in names:
            value = self._values.get(name)
            if value is not None and (text := text_in(value)):
                return text
        return None

    def flag(self, *names: str) -> bool | None:
        """The first of these that says yes or no, as 1, 0, true or false."""
        for name in names:
            value = self._values.get(name)
            flag = _FLAGS.get(value.strip().casefold() if isinstance(value, str) else value if isinstance(value, int) else None)
            if flag is not None:
                return flag
        return None


_FLAGS = {1: True, "1": True, "1.0": True, "true": True, "yes": True, 0: False, "0": False, "0.0": False, "false": False, "no": False}
"""A tool that reads numbers and writes them again makes 1.0 of 1. True and False are 1 and 0 as keys."""


def text_in(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return None
    return (value if value.isascii() else _HALF_A_PAIR.sub("\ufffd", value)).strip() or None


_HALF_A_PAIR = re.compile("[\ud800-\udfff]")


def lower(name: str | None) -> str | None:
    return name.lower() if name and "@" in name else name


_AMERICAN = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}),?\s+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?\s+([AP])M\s+([A-Z]{2,5})")
_ZONES = {"GMT": 0, "UTC": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
_ZONES |= {"AKST": -9, "AKDT": -8, "HST": -10}


def time_in(column: str, text: str) -> int:
    american = _AMERICAN.fullmatch(text)
    if american is None and "/" in text:
        raise BadRecord(f"{column} {text[:40]!r}: not an American date and time with a zone, such as 1/31/2026, 12:00:00 PM PST")
    try:
        return timestamps.parse(_iso(column, american)) if american else time_of(column, text)
    except ValueError as error:
        raise BadRecord(f"{column} {text[:40]!r}: {str(error)[:60]}") from None


def _iso(column: str, american: re.Match[str]) -> str:
    month, day, year, hour, minute, second, half, zone = american.groups()
    if zone not in _ZONES:
        raise BadRecord(f"{column} {american[0][:40]!r}: the zone {zone} is not known")
    if not 0 < int(hour) < 13:
        raise BadRecord(f"{column} {american[0][:40]!r}: no such hour")
    hours = int(hour) % 12 + (12 if half == "P" else 0)
    return f"{year}-{month:0>2}-{day:0>2}T{hours:02}:{minute}:{second or '00'}{_ZONES[zone]:+03}:00"
