"""The one place that reads the time. Whoever needs it takes a `Clock`, so that a test can say what time it is."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Milliseconds since 1970-01-01 UTC."""


def now() -> int:
    """The time of day, in milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


def monotonic() -> float:
    """Seconds from an unknown moment, never set back: for deadlines and intervals."""
    return time.monotonic()
