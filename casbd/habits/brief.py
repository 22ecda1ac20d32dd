"""What memories keep, as small as it gets; and how one is stored: in no more than MOST_STORED bytes, whatever its subject does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from casbd.habits.anomaly import Finding, Memory
from casbd.habits.raised import Raised, mark
from casbd.habits.watched import Watching
from casbd.model.counted import Entry
from casbd.records.long_texts import shortened_bytes

MOST_STORED = 4096
"""Bytes of one subject's memory, with what was raised of it."""
Found = Sequence[tuple[Watching, Sequence[Finding]]]
"""What is found of a subject, by policy."""
BriefEntry = tuple[int, int, str | bytes]
"""Time, key and id of an activity, as `brief` writes them."""

_LONGEST_ID = 256
"""Bytes; of those that vendors write the longest have some 150."""

pack = msgspec.msgpack.Encoder().encode
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch


def brief_id(activity_id: str) -> str | bytes:
    """An activity's id; a usual one in 16 bytes. Of one that is longer than any vendor's are a hash is kept: that activity is known, and
    cannot be looked up."""
    return bytes.fromhex(activity_id.replace("-", "")) if _UUID(activity_id) else shortened_bytes(activity_id, _LONGEST_ID)


def whole_id(given: str | bytes) -> str:
    """The id that `brief_id` wrote."""
    if isinstance(given, str):
        return given
    plain = given.hex()
    return f"{plain[:8]}-{plain[8:12]}-{plain[12:16]}-{plain[16:20]}-{plain[20:]}"


def brief(entry: Entry) -> BriefEntry:
    """An entry without its value."""
    return entry.timestamp, entry.key, brief_id(entry.activity_id)


def whole(given: BriefEntry, value: str | None = None) -> Entry:
    """The entry that `brief` wrote, with a value."""
    return Entry(given[0], given[1], whole_id(given[2]), value)


def lightened(
    memory: Memory, raised: Mapping[str, Sequence[Raised]], findings: Callable[[], Found]
) -> tuple[bytes, dict[str, list[Raised]]]:
    """A memory that is too large as it is stored when it has let go of enough; and what is still known of what was raised, by policy.

    findings: what policies find of it. What was raised and is found no longer is nobody's concern from now on: it is not withdrawn, as
    nothing has explained it, and a flood would hide what was before it.
    """
    packed = pack((memory.packed(), raised))
    while len(packed) > MOST_STORED and memory.lighten():
        packed = pack((memory.packed(), raised))
    found = {watching.raises: several for watching, several in findings()} if raised else {}
    left = {raises: still for raises, several in raised.items() if (still := _still(several, found.get(raises, ())))}
    return pack((memory.packed(), left)), left


def _still(raised: Sequence[Raised], findings: Sequence[Finding]) -> list[Raised]:
    left = []
    for one in raised:
        found = next((each for each in findings if mark(each.of) == one.of and each.first <= one.last and one.first <= each.last), None)
        if found is not None:
            begun = mark(found.members[0].activity_id)
            left.append(replace(one, first=found.first, last=found.last, count=found.count, begun=begun, numbers=None))
    return left
