"""The names of one log's generations, as rotation makes them."""

from __future__ import annotations

import re

_COMPRESSED = re.compile(r"\.(?:gz|zst|bz2|xz)$")
_NUMBERS = re.compile(r"[._-]?\d+")


def family(name: str) -> str:
    """The same for all generations of one rotated log: `x.log`, `x.log.1`, `x.log-20260131.gz` and `x-2026.log`."""
    return _NUMBERS.sub("", _COMPRESSED.sub("", name))
