"""A month of the calendar, in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

_WRITTEN = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)


class Month(NamedTuple):
    """year: four digits; number: 1 to 12."""

    year: int
    number: int

    @classmethod
    def read(cls, text: str) -> Month:
        """`2026-10`. ValueError for anything else."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise ValueError(f"`{text}` is no month, such as 2026-10")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, moment: int) -> Month:
        """The month in which a moment (ms) lies."""
        day = datetime.fromtimestamp(moment / 1000, UTC)
        return cls(day.year, day.month)

    @property
    def since(self) -> int:
        """Its first millisecond."""
        return int(datetime(self.year, self.number, 1, tzinfo=UTC).timestamp()) * 1000

    @property
    def until(self) -> int:
        """Its last millisecond."""
        return self.plus(1).since - 1

    @property
    def name(self) -> str:
        """`October 2026`."""
        return f"{_NAMES[self.number - 1]} {self.year}"

    @property
    def short(self) -> str:
        """`Oct`."""
        return _NAMES[self.number - 1][:3]

    def plus(self, months: int) -> Month:
        """So many months later, or earlier."""
        year, number = divmod(12 * self.year + self.number - 1 + months, 12)
        return Month(year, number + 1)

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02d}"


_NAMES = (  # a report is in English whatever the locale of the host is
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
