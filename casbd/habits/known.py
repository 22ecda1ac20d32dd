"""What is known of one subject, and of all together, as it was put onto the shelf and goes on with the journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from casbd.habits.anomaly import DAY, HOUR, LATE, LONG_AGO, NEVER, Anomaly, Memory, Organization
from casbd.habits.brief import MOST_STORED, Found, lightened, pack
from casbd.habits.journal import Journal
from casbd.habits.raised import Raised
from casbd.habits.shelf import Shelf
from casbd.model.counted import Entry
from casbd.store.state.habits import Name

LEAST_BYTES = 800
"""As what a memory counts at least: one that is stored in 320 bytes, as of most people what they always have, is 8 KB of objects."""
MOST_SEEN = 64
"""Values of a subject of which it is known at a time that more of them changes nothing."""
_NEWS = False, False
"""Of what nothing is certain: it is to be added, and all together are to learn of it."""


class Known(msgspec.Struct, gc=False):
    """One subject's memory. raised: by policy. fresh: whether there are activities that are not judged yet. oldest: the time of the first.

    latest: the last that was added. size: as what it counts. floor: what is before is settled. seen: by value from when until when
    (exclusive) more of the same changes nothing, as long as that is not settled; until when it changes nothing in what all together learn
    once a day; and where the subject belonged. forgotten: it is as of what all together had forgotten by then, see Organization.
    """

    memory: Memory
    raised: dict[str, list[Raised]]
    size: int = LEAST_BYTES
    fresh: bool = False
    oldest: int = NEVER
    latest: Entry | None = None
    floor: int = LONG_AGO
    seen: dict[str | None, tuple[int, int, int, tuple[str, ...] | None]] = {}
    forgotten: int = 0

    def again(self, entry: Entry, forgotten: int) -> tuple[bool, bool]:
        """Whether it is certain that adding it would change nothing; and whether it would change nothing in what all together learn.

        forgotten: how often these forgot something; since the last time all may be news again.
        """
        if forgotten != self.forgotten:
            self.forgotten = forgotten
            self.seen.clear()
        seen = self.seen.get(entry.value)
        if seen is None:
            return _NEWS
        since, until, told, belongs = seen
        moment = entry.timestamp
        if moment < since or belongs != entry.belongs:
            return _NEWS
        return moment < until and self.floor <= since, moment < told

    def add(self, entry: Entry, *, tells: bool = False) -> None:
        """One more. tells: all together learn of it now, if they do once a day."""
        moment = entry.timestamp
        until = self.memory.add(entry)
        if until is not None or tells:
            if len(self.seen) >= MOST_SEEN:
                self.seen.clear()
            self.seen[entry.value] = moment, until or LONG_AGO, (moment // DAY + 1) * DAY, entry.belongs
        self.fresh = True
        self.latest = entry
        if moment < self.oldest:
            self.oldest = moment

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
            self.seen.clear()  # the hour that would have stayed as it is may be gone
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
