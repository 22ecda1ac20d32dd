"""How many records each input gave."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from casbd.pipeline.scan import Batch
from casbd.store.state import input_progress


def count(connection: sqlite3.Connection, batch: Batch, fresh: Sequence[bool], now: int) -> None:
    """received = records + duplicates + rejects; a record of several activities is new if one of them is. Inside a transaction; now: ms."""
    if not batch.received:
        return  # only the position moved: the input has said nothing
    repeated = set() if all(fresh) else set(batch.rows) - {row for row, new in zip(batch.rows, fresh, strict=True) if new}
    counts = input_progress.Counts(
        received=batch.received,
        records=batch.parsed - len(repeated),
        activities=sum(fresh),
        duplicates=len(repeated),
        rejects=len(batch.rejects),
        newest=batch.stored.last if batch.stored.keys else None,
    )
    input_progress.count(connection, batch.input, counts, now)
