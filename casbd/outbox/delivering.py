"""What a worker does with its destination's queue, whatever the destination is."""

from __future__ import annotations

import sqlite3
from typing import Protocol

from casbd.store.database import Store

BATCH = 500
LOOK_SECONDS = 2.0
"""After these what another process (`casbd alerts close`, say) has put into the outbox is found."""


class Delivering(Protocol):
    """Takes rows from the head of one queue to its destination. Used by one thread.

    `deliver` and `conclude` do not write what became of rows: where it cannot be written down (a full disk), nothing must be sent again
    for that. What became of their rows is kept until `write` has been committed, and then `written` called.
    """

    @property
    def look_again(self) -> float:
        """Seconds after which it wants to look after its destination, if nothing new comes before."""

    @property
    def longest_pause(self) -> float:
        """Seconds between the begin of a try that failed and the next one, at most, where the destination asks for no longer one.
        Infinite: as long as the worker thinks right."""

    def deliver(self, store: Store, most: int = BATCH) -> bool:
        """Deliver some of the rows, from the first, at most so many messages; whether there was anything. Retry where nothing goes."""

    def conclude(self) -> bool:
        """All is sent that is due: say good-bye. Whether something is due now because of it. Retry where something is still in doubt."""

    def standing(self) -> float:
        """After a delivery that went well: for how many seconds the connection has lasted; infinite where it has proved good."""

    def write(self, connection: sqlite3.Connection) -> None:
        """Write down, in a transaction, what became of rows since the last `written`."""

    def written(self) -> None:
        """It is committed."""

    @property
    def unwritten(self) -> bool:
        """Whether there is something to write down by now."""

    def close(self) -> None:
        """Let go of the destination."""
