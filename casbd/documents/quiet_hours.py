"""Hours of the day in which nobody is to be woken: `22:00-07:00 Europe/Oslo`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_WRITTEN = re.compile(r"([01]\d|2[0-3]):([0-5]\d) ?- ?([01]\d|2[0-3]):([0-5]\d)(?: (\S+))?")
ALLOWED = "22:00-07:00 or 22:00-07:00 Europe/Oslo"


class QuietHours(NamedTuple):
    """Every day from `start` to `end`, minutes after midnight; over midnight where the end comes first."""

    start: int
    end: int
    zone: tzinfo

    @classmethod
    def read(cls, text: str) -> QuietHours:
        """As it is written; UTC where no zone is named. ValueError where it is no such thing."""
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"`{text}` are no quiet hours; write {ALLOWED}")
        start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        if start == end:
            raise ValueError(f"`{text}` begin and end at the same time; write {ALLOWED}")
        return cls(start, end, _zone(found[5]) if found[5] else UTC)

    def end_of(self, now: int) -> int | None:
        """When the quiet that holds now (ms) is over, in milliseconds; None where it is not quiet."""
        local = datetime.fromtimestamp(now / 1000, self.zone)
        minute = local.hour * 60 + local.minute
        inside = self.start <= minute < self.end if self.start < self.end else minute >= self.start or minute < self.end
        if not inside:
            return None
        day = local.date() + timedelta(days=1 if minute >= self.end else 0)
        over = datetime(day.year, day.month, day.day, self.end // 60, self.end % 60, tzinfo=self.zone)
        return max(int(over.timestamp() * 1000), now + 60_000)  # where clocks are set back at that hour, it may be over only on paper


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"`{name}` is no time zone that this host knows; write one as Europe/Oslo") from None


def checked_hours(text: str) -> str:
    """The text as it is. ValueError where it does not say quiet hours."""
    QuietHours.read(text)
    return text
