"""What Splunk has taken and not acknowledged yet (indexer acknowledgement of its HTTP Event Collector).

An indexer answers a request with a number, which counts from zero in each channel, and says of the number later, when it is asked,
whether the events are written. It forgets channels and numbers when it is restarted: a number that is not above the last one tells a
restart. Source: Splunk, "About HTTP Event Collector Indexer Acknowledgment".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from itertools import islice
from typing import NamedTuple

MOST_ASKED = 1000
"""Requests that are asked for at once."""


class _Awaited(NamedTuple):
    number: int
    items: int
    at: float


class Acks:
    """Requests that were taken in one channel, oldest first. timeout: seconds in which they are to be acknowledged. clock: seconds."""

    def __init__(self, timeout: float, clock: Callable[[], float]) -> None:
        self._timeout = timeout
        self._clock = clock
        self._awaited: deque[_Awaited] = deque()
        self._written: set[int] = set()
        self._last = -1
        self.items = 0
        """How many items, from the oldest that is not acknowledged on."""

    def add(self, number: int, items: int) -> bool:
        """A request with so many items was taken. False where the indexer does not know of those before any more, that are in doubt."""
        if self._awaited and number <= self._last:
            return False
        self._last = number
        self._awaited.append(_Awaited(number, items, self._clock()))
        self.items += items
        return True

    def asked(self) -> list[int]:
        """The numbers to ask for."""
        return [one.number for one in islice(self._awaited, MOST_ASKED) if one.number not in self._written]

    def answered(self, acks: Mapping[str, bool]) -> None:
        """What was said of numbers. True is said once, so it is kept until all before it are written."""
        self._written |= {one.number for one in islice(self._awaited, MOST_ASKED) if acks.get(str(one.number)) is True}
        while self._awaited and self._awaited[0].number in self._written:
            done = self._awaited.popleft()
            self._written.discard(done.number)
            self.items -= done.items

    @property
    def overdue(self) -> bool:
        """Whether the oldest should have been acknowledged by now."""
        return bool(self._awaited) and self._clock() - self._awaited[0].at > self._timeout

    def forget(self) -> int:
        """Begin anew, in another channel; how many items were not acknowledged."""
        items, self.items, self._last = self.items, 0, -1
        self._awaited.clear()
        self._written.clear()
        return items
