"""The latest moment from which on some entries hold every step of a sequence, kept up entry by entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from casbd.model.counted import Entry

LONG_AGO = -(2**62)
"""Before every entry: the steps are not all there."""


class Latest(Protocol):
    """The latest moment from which on the entries so far hold all steps."""

    start: int

    def add(self, entry: Entry) -> None:
        """The next entry in time."""


class InOrder:
    """One step after the other. starts: for each number of steps, the latest moment at which a chain of them began."""

    def __init__(self, repeated: Sequence[int]) -> None:
        self._bits = [1 << step for step, number in enumerate(repeated) for _ in range(number)]
        self._starts = [LONG_AGO] * len(self._bits)
        self._moment = LONG_AGO
        self._before = self._starts
        self._same: Counter[int] = Counter()
        self._one_step_each = True
        self.start = LONG_AGO

    def add(self, entry: Entry) -> None:
        """See Latest."""
        steps = int(entry.value or 0)
        if entry.timestamp != self._moment:
            self._moment, self._before = entry.timestamp, [*self._starts]
            self._same, self._one_step_each = Counter(), True
        self._same[steps] += 1
        self._one_step_each &= steps & (steps - 1) == 0
        if self._one_step_each:
            self._after(steps)
        else:
            self._together()
        self.start = self._starts[-1]

    def _after(self, steps: int) -> None:
        """One more link. Entries of one moment that are one step each come in the order of the steps: that is the best one."""
        for number in range(len(self._starts) - 1, -1, -1):  # backwards, as an entry is one link of a chain only
            if steps & self._bits[number]:
                began = self._starts[number - 1] if number else self._moment
                self._starts[number] = max(self._starts[number], began)

    def _together(self) -> None:
        """All entries of the moment at once, as some are more than one step: which of them is which link is a matching."""
        links = [steps for steps, number in self._same.items() for _ in range(min(number, len(self._bits)))]
        self._starts = [*self._before]
        for done in range(len(self._bits)):
            began = self._before[done - 1] if done else self._moment
            taken: dict[int, int] = {}
            for number in range(done, len(self._bits)):
                if began == LONG_AGO or not self._find(number, links, taken, set()):
                    break
                self._starts[number] = max(self._starts[number], began)

    def _find(self, number: int, links: Sequence[int], taken: dict[int, int], tried: set[int]) -> bool:
        """Find an entry for a link, perhaps by giving another one to the link that has it. taken: by entry, its link."""
        for index, steps in enumerate(links):
            if steps & self._bits[number] and index not in tried:
                tried.add(index)
                if index not in taken or self._find(taken[index], links, taken, tried):
                    taken[index] = number
                    return True
        return False


class AnyOrder:
    """Each step so many times; an entry that is two steps is both."""

    def __init__(self, repeated: Sequence[int]) -> None:
        self._last = [[LONG_AGO] * number for number in repeated]
        self.start = LONG_AGO

    def add(self, entry: Entry) -> None:
        """See Latest."""
        steps = int(entry.value or 0)
        for step, last in enumerate(self._last):
            if steps >> step & 1:
                last.append(entry.timestamp)
                del last[0]
        self.start = min(last[0] for last in self._last)
