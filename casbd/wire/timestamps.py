"""Times as they stand in audit records, to milliseconds since 1970-01-01 UTC; and back, in the one form that casbd writes.

A time without a zone is UTC: that is what Microsoft 365 means (Office 365 Management Activity API schema, CreationTime).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

OLDEST = 946_684_800_000
"""2000-01-01: nothing that casbd reads is older, so an earlier time is a mistake in the record."""
NEWEST = 4_102_444_800_000
"""2100-01-01: the same in the other direction."""
LATEST = 253_402_300_799_999
"""The end of the year 9999, the last that a calendar date can be written for."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_minutes: dict[str, int] = {}
_seconds = {f":{second:02d}{zone}": second * 1000 for second in range(60) for zone in ("", "Z")}


def parse(text: str) -> int:
    """`2021-03-29T12:38:44[.1234567][Z|+02:00]` (or a blank for the T) as milliseconds; ValueError for anything else.

    Records come in runs of the same minute, so the minute is looked up and only the rest is read.
    """
    start = _minutes.get(text[:16])
    if start is None:
        if text[13:14] != ":":
            return _slowly(text)
        start = _minute(text[:16])
    seconds = _seconds.get(text[16:])
    if seconds is not None:
        return start + seconds
    return _slowly(text)


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


def _slowly(text: str) -> int:
    """Fractions of any length, offsets, no seconds."""
    return _milliseconds(datetime.fromisoformat(text.strip()))


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
    milliseconds = min(max(milliseconds, 0), LATEST)
    return f"{_second(milliseconds // 1000)}.{milliseconds % 1000:03d}Z"


@lru_cache(1024)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
