"""The one place that reads the time. Whoever needs it takes a `Clock`, so that a test can say what time it is."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

Clock = Callable[[], int]
"""Milliseconds since 1970-01-01 UTC."""


def now() -> int:
    """The time of day, in milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


def monotonic() -> float:
    """Seconds from an unknown moment, never set back: for deadlines and intervals."""
    return time.monotonic()


class Uptime(NamedTuple):
    """How long the host has been up, in milliseconds, sleep included; boot: which of its lives, as those of two cannot be compared."""

    boot: str
    milliseconds: int


def uptime() -> Uptime:
    """It goes on whatever anybody sets the time of day to (Linux' clock_gettime(2), CLOCK_BOOTTIME)."""
    return Uptime(_boot(), time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000)


@cache
def _boot() -> str:
    """The kernel's id of this boot (random(4)); where it cannot be read, one of this process."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return uuid.uuid4().hex


def thread_cpu() -> float:
    """Seconds of CPU that this thread has taken: for limits on work, which a busy machine must not reach sooner."""
    return time.thread_time()
