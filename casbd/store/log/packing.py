"""Activities as a block holds them, and back, as objects or columns.

A body (`bodies`) has the activities without their records as msgpack, one behind the other; and the records, each behind its length, which
is how Parquet has texts. So who does not ask for the records does not read them, and a segment takes them over as they are.

Columns come from the C of `_bodies`, where it was compiled; without it they are made of the objects, which takes four times as long. What
it does not know exactly (fields of an older casbd) and what is damaged it leaves to Python, which decides what it is.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import zstandard

from casbd.model.activity import FIELDS, Activity
from casbd.store.log import columns, lots
from casbd.store.log.bodies import Frames, decompress, joined, joined_lots
from casbd.store.log.bodies import frames as frames_of
from casbd.store.log.columns import RAW
from casbd.store.log.lots import LOTS

if TYPE_CHECKING:
    import pyarrow as pa

try:
    from casbd.store.log import _bodies
except ImportError:  # there was no compiler
    COMPILED = False
else:
    COMPILED = True
"""Whether columns come from C."""

_encode_into = msgspec.msgpack.Encoder().encode_into
_decode = msgspec.msgpack.Decoder(list[Activity]).decode
_decode_one = msgspec.msgpack.Decoder(Activity).decode
_split = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode

_LENGTH = struct.Struct("<I")

DAMAGE = (zstandard.ZstdError, msgspec.DecodeError, UnicodeDecodeError)
"""What reading damaged activities raises."""

DEALT = 256 << 10
"""Bytes. Fewer records are compressed again with others, of which they take less: 64 kilobytes alone an eighth more."""
_USUAL = 2 << 20
"""Bytes: more than a chunk of records usually becomes."""
_PARAMETERS = zstandard.ZstdCompressionParameters.from_level(1, window_log=19, hash_log=13, min_match=7, write_checksum=True)
"""Level 1 with a table that the processor's cache holds: a tenth less time for 4 % more bytes. Level 3 takes 60 % longer than 1
for audit records, and saves 2 %. Without the checksum a bit that falls over is another letter in somebody's name."""


class Part(NamedTuple):
    """Activities as a block holds them. body: compressed; inside it they are encoded one behind the other, `size` bytes.

    keys: one for each activity. first, last: the earliest and the latest time among them. lots: each one's.
    """

    body: bytes
    size: int
    keys: Sequence[int]
    first: int
    last: int
    lots: bytes

    def activities(self) -> list[Activity]:
        """All of them."""
        return activities(self.body, len(self.keys)) if self.keys else []

    def encoded(self) -> tuple[bytes, bytes]:
        """All of them without their records, one behind the other; and the records likewise."""
        frames = frames_of(self.body)
        assert frames.records is not None, "an older casbd's is no part of a batch"
        if not frames.lots:
            return decompress(frames.rest), decompress(frames.records[0])
        several = bytearray()
        end = _append_texts(_texts(frames, len(self.keys)), several, 0)
        return decompress(frames.rest), bytes(several[:end])


NOTHING = Part(b"", 0, (), 0, 0, b"")


class Packer:
    """Makes parts, a few activities at a time. Not for several threads at once.

    Its memory is used again for each part: fresh memory of that size costs as much time as half of the encoding.
    """

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(compression_params=_PARAMETERS)
        self._few = bytearray()
        self._rest, self._records = bytearray(_USUAL), bytearray(_USUAL)
        self.begin()

    def begin(self) -> None:
        """A new part; what was added to one that was never made is forgotten."""
        if len(self._rest) + len(self._records) > 8 * _USUAL:  # some records were huge, and perhaps no others ever will be
            self._rest, self._records = bytearray(_USUAL), bytearray(_USUAL)
        self._ends = 0, 0
        self._times: list[int] = []
        self._lots = bytearray()

    def add(self, several: Sequence[Activity]) -> None:
        """Some more. UnicodeEncodeError where a text has half a surrogate pair; then none of them is in the part."""
        records = [activity.raw for activity in several]
        try:
            for activity in several:
                activity.raw = ""
            _encode_into(several, self._few)
        finally:
            for activity, record in zip(several, records, strict=True):
                activity.raw = record
        end = _append_texts(records, self._records, self._ends[1])
        with memoryview(self._few) as whole, whole[len(_header(len(several))) :] as view:
            self._ends = _append(self._rest, self._ends[0], view), end
        self._times += [activity.timestamp for activity in several]
        self._lots += lots.of_activities(several)

    def part(self, keys: Sequence[int]) -> Part:
        """What was added, each with its key."""
        if not self._times:
            return NOTHING
        rest, end = self._compressed(self._rest, self._ends[0]), self._ends[1]
        own = bytes(self._lots)
        body = joined(rest, self._compressed(self._records, end)) if end < DEALT else joined_lots(rest, own, self._by_lot(own))
        return Part(body, sum(self._ends), keys, min(self._times), max(self._times), own)

    def _compressed(self, buffer: bytearray, end: int) -> bytes:
        with memoryview(buffer) as whole, whole[:end] as view:
            return self._compressor.compress(view)

    def _by_lot(self, own: bytes) -> list[bytes]:
        """The records of each lot, compressed."""
        several: list[list[memoryview]] = [[] for _ in range(LOTS)]
        start = 0
        with memoryview(self._records) as whole:
            for lot in own:
                end = start + _LENGTH.size + _LENGTH.unpack_from(whole, start)[0]
                several[lot].append(whole[start:end])
                start = end
            return [self._compressor.compress(b"".join(some)) if some else b"" for some in several]

    def merged(self, parts: Sequence[Part]) -> Part:
        """Several parts as one."""
        self.begin()
        for part in parts:
            rest, records = part.encoded()
            self._ends = _append(self._rest, self._ends[0], rest), _append(self._records, self._ends[1], records)
            self._times += (part.first, part.last)
            self._lots += part.lots
        return self.part([key for part in parts for key in part.keys])

    def without_repeats(self, part: Part, fresh: Sequence[bool]) -> Part:
        """The part with those of its activities alone that are `fresh`."""
        self.begin()
        if several := [activity for activity, new in zip(part.activities(), fresh, strict=True) if new]:
            self.add(several)
        return self.part([key for key, new in zip(part.keys, fresh, strict=True) if new])


def _append(buffer: bytearray, used: int, more: bytes | memoryview) -> int:
    """Put more behind the first `used` bytes; where it ends."""
    end = used + len(more)
    if end > len(buffer):
        buffer.extend(bytes(end))
    with memoryview(buffer) as view:
        view[used:end] = more
    return end


def _append_texts(texts: list[str], buffer: bytearray, used: int) -> int:
    """Likewise texts, each behind its length. UnicodeEncodeError where one has half a surrogate pair."""
    if COMPILED:
        return _bodies.append_texts(texts, buffer, used)
    encoded = [text.encode() for text in texts]
    return _append(buffer, used, b"".join(piece for text in encoded for piece in (_LENGTH.pack(len(text)), text)))


def texts(frame: bytes | memoryview, number: int) -> list[str]:
    """The records of their frame. One of `DAMAGE` where it has not so many."""
    plain = decompress(frame)
    made = _bodies.texts(plain, number) if COMPILED else _texts_by_python(plain)
    if made is None or len(made) != number:
        raise msgspec.DecodeError("the records are damaged")
    return made


def _texts_by_python(plain: bytes) -> list[str] | None:
    made, place = [], 0
    while place + 4 <= len(plain):
        (length,) = _LENGTH.unpack_from(plain, place)
        made.append(plain[place + 4 : place + 4 + length].decode())
        place += 4 + length
    return made if place == len(plain) else None


def activities(body: bytes, number: int) -> list[Activity]:
    """The activities of a body that holds so many. One of `DAMAGE` where it does not."""
    frames = frames_of(body)
    several = _decode(_header(number) + decompress(frames.rest))
    if frames.records is not None:
        for one, record in zip(several, _texts(frames, number), strict=True):
            one.raw = record
    return several


class _Head(msgspec.Struct, array_like=True, gc=False):
    """What an activity begins with; the decoder passes over the rest."""

    timestamp: int
    activity_id: str


_heads = msgspec.msgpack.Decoder(list[_Head]).decode


def at_places(body: bytes, number: int, places: Collection[tuple[int, str]], *, with_records: bool = True) -> list[Activity]:
    """Of the activities of a body those with one of these times and ids; the decoder passes over the others. As `some`."""
    frames = frames_of(body)
    encoded = _header(number) + decompress(frames.rest)
    wanted = [place for place, one in enumerate(_heads(encoded)) if (one.timestamp, one.activity_id) in places]
    return _those(frames, number, encoded, wanted, with_records=with_records)


def some(body: bytes, number: int, places: Sequence[int], *, with_records: bool = True) -> list[Activity]:
    """The activities at some places of a body, in this order. One of `DAMAGE` where what is read is damaged.

    with_records: else `raw` may be empty, and the larger part of the body is not looked at.
    """
    frames = frames_of(body)
    return _those(frames, number, _header(number) + decompress(frames.rest), places, with_records=with_records)


def _those(frames: Frames, number: int, encoded: bytes, places: Sequence[int], *, with_records: bool) -> list[Activity]:
    if not places:
        return []
    each = _split(encoded)
    several = [_decode_one(each[place]) for place in places]
    if frames.records is not None and with_records:
        whole = _texts(frames, number, places)
        for one, place in zip(several, places, strict=True):
            one.raw = whole[place]
    return several


def unpacked(body: bytes, number: int, fields: Collection[str] = FIELDS) -> pa.RecordBatch:
    """Some fields of the same as columns (`columns.schema`), in the fields' order. One of `DAMAGE` where what is read is damaged."""
    wanted = [name for name in FIELDS if name in fields]
    frames = frames_of(body)
    if not COMPILED or not wanted:
        return columns.batch(activities(body, number), wanted)
    with_records = frames.records is not None and RAW in fields
    apart = b"".join(map(decompress, frames.checked(number))) if with_records else b""
    kinds = columns.letters(fields, apart=frames.records is not None)
    made = _bodies.columns((decompress(frames.rest),), (number,), kinds, apart)
    if made is None:
        return columns.batch(activities(body, number), wanted)
    batch = columns.of_buffers(made, wanted)
    if with_records and frames.lots:
        batch = batch.set_column(wanted.index(RAW), RAW, batch[RAW].take(lots.arranged(frames.lots)))
    return batch


def unpacked_together(bodies: Sequence[bytes], numbers: Sequence[int]) -> pa.RecordBatch | None:
    """All fields but their records of several, one behind the other; None where each of them must be unpacked for itself."""
    several = [*map(frames_of, bodies)]
    if not COMPILED or any(frames.records is None for frames in several):
        return None
    wanted = [name for name in FIELDS if name != RAW]
    rests = tuple(decompress(frames.rest) for frames in several)
    made = _bodies.columns(rests, tuple(numbers), columns.letters(wanted, apart=True), b"")
    return None if made is None else columns.of_buffers(made, wanted)


def _header(count: int) -> bytes:
    """How msgpack begins a list of so many elements (msgpack specification, "array format family")."""
    if count < 16:
        return bytes((0x90 | count,))
    return b"\xdc" + count.to_bytes(2, "big") if count < 65536 else b"\xdd" + count.to_bytes(4, "big")


def _texts(frames: Frames, number: int, places: Iterable[int] | None = None) -> list[str]:
    """The records of so many activities; of some places, others may be empty."""
    several = frames.checked(number)
    if not frames.lots:
        return texts(several[0], number)
    wanted = {*frames.lots} if places is None else {frames.lots[place] for place in places}
    own = zip(sorted({*frames.lots}), several, strict=True)
    counts = {lot: frames.lots.count(lot) for lot in {*frames.lots}}
    return lots.in_order(frames.lots, [texts(frame, counts[lot]) if lot in wanted else [""] * counts[lot] for lot, frame in own])
