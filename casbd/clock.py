"""The one place that reads the time. Whoever needs it takes a `Clock`, so that a test can say what time it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], int]
"""Milliseconds since 1970-01-01 UTC."""


def now() -> int:
    """The time of day, in milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


def monotonic() -> float:
    """Seconds from an unknown moment, never set back: for deadlines and intervals."""
    return time.monotonic()


def iso(milliseconds: int) -> str:
    """`2026-01-31T12:00:00.000Z`, the one form in which casbd writes times for people and programs."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"
