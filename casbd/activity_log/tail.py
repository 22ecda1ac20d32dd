"""Following the activity log: what is stored from now on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.wanted import Wanted
from casbd.model.activity import Activity
from casbd.store.database import Store
from casbd.store.log import blocks


def tail(store: Store, wanted: Wanted, wait: Callable[[], object]) -> Iterator[Activity]:
    """The activities that are wanted, each once, as they are stored; what is there at the first `next` is not new.

    wait: called when there are no more; it returns when it is time to look again. What it raises ends the tail.
    """
    log = ActivityLog(store)
    seen = blocks.newest(store.connection)
    while True:
        wait()
        seen = min(seen, blocks.newest(store.connection))  # retention may remove the last one, and its number is given again
        for block_id in blocks.stored_after(store.connection, seen):
            yield from filter(wanted.meets, log.block(block_id))
            seen = block_id
