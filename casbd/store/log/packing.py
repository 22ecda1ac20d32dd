"""Activities as a block holds them: one behind the other, as msgpack, in one frame of zstd; and back, as objects or columns.

Columns come from the C of `_columns`, where it was compiled; without it they are made of the objects, which takes four times as long. What
it does not know exactly (fields of an older casbd) and what is damaged it leaves to Python, which decides what it is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import zstandard

from casbd.model.activity import FIELDS, Activity
from casbd.store.log import columns

if TYPE_CHECKING:
    import pyarrow as pa

try:
    from casbd.store.log import _columns
except ImportError:  # there was no compiler
    COMPILED = False
else:
    COMPILED = True
"""Whether columns come from C."""

_encode_into = msgspec.msgpack.Encoder().encode_into
_decode = msgspec.msgpack.Decoder(list[Activity]).decode
_decode_one = msgspec.msgpack.Decoder(Activity).decode
_split = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode

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

    def encoded(self) -> bytes:
        """All of them, one behind the other."""
        return _decompress(self.body)


NOTHING = Part(b"", 0, (), 0, 0)


class Packer:
    """Makes parts, a few activities at a time. Not for several threads at once.

    Its memory is used again for each part: fresh memory of that size costs as much time as half of the encoding.
    """

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(compression_params=_PARAMETERS)
        self._few = bytearray()
        self._body = bytearray(_USUAL)
        self.begin()

    def begin(self) -> None:
        """A new part; what was added to one that was never made is forgotten."""
        if len(self._body) > 4 * _USUAL:  # some records were huge, and perhaps no others ever will be
            self._body = bytearray(_USUAL)
        self._size = 0
        self._times: list[int] = []

    def add(self, several: Sequence[Activity]) -> None:
        """Some more. UnicodeEncodeError where a text has half a surrogate pair; then none of them is in the part."""
        _encode_into(several, self._few)
        with memoryview(self._few) as whole, whole[len(_header(len(several))) :] as view:
            self._append(view)
        self._times += [activity.timestamp for activity in several]

    def part(self, keys: Sequence[int]) -> Part:
        """What was added, each with its key."""
        if not self._times:
            return NOTHING
        with memoryview(self._body) as whole, whole[: self._size] as view:
            body = self._compressor.compress(view)
        return Part(body, self._size, keys, min(self._times), max(self._times))

    def merged(self, parts: Sequence[Part]) -> Part:
        """Several parts as one."""
        self.begin()
        for part in parts:
            self._append(memoryview(part.encoded()))
            self._times += (part.first, part.last)
        return self.part([key for part in parts for key in part.keys])

    def without_repeats(self, part: Part, fresh: Sequence[bool]) -> Part:
        """The part with those of its activities alone that are `fresh`."""
        self.begin()
        if several := [activity for activity, new in zip(part.activities(), fresh, strict=True) if new]:
            self.add(several)
        return self.part([key for key, new in zip(part.keys, fresh, strict=True) if new])

    def _append(self, encoded: memoryview) -> None:
        end = self._size + len(encoded)
        if end > len(self._body):
            self._body.extend(bytes(end))
        with memoryview(self._body) as body:
            body[self._size : end] = encoded
        self._size = end


def activities(body: bytes, number: int) -> list[Activity]:
    """The activities of a body that holds so many. One of `DAMAGE` where it does not."""
    return _decode(_header(number) + _decompress(body))


class _Head(msgspec.Struct, array_like=True, gc=False):
    """What an activity begins with; the decoder passes over the rest."""

    timestamp: int
    activity_id: str


_heads = msgspec.msgpack.Decoder(list[_Head]).decode


def at_places(body: bytes, number: int, places: Collection[tuple[int, str]]) -> list[Activity]:
    """Of the activities of a body those with one of these times and ids; the decoder passes over the others. As `activities`."""
    encoded = _header(number) + _decompress(body)
    wanted = [place for place, one in enumerate(_heads(encoded)) if (one.timestamp, one.activity_id) in places]
    if not wanted:
        return []
    each = _split(encoded)
    return [_decode_one(each[place]) for place in wanted]


def unpacked(body: bytes, number: int, fields: Collection[str] = FIELDS) -> pa.RecordBatch:
    """Some fields of the same as columns (`columns.schema`), in the fields' order. One of `DAMAGE` where what is read is damaged."""
    wanted = [name for name in FIELDS if name in fields]
    if COMPILED and wanted:
        made = _columns.columns(_decompress(body), number, columns.letters(fields))
        if made is not None:
            return columns.of_buffers(made, wanted)
    return columns.batch(activities(body, number), wanted)


def size(body: bytes) -> int:
    """Bytes of a body's activities before they are compressed, by what the frame says of itself; of a damaged one those it has."""
    try:
        return max(len(body), zstandard.frame_content_size(body))
    except zstandard.ZstdError:
        return len(body)


def _header(count: int) -> bytes:
    """How msgpack begins a list of so many elements (msgpack specification, "array format family")."""
    if count < 16:
        return bytes((0x90 | count,))
    return b"\xdc" + count.to_bytes(2, "big") if count < 65536 else b"\xdd" + count.to_bytes(4, "big")


def _decompress(body: bytes) -> bytes:
    # One of its own each time: a decompressor that two destinations' threads use at once corrupts the memory.
    return zstandard.ZstdDecompressor().decompress(body)
