"""Rows of a segment's file that wait for being written, dealt into lots."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from casbd.store.log import lots, record_pages
from casbd.store.log.columns import RAW
from casbd.store.log.lots import LOTS
from casbd.store.log.record_pages import Dealt, Page

if TYPE_CHECKING:
    import pyarrow as pa


class DealtRows(NamedTuple):
    """Rows of which those of each lot lie behind those of the one before. ends: where they do; dealt: their records, of one block after
    the other, unless the table has them."""

    table: pa.Table
    ends: Sequence[int]
    dealt: Sequence[Dealt]

    @classmethod
    def of(cls, table: pa.Table, own: bytes, dealt: Sequence[Dealt] = ()) -> DealtRows:
        """Rows in any order. own: each one's lot."""
        if len({*own}) > 1:
            table = table.combine_chunks().take(lots.order(own))
        return cls(table, [*itertools.accumulate(map(own.count, range(LOTS)), initial=0)], dealt)

    def of_lot(self, lot: int) -> pa.Table:
        """The rows of a lot, without their records."""
        table = self.table if self.dealt else self.table.drop_columns([RAW])
        return table.slice(self.ends[lot], self.ends[lot + 1] - self.ends[lot])

    def records_of(self, lot: int) -> Iterator[Page | pa.ChunkedArray]:
        """The records of a lot, in the order of its rows."""
        for one in self.dealt:
            yield from one.of_lot(lot)
        if not self.dealt and self.ends[lot] < self.ends[lot + 1]:
            yield self.table[RAW].slice(self.ends[lot], self.ends[lot + 1] - self.ends[lot])


def pages(several: Iterable[Page | pa.ChunkedArray]) -> Iterator[Page]:
    """Records as pages; those that are not yet compressed together with their neighbours."""
    import pyarrow as pa

    for is_page, run in itertools.groupby(several, lambda one: isinstance(one, Page)):
        if is_page:
            yield from cast("Iterator[Page]", run)
        else:
            chunks = [chunk for one in cast("Iterator[pa.ChunkedArray]", run) for chunk in one.chunks]
            yield from record_pages.of_texts(pa.chunked_array(chunks, pa.string()))
