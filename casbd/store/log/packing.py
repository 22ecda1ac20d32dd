"""Activities as a block holds them, and back, as objects or columns.

A body is three frames (RFC 8878): one that decompressors skip, which says how long the next one is and the last one's CRC; the activities
without their records, one behind the other, as msgpack; and the records, each behind its length, which is how Parquet has texts. So who
does not ask for the records does not read them, and a segment takes them over as they are. A body of an older casbd is one frame, of
activities with their records.

Columns come from the C of `_bodies`, where it was compiled; without it they are made of the objects, which takes four times as long. What
it does not know exactly (fields of an older casbd) and what is damaged it leaves to Python, which decides what it is.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import zstandard

from casbd.model.activity import FIELDS, Activity
from casbd.store.log import columns
from casbd.store.log.columns import RAW

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

_HEAD = struct.Struct("<IIII")
"""The frame that is skipped: its sign, the length of what is in it, the length of the next frame, the CRC of the last."""
_SIGN = 0x184D2A5C, 8
_LENGTH = struct.Struct("<I")

DAMAGE = (zstandard.ZstdError, msgspec.DecodeError, UnicodeDecodeError)
"""What reading damaged activities raises."""

_USUAL = 2 << 20
"""Bytes: more than a chunk of records usually becomes."""
_PARAMETERS = zstandard.ZstdCompressionParameters.from_level(1, window_log=19, hash_log=13, min_match=7, write_checksum=True)
"""Level 1 with a table that the processor's cache holds: a tenth less time for 4 % more bytes. Level 3 takes 60 % longer than 1
for audit records, and saves 2 %. Without the checksum a bit that falls over is another letter in somebody's name."""


class Part(NamedTuple):
    """Activities as a block holds them. body: compressed; inside it they are encoded one behind the other, `size` bytes.

    keys: one for each activity. first, last: the earliest and the latest time among them.
    """

    body: bytes
    size: int
    keys: Sequence[int]
    first: int
    last: int

    def activities(self) -> list[Activity]:
        """All of them."""
        return activities(self.body, len(self.keys)) if self.keys else []

    def encoded(self) -> tuple[bytes, bytes]:
        """All of them without their records, one behind the other; and the records likewise."""
        rest, records = _frames(self.body)
        assert records is not None, "an older casbd's is no part of a batch"
        return _decompress(rest), _decompress(records)


NOTHING = Part(b"", 0, (), 0, 0)


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

    def part(self, keys: Sequence[int]) -> Part:
        """What was added, each with its key."""
        if not self._times:
            return NOTHING
        body = joined(self._compressed(self._rest, self._ends[0]), self._compressed(self._records, self._ends[1]))
        return Part(body, sum(self._ends), keys, min(self._times), max(self._times))

    def _compressed(self, buffer: bytearray, end: int) -> bytes:
        with memoryview(buffer) as whole, whole[:end] as view:
            return self._compressor.compress(view)

    def merged(self, parts: Sequence[Part]) -> Part:
        """Several parts as one."""
        self.begin()
        for part in parts:
            rest, records = part.encoded()
            self._ends = _append(self._rest, self._ends[0], rest), _append(self._records, self._ends[1], records)
            self._times += (part.first, part.last)
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
    plain = _decompress(frame)
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
    rest, records = _frames(body)
    several = _decode(_header(number) + _decompress(rest))
    if records is not None:
        for one, record in zip(several, texts(records, number), strict=True):
            one.raw = record
    return several


class _Head(msgspec.Struct, array_like=True, gc=False):
    """What an activity begins with; the decoder passes over the rest."""

    timestamp: int
    activity_id: str


_heads = msgspec.msgpack.Decoder(list[_Head]).decode


def at_places(body: bytes, number: int, places: Collection[tuple[int, str]], *, with_records: bool = True) -> list[Activity]:
    """Of the activities of a body those with one of these times and ids; the decoder passes over the others. As `some`."""
    encoded = _header(number) + _decompress(_frames(body)[0])
    wanted = [place for place, one in enumerate(_heads(encoded)) if (one.timestamp, one.activity_id) in places]
    return _those(body, number, encoded, wanted, with_records=with_records)


def some(body: bytes, number: int, places: Sequence[int], *, with_records: bool = True) -> list[Activity]:
    """The activities at some places of a body, in this order. One of `DAMAGE` where what is read is damaged.

    with_records: else `raw` may be empty, and the larger part of the body is not looked at.
    """
    return _those(body, number, _header(number) + _decompress(_frames(body)[0]), places, with_records=with_records)


def _those(body: bytes, number: int, encoded: bytes, places: Sequence[int], *, with_records: bool) -> list[Activity]:
    if not places:
        return []
    each, records = _split(encoded), _frames(body)[1]
    several = [_decode_one(each[place]) for place in places]
    if records is not None and with_records:
        whole = texts(records, number)
        for one, place in zip(several, places, strict=True):
            one.raw = whole[place]
    return several


def unpacked(body: bytes, number: int, fields: Collection[str] = FIELDS) -> pa.RecordBatch:
    """Some fields of the same as columns (`columns.schema`), in the fields' order. One of `DAMAGE` where what is read is damaged."""
    wanted = [name for name in FIELDS if name in fields]
    rest, records = _frames(body)
    if COMPILED and wanted:
        apart = b"" if records is None or RAW not in fields else _decompress(records)
        made = _bodies.columns((_decompress(rest),), (number,), columns.letters(fields, apart=records is not None), apart)
        if made is not None:
            return columns.of_buffers(made, wanted)
    return columns.batch(activities(body, number), wanted)


def unpacked_together(bodies: Sequence[bytes], numbers: Sequence[int]) -> pa.RecordBatch | None:
    """All fields but their records of several, one behind the other; None where each of them must be unpacked for itself."""
    frames = [_frames(body) for body in bodies]
    if not COMPILED or any(records is None for _, records in frames):
        return None
    wanted = [name for name in FIELDS if name != RAW]
    made = _bodies.columns(tuple(_decompress(rest) for rest, _ in frames), tuple(numbers), columns.letters(wanted, apart=True), b"")
    return None if made is None else columns.of_buffers(made, wanted)


def size(body: bytes) -> int:
    """Bytes of a body's activities before they are compressed, by what the frames say of themselves; of a damaged one those it has."""
    try:
        return max(len(body), sum(zstandard.frame_content_size(frame) for frame in _frames(body) if frame is not None))
    except zstandard.ZstdError:
        return len(body)


def records(body: bytes) -> tuple[memoryview, int] | None:
    """The frame of the records, and its size before it was compressed; None of an older casbd's. One of `DAMAGE` where it has changed."""
    _, frame = _frames(body)
    if frame is None:
        return None
    if zlib.crc32(frame) != _HEAD.unpack_from(body)[3]:
        raise zstandard.ZstdError("the records have changed")
    return frame, zstandard.frame_content_size(frame)


def checksum(body: bytes) -> bytes:
    """That of a body's activities without their records, as zstd has made it (RFC 8878 3.1.1)."""
    return bytes(_frames(body)[0][-4:])


def joined(rest: bytes, records: bytes) -> bytes:
    """A body of its frames."""
    return b"".join((_HEAD.pack(*_SIGN, len(rest), zlib.crc32(records)), rest, records))


def _frames(body: bytes) -> tuple[memoryview, memoryview | None]:
    """The frame of activities, and that of their records; None where an older casbd has written both as one."""
    view = memoryview(body)
    if len(body) < _HEAD.size or _HEAD.unpack_from(body)[:2] != _SIGN:
        return view, None
    end = _HEAD.size + _HEAD.unpack_from(body)[2]
    return view[_HEAD.size : end], view[end:]


def _header(count: int) -> bytes:
    """How msgpack begins a list of so many elements (msgpack specification, "array format family")."""
    if count < 16:
        return bytes((0x90 | count,))
    return b"\xdc" + count.to_bytes(2, "big") if count < 65536 else b"\xdd" + count.to_bytes(4, "big")


def _decompress(body: bytes | memoryview) -> bytes:
    # One of its own each time: a decompressor that two destinations' threads use at once corrupts the memory.
    return zstandard.ZstdDecompressor().decompress(body)
