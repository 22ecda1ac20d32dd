"""Times as they stand in audit records, to milliseconds since 1970-01-01 UTC.

A time without a zone is UTC: that is what Microsoft 365 means (Office 365 Management Activity API schema, CreationTime).
"""

from __future__ import annotations

from datetime import UTC, datetime

OLDEST = 946_684_800_000
"""2000-01-01: nothing that casbd reads is older, so an earlier time is a mistake in the record."""
NEWEST = 4_102_444_800_000
"""2100-01-01: the same in the other direction."""

_minutes: dict[str, int] = {}
_seconds = {f":{second:02d}{zone}": second * 1000 for second in range(60) for zone in ("", "Z")}


def parse(text: str) -> int:
    """`2021-03-29T12:38:44[.1234567][Z|+02:00]` (or a blank for the T) as milliseconds; ValueError for anything else.

    Records come in runs of the same minute, so the minute is looked up and only the rest is read.
    """
    start = _minutes.get(text[:16])
    if start is None:
        start = _minute(text[:16])
    seconds = _seconds.get(text[16:])
    if seconds is not None:
        return start + seconds
    return _slowly(text)


def from_epoch(value: float) -> int:
    """Seconds or milliseconds since 1970, told apart by their size; ValueError outside 2000 to 2100."""
    return _in_range(int(value if value >= 1e11 else value * 1000))


def _minute(text: str) -> int:
    """Milliseconds at `2021-03-29T12:38`, remembered."""
    start = _in_range(int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000)
    if len(_minutes) > 100_000:
        _minutes.clear()
    _minutes[text] = start
    return start


def _slowly(text: str) -> int:
    """Fractions of any length, offsets, no seconds."""
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return _in_range(int(moment.timestamp() * 1000 + 1e-4))


def _in_range(milliseconds: int) -> int:
    if OLDEST <= milliseconds < NEWEST:
        return milliseconds
    raise ValueError("is not between 2000 and 2100")
