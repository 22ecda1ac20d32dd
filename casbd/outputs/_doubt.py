"""What a receiver's kernel has acknowledged, and its program may not have read yet.

TCP says what has arrived in the receiver's host, and nothing of the program there: that may hang, crash or be killed with
all of it unread. So what was acknowledged is in doubt until

- so much was acknowledged behind it that the receiver's buffers cannot hold it any more: then it was read, or
- it was acknowledged a while ago, and the connection still stands: then it most probably was, or
- the receiver said good-bye in order: then its kernel had handed over everything, and only what a program keeps in buffers of
  its own is in doubt.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

GOOD_BYE_BYTES = 256 * 1024
GOOD_BYE_SECONDS = 30.0
"""What a program that said good-bye may have had in buffers of its own: its latest reads, of a moment ago."""


class _Sent(NamedTuple):
    items: int
    end: int
    at: float


class Doubt:
    """The latest items of one connection, oldest first. window: seconds after which an item is out of doubt."""

    def __init__(self, window: float) -> None:
        self._window = window
        self._sent: deque[_Sent] = deque()
        self._end = 0
        self.items = 0

    def add(self, items: int, size: int, at: float) -> None:
        """So many items of `size` bytes together were acknowledged at that time (seconds of a monotonic clock)."""
        self._end += size
        self._sent.append(_Sent(items, self._end, at))
        self.items += items

    def expire(self, now: float, most: int) -> None:
        """The connection stands. most: bytes that the receiver can hold unread."""
        self._drop(now - self._window, most)

    def good_bye(self, now: float) -> None:
        """The receiver has closed the connection, and its kernel had nothing unread."""
        self._drop(now - min(GOOD_BYE_SECONDS, self._window), GOOD_BYE_BYTES)

    def clear(self) -> int:
        """Forget all; how many they were."""
        items, self.items = self.items, 0
        self._sent.clear()
        return items

    def _drop(self, until: float, most: int) -> None:
        """What was acknowledged until then is out of doubt, and what has `most` bytes or more behind it."""
        while self._sent and (self._sent[0].at <= until or self._end - self._sent[0].end >= most):
            self.items -= self._sent.popleft().items
