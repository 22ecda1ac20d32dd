"""Times as they stand in audit records, to milliseconds since 1970-01-01 UTC; and back, in the one form that casbd writes.

A time without a zone is UTC: that is what Microsoft 365 means (Office 365 Management Activity API schema, CreationTime).
ISO 8601 is read here; the other forms are in `casbd/records/written_times.py`. All formats, mappings and suggestions use `read`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from casbd.records.written_times import dotnet_milliseconds, moment_of

OLDEST = 946_684_800_000
"""2000-01-01: nothing that casbd reads is older, so an earlier time is a mistake in the record."""
NEWEST = 4_102_444_800_000
"""2100-01-01: the same in the other direction."""
LATEST = 253_402_300_799_999
"""The end of the year 9999, the last that a calendar date can be written for."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[0-9]{9,19}(?:\.[0-9]*)?")
_MILLISECOND = timedelta(milliseconds=1)
_FRACTIONS = [f".{millisecond:03d}Z" for millisecond in range(1000)]
_minutes: dict[str, int] = {}
_seconds = {f":{second:02d}{zone}": second * 1000 for second in range(60) for zone in ("", "Z")}


def parse(text: str) -> int:
    """`2021-03-29T12:38:44[.1234567][Z|+02:00]` (or a blank for the T), or one of the other forms, as milliseconds; else ValueError.

    Records come in runs of the same minute, so the minute is looked up and only the rest is read.
    """
    start = _minutes.get(text[:16])
    if start is None:
        if text[13:14] != ":" or text[4:5] != "-":
            return _slowly(text)
        start = _minute(text[:16])
    seconds = _seconds.get(text[16:])
    if seconds is not None:
        return start + seconds
    return _slowly(text)


def read(value: object, zone: tzinfo = UTC) -> int:
    """The milliseconds of a value of a record: a time as text of any form, or seconds to nanoseconds since 1970, as a number or as text.

    zone: whose time it is where the text names none. Also of an object that holds such a `value`, as PowerShell 5 writes it, and of
    {epochSecond, nano}, as Java writes an instant.
    ValueError for anything else.
    """
    if isinstance(value, str):
        if _NUMBER.fullmatch(value := value.strip()):
            return from_epoch(float(value))
        return parse(value) if zone is UTC else _slowly(value, zone)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return from_epoch(value)
    if isinstance(value, dict) and isinstance(inside := value.get("value"), str):
        return read(inside, zone)
    if isinstance(value, dict) and isinstance(seconds := value.get("epochSecond"), int) and isinstance(nano := value.get("nano", 0), int):
        return from_epoch(seconds) + nano // 1_000_000
    raise ValueError("is no time")


def from_epoch(value: float) -> int:
    """Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size; ValueError outside 2000 to 2100."""
    if not 0 < value < NEWEST * 1_000_000:  # not a number and infinity included
        raise ValueError("is not between 2000 and 2100")
    if value < 1e11:
        return _in_range(round(value * 1000))
    return _in_range(round(value if value < 1e14 else value / 1e3 if value < 1e17 else value / 1e6))


def _minute(text: str) -> int:
    """Milliseconds at `2021-03-29T12:38`, remembered."""
    start = _milliseconds(datetime.fromisoformat(text))
    if len(_minutes) > 100_000:
        _minutes.clear()
    _minutes[text] = start
    return start


def _slowly(text: str, zone: tzinfo = UTC) -> int:
    """Fractions of any length, offsets, no seconds; and the forms that are not ISO 8601."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        return _otherwise(text, zone, error)
    return _milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def _otherwise(text: str, zone: tzinfo, error: ValueError) -> int:
    """error: why it is not ISO 8601, which is said where it looks like that."""
    if (milliseconds := dotnet_milliseconds(text)) is not None:
        return _in_range(milliseconds)
    try:
        return _milliseconds(moment_of(text, zone))
    except OverflowError:
        raise ValueError("is not between 2000 and 2100") from None
    except ValueError as other:
        raise (error if str(other) == "is no time" else other) from None


def _milliseconds(moment: datetime) -> int:
    """In whole numbers: `timestamp()` is a float, and one in three hundred milliseconds comes out as the one before."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return _in_range((moment - _EPOCH) // _MILLISECOND)


def _in_range(milliseconds: int) -> int:
    if OLDEST <= milliseconds < NEWEST:
        return milliseconds
    raise ValueError("is not between 2000 and 2100")


def iso(milliseconds: int) -> str:
    """`2026-01-31T12:00:00.000Z`; a time before 1970 or after 9999 becomes the nearest of these."""
    if not 0 <= milliseconds <= LATEST:
        milliseconds = 0 if milliseconds < 0 else LATEST
    return _second(milliseconds // 1000) + _FRACTIONS[milliseconds % 1000]


@lru_cache(1024)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
