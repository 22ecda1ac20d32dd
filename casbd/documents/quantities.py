"""Lengths of time as people write them in YAML: `30s`, `5m`, `2h`, `180d`."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def milliseconds(value: Any) -> int:
    """`30s`, `5m`, `2h`, `180d` as milliseconds; ValueError says what is allowed."""
    found = re.fullmatch(r"\s*(\d{1,9})\s*([smhd])\s*", value) if isinstance(value, str) else None
    if found is None or int(found[1]) == 0:
        raise ValueError(f"{value!r} is no length of time; write a number and s, m, h or d, as in 5m")
    return int(found[1]) * _UNITS[found[2]]


Duration = Annotated[int, BeforeValidator(milliseconds)]
"""Milliseconds, written as `5m`."""
