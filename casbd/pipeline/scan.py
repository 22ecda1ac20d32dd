"""The first half: from the records of a file to activities, with the policies that each meets.

It is a pure function, but for policies that cost far too much: no time of day, no disk, nothing shared; so it runs in this process or
in many, with the same result. What depends on the time (`within_days`) depends on when the chunk was read.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Collection, Sequence

import msgspec

from casbd.errors import BadRecord
from casbd.model.activity import Activity
from casbd.model.chunk import Chunk, Position, Reject
from casbd.model.costly import Costly
from casbd.pipeline.enrichment import Enrichment
from casbd.pipeline.keys import Keys
from casbd.plugins import Enricher, Format
from casbd.policies.asking import Asking
from casbd.policies.matcher import Counted, Matcher
from casbd.records.finished import finish
from casbd.remembered import Remembered
from casbd.store.log.packing import NOTHING, Packer, Part

log = logging.getLogger(__name__)

REJECT_BYTES = 4096

TOGETHER = 64
"""So many records fit into the processor's second-level cache."""


class Batch(msgspec.Struct):
    """A scanned chunk. parsed: how many of its records gave activities.

    stored: the activities with their keys, as they will be stored. rows: the number of each one's record. matches: the
    number of an activity, the activity, and the ids of the policies whose filters it meets with what each counts of it.
    costly: the policies that the scanner asks no more since it began. unasked: about so many activities no policy was asked.
    """

    input: str
    position: Position
    received: int
    parsed: int = 0
    stored: Part = NOTHING
    rows: list[int] = []
    matches: list[tuple[int, Activity, tuple[str, ...], tuple[tuple[Counted, ...], ...]]] = []
    rejects: list[Reject] = []
    costly: list[Costly] = []
    unasked: int = 0

    @property
    def activities(self) -> list[Activity]:
        """All of them, read back from `stored`."""
        return self.stored.activities()


class Scanner:
    """The first half: parse, normalise, enrich, match.

    formats: by input name and format name. salt: the store's own, so that keys cannot be forged.
    """

    def __init__(self, formats: Callable[[str, str], Format], enrichers: Sequence[Enricher], matcher: Matcher, salt: bytes) -> None:
        self._formats = formats
        self._enrich = Enrichment(enrichers).enrich
        self._asking = Asking(matcher)
        self._telling = frozenset(policy.id for policy in matcher.policies if policy.alert.tells_of_records and policy.is_of_each)
        comparing = frozenset(policy.id for policy in matcher.policies if policy.match is not None and policy.windowed is None)
        self._matched = Remembered[tuple[str, ...], tuple[str, ...]](
            lambda ids: tuple([one for one in ids if one not in comparing]), 10_000
        )
        """Without those that compare with what is usual: nearly every activity meets the filters of some, and is nothing special."""
        self._keys = Keys(salt)
        self._packer = Packer()

    def scan(self, chunk: Chunk, *, careful: bool = False) -> Batch:
        """All activities of a chunk; what cannot be one becomes a reject, and the next record is read.

        Some records go through all stages together, and then make room for the next ones: the processor's caches hold them.
        careful: each record goes alone, so that one which breaks a stage harms no other; it need not be asked for.
        """
        batch = Batch(chunk.input, chunk.position, len(chunk.records) + len(chunk.rejects), rejects=list(chunk.rejects))
        together = 1 if careful else TOGETHER
        keys: list[int] = []
        self._packer.begin()
        self._asking.begin(sum(map(len, chunk.records)), chunk.position.seen)
        for start in range(0, len(chunk.records), together):
            try:
                keys += self._add(batch, chunk, range(start, min(start + together, len(chunk.records))))
            except Exception as error:  # noqa: BLE001  whatever a hostile record breaks: the second turn finds out which one it was
                if not careful:
                    return self.scan(chunk, careful=True)  # rare enough
                batch.rejects.append(_reject(chunk, start, error))
        batch.stored = self._packer.part(keys)
        batch.parsed = batch.received - len(batch.rejects)
        batch.costly, batch.unasked = self._asking.end()
        return batch

    def do_without(self, policies: Collection[str]) -> None:
        """Ask some policies, by id, no more."""
        self._asking.do_without(policies)

    def _add(self, batch: Batch, chunk: Chunk, numbers: range) -> list[int]:
        """Put some records' activities into the batch, all or none; their keys."""
        activities, rows = self._parse(batch, chunk, numbers)
        self._enrich(activities)
        matches = []
        for number, ids, counted in self._asking.ask(activities):
            activity = activities[number]
            activity.matched_policies = self._matched[ids]
            matches.append((len(batch.rows) + number, activity, ids, counted))
        keys = self._keys(activities)
        self._packer.add(activities)
        for _, activity, ids, _ in matches:
            if self._telling.isdisjoint(ids):
                activity.raw = ""  # it is stored, no alert needs it, and its memory is warm for the next records
        batch.matches += matches
        batch.rows += rows
        return keys

    def _parse(self, batch: Batch, chunk: Chunk, numbers: range) -> tuple[list[Activity], list[int]]:
        """The activities of some records, and the number of each one's record."""
        parse = self._formats(chunk.input, chunk.format).parse
        source, name, path, instance = chunk.format, chunk.input, chunk.path, chunk.instance
        activities, rows = [], []
        span = slice(numbers.start, numbers.stop)
        for number, record, offset in zip(numbers, chunk.records[span], chunk.offsets[span], strict=True):
            try:
                raw = record.decode()
                parsed = parse(record)
            except (BadRecord, UnicodeDecodeError) as error:
                batch.rejects.append(_reject(chunk, number, error))
                continue
            for activity in parsed:
                finish(activity, record, raw)
                activity.source = source
                activity.input = name
                activity.input_file = path
                activity.input_offset = offset
                if instance is not None:
                    activity.app_instance = instance
                activities.append(activity)
                rows.append(number)
        return activities, rows


_logged: set[tuple[str, int | None]] = set()


def _why(error: Exception, chunk: Chunk, offset: int) -> str:
    """The reason of a reject. What no format raises on purpose is a mistake of ours: it is logged, without the record."""
    match error:
        case BadRecord():
            return str(error).encode("utf-8", "replace").decode()
        case UnicodeDecodeError():
            return f"not UTF-8 (byte {error.start})"
        case UnicodeEncodeError():
            return "not Unicode: half a surrogate pair"
    place = traceback.extract_tb(error.__traceback__)[-1]
    if (place.filename, place.lineno) not in _logged:  # once a place: a file may hold millions of such records
        _logged.add((place.filename, place.lineno))
        extra = {"file": chunk.path, "offset": offset, "error": type(error).__name__, "place": f"{place.filename}:{place.lineno}"}
        log.error("a record broke its format: please report it", extra=extra)
    return f"internal error: {type(error).__name__}"


def _reject(chunk: Chunk, number: int, error: Exception) -> Reject:
    record, offset = chunk.records[number], chunk.offsets[number]
    return Reject(
        input=chunk.input, input_file=chunk.path, input_offset=offset, reason=_why(error, chunk, offset), raw=record[:REJECT_BYTES]
    )
