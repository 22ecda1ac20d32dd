"""What a worker does with its destination's queue, whatever the destination is."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Protocol

from casbd.store.database import Store
from casbd.store.outbox import Row

BATCH = 500

Record = Callable[[sqlite3.Connection], None]
"""Writes down, in a transaction, what became of a delivery."""


class Delivering(Protocol):
    """What a worker does with the rows at the head of its queue."""

    def deliver(self, store: Store, rows: Sequence[Row], most: int = BATCH) -> Record:
        """Deliver some of the rows, from the first, at most so many messages; at least one, or raise Retry.

        Writes nothing itself: where the record cannot be written (a full disk), it must not be sent again for that.
        """

    def close(self) -> None:
        """Let go of the destination."""
