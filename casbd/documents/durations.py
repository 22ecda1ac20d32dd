"""Lengths of time as people write them: `30s`, `5m`, `2h`, `180d`. In casbd they are milliseconds."""

from __future__ import annotations

import re
from typing import Any

UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
"""Milliseconds of each, the shortest first."""
ALLOWED = "a whole number and s, m, h or d, such as 5m"
_WRITTEN = re.compile(r"\s*(\d{1,9})\s*(s|m|h|d)\s*")


def milliseconds(value: Any) -> int | None:
    """`5m` as 300,000; None where it is no length of time, or is none at all."""
    written = _WRITTEN.fullmatch(value) if isinstance(value, str) else None
    return int(written[1]) * UNITS[written[2]] or None if written else None


def written(milliseconds: int) -> str:
    """300,000 as `5m`: in the largest unit of which it is a whole number."""
    for unit, size in reversed(UNITS.items()):
        if milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"
