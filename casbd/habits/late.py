"""What comes too late to be judged by what was usual then: it is noted, to be judged from the log (`pipeline/learning.py`).

A subject is compared with itself and with others, so late is what is too far behind anything that the same was remembered of.
"""

from __future__ import annotations

from collections.abc import Iterable

from casbd.habits.anomaly import LATE, LONG_AGO
from casbd.habits.shelf import Shelf


class Lateness:
    """How far the time has come in which something is observed. now: what the clock says (ms)."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._before: int | None = None
        self._newest: dict[str, int] = {}
        self._late: dict[str, tuple[int, int]] = {}
        self.now = 0

    def begin(self, now: int) -> None:
        """A commit begins, inside its transaction. After a start it is not known who had come how far, so all had as far as the log."""
        self.now = now
        if self._before is None:
            self._before = self._shelf.reached(now)

    def look(self, remembers: str, times: Iterable[int]) -> None:
        """Something is observed. times: when it was (event time, ms), in the order in which it came."""
        newest = self._newest.get(remembers, self._before or LONG_AGO)
        for at in times:
            if at > newest:
                newest = self._newest[remembers] = at
            elif at < newest - LATE:
                since, number = self._late.get(remembers, (at, 0))
                self._late[remembers] = min(since, at), number + 1

    def save(self) -> None:
        """Note it in the transaction that stores it."""
        if self._late:
            self._shelf.late(self._late, self.now)
            self._late = {}
