"""Times as programs and people read them, for any number that a record may hold."""

from __future__ import annotations

from functools import lru_cache

from casbd import clock

LATEST = 253_402_300_799_999
"""The end of the year 9999, the last that a calendar date can be written for."""


def iso(milliseconds: int) -> str:
    """`2026-01-31T12:00:00.000Z`; a time before 1970 or after 9999 becomes the nearest of these."""
    milliseconds = min(max(milliseconds, 0), LATEST)
    return f"{_second(milliseconds // 1000)}.{milliseconds % 1000:03d}Z"


@lru_cache(1024)
def _second(seconds: int) -> str:
    return clock.iso(seconds * 1000)[:19]
