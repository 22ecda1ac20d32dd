"""Times as people write them on the command line, to milliseconds since 1970-01-01 UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

FORMS = "2026-01-31, 2026-01-31T12:00, with Z, +01:00 or Europe/Oslo behind it, today, yesterday, now, -30m, -12h, -7d, -4w"
"""What can be written, UTC where no zone is given."""

_AGO = re.compile(r"-(\d{1,6})([smhdw])")
_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
_ZONE = re.compile(r"(.*\S)\s+([A-Za-z]\S*|[+-]\d\d:?\d\d)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def milliseconds(text: str, now: int, *, end: bool = False) -> int:
    """The time that a text means; ValueError, with what can be written, for any other text.

    now: what relative times count from. end: of a day alone its last millisecond is meant, not its first.
    """
    text = text.strip()
    ago = _AGO.fullmatch(text)
    if ago:
        return now - int(ago[1]) * _UNITS[ago[2]]
    if text == "now":
        return now
    try:
        moment, zone = _with_zone(text)
        day = _day(moment, now, zone)
        if day is None:
            return _since_epoch(datetime.fromisoformat(moment), zone)
        if end:
            return _since_epoch(datetime.combine(day + timedelta(days=1), time()), zone) - 1
        return _since_epoch(datetime.combine(day, time()), zone)
    except (ValueError, KeyError, OSError, OverflowError):  # KeyError, OSError: such is no zone; OverflowError: after the year 9999
        raise ValueError(f"{text!r} is no time; write {FORMS}") from None


def _with_zone(text: str) -> tuple[str, tzinfo]:
    """A time and the zone behind it, which is an offset or a name."""
    parts = _ZONE.fullmatch(text)
    if parts is None:
        return text, UTC
    if parts[2][0] in "+-":
        zone = datetime.fromisoformat(f"2000-01-01T00:00{parts[2]}").tzinfo
        assert zone is not None
        return parts[1], zone
    from zoneinfo import ZoneInfo

    return parts[1], ZoneInfo(parts[2])


def _day(text: str, now: int, zone: tzinfo) -> date | None:
    """The day that is meant, if no time of it is."""
    if text in ("today", "yesterday"):
        today = (_EPOCH + now * _MILLISECOND).astimezone(zone).date()
        return today - timedelta(days=text == "yesterday")
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _since_epoch(moment: datetime, zone: tzinfo) -> int:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    elif zone is not UTC:
        raise ValueError("two zones")
    return (moment - _EPOCH) // _MILLISECOND
