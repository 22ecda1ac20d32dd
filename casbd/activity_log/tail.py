"""Following the activity log: what is stored from now on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from casbd.activity_log.segments import Segments
from casbd.activity_log.wanted import Wanted
from casbd.model.activity import Activity
from casbd.store import activities as blocks
from casbd.store import segments
from casbd.store.database import Store


def tail(store: Store, wanted: Wanted, wait: Callable[[], object]) -> Iterator[Activity]:
    """The activities that are wanted, each once, as they are stored; what is there at the first `next` is not new.

    wait: called when there are no more; it returns when it is time to look again. What it raises ends the tail.
    """
    parts = Segments()
    seen = blocks.newest(store.connection)
    while True:
        wait()
        seen = min(seen, blocks.newest(store.connection))  # retention may remove the last one, and its number is given again
        for block_id in blocks.stored_after(store.connection, seen):
            yield from filter(wanted.meets, _block(store, parts, block_id))
            seen = block_id


def _block(store: Store, parts: Segments, block_id: int) -> list[Activity]:
    """The activities of a block, which may have become a part of a segment since it was listed."""
    found = blocks.read_block(store.connection, block_id)
    if found:
        return found
    segment = segments.of_block(store, block_id)
    return parts.block(segment, block_id) if segment else []
