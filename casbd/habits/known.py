"""What is known of one subject, and of all together, as it was put onto the shelf and goes on with the journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from casbd.habits.anomaly import HOUR, LATE, Anomaly, Memory, Organization
from casbd.habits.brief import MOST_STORED, Found, lightened, pack
from casbd.habits.journal import Journal
from casbd.habits.raised import Raised
from casbd.habits.shelf import Shelf
from casbd.model.counted import Entry
from casbd.store.state.habits import Name

LEAST_BYTES = 800
"""As what a memory counts at least: one that is stored in 320 bytes, as of most people what they always have, is 8 KB of objects."""
MOST_ORDINARY = 64
"""Values of a subject of which it is known at a time that more of them changes nothing."""
NEVER = 2**62


class Known(msgspec.Struct, gc=False):
    """One subject's memory. raised: by policy. fresh: whether there are activities that are not judged yet. oldest: the time of the first.

    latest: the last that was added. size: as what it counts. ordinary: by value, from when until when (exclusive) more of the same changes
    nothing, as long as that is not settled (since floor) and the subject belongs where it did.
    """

    memory: Memory
    raised: dict[str, list[Raised]]
    size: int = LEAST_BYTES
    fresh: bool = False
    oldest: int = NEVER
    latest: Entry | None = None
    floor: int = -NEVER
    ordinary: dict[str | None, tuple[int, int, tuple[str, ...] | None]] = {}

    def is_ordinary(self, entry: Entry) -> bool:
        """Whether it is certain that adding it would change nothing."""
        known = self.ordinary.get(entry.value)
        return known is not None and self.floor <= known[0] <= entry.timestamp < known[1] and known[2] == entry.belongs

    def add(self, entry: Entry) -> None:
        """One more."""
        until = self.memory.add(entry)
        if until is not None:
            if len(self.ordinary) >= MOST_ORDINARY:
                self.ordinary.clear()
            self.ordinary[entry.value] = (entry.timestamp, until, entry.belongs)
        self.fresh = True
        self.latest = entry
        if entry.timestamp < self.oldest:
            self.oldest = entry.timestamp

    def settle(self) -> None:
        """What was added is judged. Memories are settled once an hour, which is all that most of them have anything to do for."""
        floor = (self.memory.newest - LATE) // HOUR * HOUR
        if floor > self.floor:
            self.floor = floor
            self.memory.settle(floor)
        self.fresh, self.oldest = False, NEVER

    def packed(self, found: Callable[[], Found]) -> bytes:
        """As it is stored, without what would be too much. found: see `lightened`."""
        packed = pack((self.memory.packed(), self.raised))
        if len(packed) > MOST_STORED:
            packed, self.raised = lightened(self.memory, self.raised, found)
            self.ordinary.clear()  # the hour that would have stayed as it is may be gone
        return packed

    def is_ahead(self, entry: Entry) -> bool:
        """Whether what is fresh is to be judged before that comes."""
        return entry.timestamp - LATE > self.oldest


def restored(name: Name, anomaly: Anomaly, shelf: Shelf, journal: Journal) -> Known:
    """What is known of a subject by now."""
    stored = shelf.get(name)
    through = 0
    if stored is None:
        known = Known(anomaly.memory(), {})
    else:
        through, packed = stored
        memory, raised = msgspec.msgpack.decode(packed)
        known = Known(anomaly.memory(memory), msgspec.convert(raised, dict[str, list[Raised]]), max(len(packed), LEAST_BYTES))
    for entries in journal.of(name, through):
        _add_again(known, entries)
    return known


def organization_of(
    remembers: str, anomaly: Anomaly, shelf: Shelf, journal: Journal, memory_of: Callable[[str], Memory]
) -> Organization | None:
    """What is remembered of all together by now; None where nothing is. memory_of: a subject's, by now."""
    organization = anomaly.organization()
    if organization is None:
        return None
    stored = shelf.get((remembers, ""))
    through = 0
    if stored is not None:
        through, packed = stored
        organization = anomaly.organization(msgspec.msgpack.decode(packed))
        assert organization is not None
    for who, entry in journal.of_all(remembers, through):
        organization.add(who, entry, memory_of(who))
    return organization


def _add_again(known: Known, entries: Sequence[Entry]) -> None:
    """What a commit has added; that was judged then."""
    for entry in entries:
        if known.is_ahead(entry):
            known.settle()
        known.add(entry)
    known.settle()
