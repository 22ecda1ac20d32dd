"""The zone of a time, as records name it: offsets, abbreviations, names of the IANA time zone database.

Abbreviations are those of RFC 5322 (section 4.3) and of others that mean one thing; `IST` (India, Ireland, Israel) is none of them.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache

_OFFSET = re.compile(r"(?:GMT|UTC|Z)? ?([+-])([01]?[0-9]|2[0-3])(?::?([0-5][0-9]))?(?: \(?[A-Za-z ]{1,40}\)?)?", re.IGNORECASE)
"""Behind it Go and JavaScript write the zone's name as well: `GMT+0100 (Central European Standard Time)`."""
_IANA = re.compile(r"[A-Za-z]{2,20}(?:/[A-Za-z][A-Za-z0-9_+-]{1,30}){1,2}|[A-Z]{2,4}[0-9][A-Z]{3}")

_MINUTES = {"UTC": 0, "GMT": 0, "UT": 0, "Z": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "MEZ": 60, "CEST": 120, "MESZ": 120}
_MINUTES |= {"EET": 120, "EEST": 180, "MSK": 180, "SAST": 120, "JST": 540, "KST": 540, "HKT": 480, "AWST": 480, "ACST": 570, "AEST": 600}
_MINUTES |= {"ACDT": 630, "AEDT": 660, "NZST": 720, "NZDT": 780, "NST": -210, "NDT": -150, "EST": -300, "EDT": -240, "CST": -360}
_MINUTES |= {"CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600}


def zone_of(name: str) -> tzinfo:
    """The zone that `GMT-07:00`, `+0200`, `EST`, `Europe/Oslo` ... name; ValueError for what names none."""
    return _zone(name.strip())


@lru_cache(2_000)
def _zone(name: str) -> tzinfo:
    if (minutes := _MINUTES.get(name.upper())) is not None:
        return timezone(timedelta(minutes=minutes)) if minutes else UTC
    if offset := _OFFSET.fullmatch(name):
        sign = -1 if offset[1] == "-" else 1
        return timezone(sign * timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0)))
    if _IANA.fullmatch(name) and (zone := _named(name)) is not None:
        return zone
    raise ValueError(f"its time zone {name[:20]!r} is not known")


def _named(name: str) -> tzinfo | None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # most logs name none

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        return None
