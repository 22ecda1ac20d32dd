"""Times in words and figures, as programs show them to people: everything but ISO 8601, which the standard library reads.

* `11/20/2026, 1:05:00.123 PM`: the American way, which the Azure portal and .NET write; month first, with AM or PM. Without these
  nobody can know the order, so `11/20/2026 13:05` is none: a mapping says its `format`
* `Nov 20 2026 10:05:01.123 GMT-07:00` (CEF), `20/Nov/2026:10:05:01 +0200` (Apache), `Fri, 20 Nov 2026 10:05:01 +0000` (RFC 5322),
  `Fri Nov 20 10:05:01 EST 2026` (`date`), `2026/11/20 10:05:01`, and ISO 8601 with a zone's name behind it: `2026-11-20 10:05:01 UTC`
* `/Date(1795169101000+0200)/`: .NET's JSON, milliseconds since 1970 in UTC; the offset says where it was written, and nothing more
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo
from functools import cache

from casbd.records.time_zones import zone_of

LONGEST = 80
"""Characters. Nothing longer is a time."""

_DOTNET = re.compile(r"\\?/?Date\((-?[0-9]{1,17})(?:[+-][0-9]{4})?\)\\?/?")
_MONTHS = {"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12}
_MONTH = r"(?P<month>[A-Za-z]{3})[a-z]{0,6}\.?"
_DATES = (
    rf"{_MONTH} (?P<day>[0-9]{{1,2}})(?:,? (?P<year>[0-9]{{4}}))?",
    rf"(?P<day>[0-9]{{1,2}})[ /-]{_MONTH}[ /-](?P<year>[0-9]{{4}})",
    r"(?P<year>[0-9]{4})[/-](?P<month>[0-9]{1,2})[/-](?P<day>[0-9]{1,2})",
    r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})(?=.*[AaPp]\.?[Mm])",
)
_CLOCK = (
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
)


@cache
def _forms() -> tuple[re.Pattern[str], ...]:
    """Compiled when the first time comes that is not ISO 8601: it takes longer than some commands' own work."""
    tail = rf"(?:, ?| |T|:| at ){_CLOCK}(?: ?(?P<zone>[A-Za-z+-].{{0,40}}?))?(?P<last> [0-9]{{4}})?"
    return tuple(re.compile(rf"(?:[A-Za-z]{{3,9}},? )?{date}{tail}") for date in _DATES)


def moment_of(text: str, zone: tzinfo) -> datetime:
    """The moment, with its zone: the given one where the text names none; ValueError for anything else."""
    if len(text) > LONGEST:
        raise ValueError("is no time")
    words = " ".join(text.replace("\u200e", "").split())  # browsers put narrow blanks and marks of direction around AM and PM
    for form in _forms():
        if match := form.fullmatch(words):
            return _moment(match, zone)
    raise ValueError("is no time")


def dotnet_milliseconds(text: str) -> int | None:
    """Milliseconds since 1970 in .NET's `/Date(...)/`, with or without its slashes; None for any other text."""
    match = _DOTNET.fullmatch(text.strip())
    return int(match[1]) if match else None


def _moment(match: re.Match[str], zone: tzinfo) -> datetime:
    year = match["year"] or match["last"]
    if not year or (match["year"] and match["last"]):
        raise ValueError("its year is missing" if not year else "is no time")
    month = match["month"] if match["month"].isdigit() else _MONTHS.get(match["month"].lower(), 0)
    hour = int(match["hour"])
    if half := match["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("its hour is none of twelve")
        hour = hour % 12 + (12 if half in "Pp" else 0)
    fraction = timedelta(microseconds=int((match["fraction"] or "0").ljust(6, "0")[:6]))
    moment = datetime(int(year), int(month), int(match["day"]), hour, int(match["minute"]), int(match["second"] or 0))  # noqa: DTZ001
    return (moment + fraction).replace(tzinfo=zone_of(match["zone"]) if match["zone"] else zone)
