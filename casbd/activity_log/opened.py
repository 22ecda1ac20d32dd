"""The log's parts at one moment: segments with their files open, and the blocks that wait; and what they are as one table of a query."""

# ruff: noqa: S608

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from typing import NamedTuple

from casbd.filters.sql import Sql
from casbd.store.log.blocks import Block
from casbd.store.log.columns import PLACE
from casbd.store.log.segment_files import allow_open
from casbd.store.log.segments import Segment

ALL = Sql("TRUE")
WAITING = "waiting"
"""The name of the table that blocks are to a query."""


class Source(NamedTuple):
    """Some of the parts. In the order of storing segments come before blocks."""

    segments: Sequence[Segment]
    blocks: Sequence[Block]

    @classmethod
    def of(cls, parts: Iterable[Segment | Block]) -> Source:
        """Parts of both kinds, each kind in its order."""
        several = [*parts]
        return cls([one for one in several if isinstance(one, Segment)], [one for one in several if isinstance(one, Block)])

    @property
    def parts(self) -> list[Segment | Block]:
        """Both kinds."""
        return [*self.segments, *self.blocks]

    @property
    def activities(self) -> int:
        """How many are in them."""
        return sum(one.activities for one in self.parts)

    def only(self, meets: Callable[[Segment | Block], bool]) -> Source:
        """Those of them that meet a condition."""
        return Source.of(filter(meets, self.parts))


class Opened:
    """Parts with their files open: what is removed meanwhile, since it became a part of another, is read to the end all the same.

    low, high: the span of event time (milliseconds, both ends included) that is asked for. FileNotFoundError where a file is already gone.
    """

    def __init__(self, segments: Sequence[Segment], blocks: Sequence[Block] = (), low: int = -(2**62), high: int = 2**62) -> None:
        self.whole = Source(segments, blocks)
        self.low, self.high = low, high
        self._open: dict[int, int] = {}
        allow_open(len(segments))
        try:
            for segment in segments:
                self._open[segment.segment_id] = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self.close()
            raise

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the files back."""
        for number in self._open.values():
            os.close(number)
        self._open.clear()

    def within(self, low: int, high: int) -> Opened:
        """Those of the parts that may hold something of a span. Their files stay this one's, and are open as long as it is."""
        inside = copy(self)
        inside.whole = self.whole.only(lambda one: one.last >= low and one.first <= high)
        inside.low, inside.high = low, high
        return inside

    def stored_until(self, newest_block: int) -> Opened:
        """Those of the parts that may hold something of the blocks up to one; a file may hold later ones, too."""
        earlier = copy(self)
        earlier.whole = Source(
            [one for one in self.whole.segments if one.first_block <= newest_block],
            [one for one in self.whole.blocks if one.block_id <= newest_block],
        )
        return earlier

    def path(self, segment: Segment) -> str:
        """Where the open file is read (proc_pid_fd(5))."""
        return f"/proc/self/fd/{self._open[segment.segment_id]}"

    def holds(self, part: Segment | Block) -> bool:
        """Whether the span has all of a part."""
        return self.low <= part.first and part.last <= self.high

    def span(self, source: Source) -> Sql:
        """The condition of the span of time, where parts are not wholly within: to look at all times costs as much as counting."""
        whole = all(map(self.holds, source.parts))
        return ALL if whole else Sql("timestamp BETWEEN ? AND ?", [self.low, self.high])

    def table(self, source: Source) -> str:
        """Parts as one table. Files of an older casbd have whole blocks, in order, and no column that says so."""
        new = [f"'{self.path(segment)}'" for segment in source.segments if segment.day is not None]
        old = [f"'{self.path(segment)}'" for segment in source.segments if segment.day is None]
        tables = [f"SELECT * FROM read_parquet([{', '.join(new)}])"] if new else []
        if old:
            numbered = f"read_parquet([{', '.join(old)}], file_row_number = true)"
            tables.append(f"SELECT * EXCLUDE (file_row_number), file_row_number::INTEGER AS {PLACE} FROM {numbered}")
        if source.blocks:
            tables.append(f"SELECT * FROM {WAITING}")
        return f"({' UNION ALL BY NAME '.join(tables)})"
