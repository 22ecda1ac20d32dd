"""What waits in blocks, as rows of segments.

To read a block costs as much as a hundred rows of it, so neighbours of one day are read together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from casbd.store.log import blocks
from casbd.store.log.blocks import Block
from casbd.store.log.record_pages import Dealt
from casbd.store.log.segment_files import Rows

DAY = 86_400_000
"""Milliseconds."""
ROWS = 2_500
"""At once, about. Four times as many would be read in a tenth less time yet, and take 17 MB more."""
BYTES = 8 << 20
"""At once, about, before they are compressed."""


def of_blocks(connection: sqlite3.Connection, numbers: Sequence[int]) -> Iterator[Rows]:
    """The rows of blocks, in their order; of those that are there. StoreError where one is damaged."""
    import pyarrow as pa

    together = _Together()
    for number in numbers:
        block = blocks.get(connection, number)
        if block is None:
            continue  # retention was faster: `segments.adopt` gives up what was made
        records = block.records()
        if records is not None and together.takes(block):
            together.add(block, records)
            continue
        yield from together.rows()
        together = _Together()
        if records is not None:
            together.add(block, records)
        else:
            yield Rows(pa.Table.from_batches([block.columns()]))
    yield from together.rows()


class _Together:
    """Blocks that are read together."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._records: list[Dealt] = []
        self._rows = self._bytes = 0

    def takes(self, block: Block) -> bool:
        """Whether one more belongs to them."""
        if not self._blocks:
            return True
        first = self._blocks[0]
        of_one_day = first.first // DAY == first.last // DAY == block.first // DAY == block.last // DAY
        return of_one_day and self._rows < ROWS and self._bytes < BYTES

    def add(self, block: Block, records: Dealt) -> None:
        """One more, and its records."""
        self._blocks.append(block)
        self._records.append(records)
        self._rows += block.activities
        self._bytes += block.size()

    def rows(self) -> Iterator[Rows]:
        """What there is."""
        if self._blocks:
            yield Rows(blocks.columns_together(self._blocks), self._records)
