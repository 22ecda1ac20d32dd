"""Lengths of time and sizes as people write them in YAML: `5m`, `180d`, `1GB`."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_SIZES = {"": 1, "B": 1, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}


def milliseconds(value: Any) -> int:
    """`30s`, `5m`, `2h`, `180d` as milliseconds; ValueError says what is allowed."""
    found = re.fullmatch(r"\s*(\d{1,9})\s*([smhd])\s*", value) if isinstance(value, str) else None
    if found is None or int(found[1]) == 0:
        raise ValueError(f"{value!r} is no length of time; write a number and s, m, h or d, as in 5m")
    return int(found[1]) * _UNITS[found[2]]


def number_of_bytes(value: Any) -> int:
    """`64KB`, `100MB`, `1GiB` or a plain number of bytes; ValueError says what is allowed."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    found = re.fullmatch(r"\s*(\d{1,12})\s*([KMG]?I?B?)\s*", value.upper()) if isinstance(value, str) else None
    if found is None or found[2] not in _SIZES:
        raise ValueError(f"{value!r} is no size; write a number and KB, MB or GB, as in 100MB")
    return int(found[1]) * _SIZES[found[2]]


Duration = Annotated[int, BeforeValidator(milliseconds)]
"""Milliseconds, written as `5m`."""
Size = Annotated[int, BeforeValidator(number_of_bytes)]
"""Bytes, written as `100MB`."""
