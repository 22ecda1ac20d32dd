"""What asking policies takes, by the CPU clock of the thread: more than is allowed is ended from within.

Conditions say what they are about to do, in about nanoseconds of work, whenever it may be much. The clock is read only once in a
while, as reading it costs as much as asking some policies.
"""

from __future__ import annotations

import math

from casbd.clock import thread_cpu

STRETCH = 2_000_000
"""So much work, in about nanoseconds, is done between two looks at the clock."""


class TooCostly(Exception):
    """What was asked takes longer than it is allowed to."""


class Effort:
    """A limit on work; none until `allow` sets one. Not for several threads at once."""

    __slots__ = ("_until", "_work")

    def __init__(self) -> None:
        self._until = math.inf
        self._work = 0

    def allow(self, seconds: float) -> None:
        """From now on so many seconds of this thread's CPU."""
        self._until = thread_cpu() + seconds
        self._work = 0

    def left(self) -> float:
        """Seconds of what was allowed; less than none where it took longer."""
        return self._until - thread_cpu()

    def spend(self, work: int) -> None:
        """Say that so much is about to be done. TooCostly where the time is over."""
        self._work += work
        if self._work > STRETCH:
            self.look()

    def look(self) -> None:
        """Look at the clock. TooCostly where the time is over."""
        self._work = 0
        if thread_cpu() > self._until:
            raise TooCostly
