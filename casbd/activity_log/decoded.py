"""Columns of the blocks that wait, made once: a question asks the same blocks two to five times, and a command some questions."""

from __future__ import annotations

import weakref
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from casbd.model.activity import FIELDS
from casbd.store.database import Store
from casbd.store.log.blocks import Block
from casbd.store.log.columns import BLOCK, PLACE, RAW, schema

if TYPE_CHECKING:
    import pyarrow as pa

MOST = 64 << 20
"""Bytes that are kept of one store. What does not fit, and records, are made anew each time."""

_Which = tuple[int, int, bytes]
_of_stores: weakref.WeakKeyDictionary[Store, Decoded] = weakref.WeakKeyDictionary()


class Decoded:
    """Not for several threads at once. most: bytes to be kept."""

    def __init__(self, most: int = MOST) -> None:
        self._left = most
        self._kept: dict[_Which, dict[str, pa.Array]] = {}
        self._together: frozenset[str] = frozenset()

    @classmethod
    def of(cls, store: Store) -> Decoded:
        """That of a store: a command's, which only reads and ends soon, keeps columns; the daemon has better things to remember."""
        if store not in _of_stores:
            _of_stores[store] = cls(MOST if store.readonly else 0)
        return _of_stores[store]

    @contextmanager
    def together(self, fields: Collection[str]) -> Iterator[None]:
        """Inside, a block that is decoded is decoded for all of these: later questions will be about them."""
        before, self._together = self._together, frozenset(fields)
        try:
            yield
        finally:
            self._together = before

    def columns(self, block: Block, fields: Sequence[str]) -> pa.RecordBatch:
        """As the block's own. StoreError where it is damaged."""
        import pyarrow as pa

        own = block.which()
        kept, is_room = self._kept.get(own, {}), self._left > 0
        wanted = (*fields, BLOCK, PLACE)
        if missing := [name for name in wanted if name not in kept]:
            more = self._together.difference(kept, (RAW,)) if is_room else ()
            made = block.columns({*missing, *more}.intersection(FIELDS))
            columns = dict(zip(made.schema.names, made.columns, strict=True))
            if is_room:
                fresh = {name: column for name, column in columns.items() if name != RAW}
                self._kept[own] = kept | fresh
                self._left -= sum(column.nbytes for column in fresh.values())
            kept = kept | columns
        return pa.RecordBatch.from_arrays([kept[name] for name in wanted], schema=schema(wanted))
