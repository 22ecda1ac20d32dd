"""How long one file may be read before others have their turn, whatever it claims to hold.

A few kilobytes may decompress to terabytes without a line end, and a file of a terabyte may be a single hole. So whoever reads asks
here whether the turn is over, and then leaves everything as it is: the next turn goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable

from casbd.clock import monotonic

SECONDS = 0.25
BYTES = 64 << 20
"""A turn has about so many. The longest record that is allowed is read within one."""

_LEAST = 1024
"""Bytes that a step counts for at least: one that gives nothing takes its time too."""


class LaterError(Exception):
    """The turn is over before there was an answer. Nothing is lost: asked again, it goes on from where it was."""


class Turn:
    """The present turn. over: whether it is time for others."""

    def __init__(self, clock: Callable[[], float] = monotonic, size: int = BYTES) -> None:
        self._clock, self._size = clock, size
        self.begin()

    def begin(self) -> None:
        """Everybody may read again."""
        self._until = self._clock() + SECONDS
        self._left = self._size

    def took(self, size: int) -> None:
        """So many bytes were read."""
        self._left -= max(size, _LEAST)

    @property
    def over(self) -> bool:
        """Whether enough was done."""
        return self._left <= 0 or self._clock() > self._until

    def now(self) -> float:
        """Seconds, for measuring how long something took."""
        return self._clock()
