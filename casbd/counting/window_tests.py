"""What makes a span of event time a window: the number of its entries, different values among them, or steps in order.

All say the same three things of a subject's entries, which are sorted and belong to `HeldEntries`: whether the longest window that
ends with the newest entry is one, kept up entry by entry, as nearly all entries are the newest; how far the windows reach
that hold an entry somewhere in the middle; and whether an entry is idle, so that the same spans are windows without it. A
span that holds a window's entries and more is a window too.
"""

from __future__ import annotations

from typing import Protocol

from casbd.counting.sides import Sides
from casbd.counting.spans import Reach
from casbd.model.counted import Entry


class WindowTest(Protocol):
    """One way to recognise a window. Positions are those of the entries that it was given."""

    def inserted(self, position: int) -> None:
        """An entry came to stand at this position."""

    def changed(self) -> None:
        """Entries are gone."""

    def hidden(self) -> None:
        """Only entries that were idle are gone."""

    def newest(self) -> bool:
        """Whether the longest window that ends with the newest entry is one."""

    def reach(self, position: int) -> Reach | None:
        """The time that the windows span together that hold the entry; None where there is no window."""

    def idle(self, entry: Entry, sides: Sides) -> bool:
        """Whether the same spans are windows without this entry, which has others on both sides.

        True if it can be seen from some entries on both sides, that lie within one window: a longest window with the entry has
        all those of one of the sides. Looks at a bounded number of entries.
        """


class Number:
    """At least `repeated` entries."""

    def __init__(self, repeated: int, within: int, entries: list[Entry]) -> None:
        self._needed = repeated
        self._within = within
        self._entries = entries

    def inserted(self, position: int) -> None:
        """See WindowTest."""

    def changed(self) -> None:
        """See WindowTest."""

    def hidden(self) -> None:
        """See WindowTest."""

    def newest(self) -> bool:
        """See WindowTest."""
        entries, needed = self._entries, self._needed
        return len(entries) >= needed and entries[-1].timestamp - entries[-needed].timestamp <= self._within

    def reach(self, position: int) -> Reach | None:
        """See WindowTest. Where there is a window, `needed` neighbours are one: no others are looked at."""
        entries, further = self._entries, self._needed - 1
        first: int | None = None
        last = 0
        for start in range(max(0, position - further), min(position, len(entries) - self._needed) + 1):
            begin, end = entries[start].timestamp, entries[start + further].timestamp
            if end - begin <= self._within:
                first = end if first is None else first
                last = begin
        return None if first is None else (first - self._within, last + self._within)

    def idle(self, entry: Entry, sides: Sides) -> bool:  # noqa: ARG002
        """See WindowTest."""
        span = sides.span(self._needed)
        return span is not None and span <= self._within
