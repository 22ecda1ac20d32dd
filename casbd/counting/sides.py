"""What lies before and after an entry, from the nearest on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from casbd.model.counted import Entry


class Sides(NamedTuple):
    """The entries of `left` up to a place in it, and those of `right` from a place on."""

    left: Sequence[Entry]
    end: int
    right: Sequence[Entry]
    begin: int

    def before(self) -> Iterator[Entry]:
        """Backwards."""
        return map(self.left.__getitem__, range(self.end - 1, -1, -1))

    def after(self) -> Iterator[Entry]:
        """Forwards."""
        return map(self.right.__getitem__, range(self.begin, len(self.right)))

    def span(self, number: int) -> int | None:
        """How long it takes from so many before to so many after; None where there are fewer."""
        first, last = self.end - number, self.begin + number - 1
        return self.right[last].timestamp - self.left[first].timestamp if first >= 0 and last < len(self.right) else None
