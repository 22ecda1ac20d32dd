"""The frames (RFC 8878) that a block's body is made of.

One that decompressors skip says what the others are; then come the activities without their records; and the records: of each lot (`lots`)
a frame, where there are many, else one. A body of an older casbd is one frame, of activities with their records.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import zstandard

from casbd.store.log.lots import LOTS

_HEAD = struct.Struct("<IIII")
"""The frame that is skipped: its sign, the length of what is in it, the length of the next frame, the CRC of those behind it."""
_SIGN = 0x184D2A5C, 8
_DEALT_SIGN = 0x184D2A5D
_SIZES = struct.Struct(f"<I{LOTS}I")
"""Behind the head of records that are dealt: the CRC of what follows here; how long the frame of each lot is. Then each activity's lot."""


class Frames(NamedTuple):
    """The parts of a body. records: None where an older casbd has written them with the rest; where they are dealt, of each lot that there
    is. crc: theirs. lots: each activity's, and `says` what has `crc_of_lots`; empty where they are not dealt."""

    rest: memoryview
    records: list[memoryview] | None
    crc: int = 0
    lots: bytes = b""
    says: bytes | memoryview = b""
    crc_of_lots: int = 0

    def checked(self, number: int) -> list[memoryview]:
        """The records of so many activities. A ZstdError where what says whose they are has changed: each would be whole, and another's."""
        assert self.records is not None
        is_right = zlib.crc32(self.says) == self.crc_of_lots and len(self.lots) == number and len({*self.lots}) == len(self.records)
        if self.lots and not is_right:
            raise zstandard.ZstdError("it says wrongly where its records are")
        return self.records

    def unchanged(self, number: int) -> list[memoryview]:
        """The same, for who does not decompress them. A ZstdError where they have changed, too."""
        if crc_of(self.checked(number)) != self.crc:
            raise zstandard.ZstdError("the records have changed")
        return self.checked(number)


def frames(body: bytes) -> Frames:
    """A body's. What is no body, or damaged, is taken for an older casbd's."""
    view = memoryview(body)
    if len(body) < _HEAD.size:
        return Frames(view, None)
    sign, length, rest, crc = _HEAD.unpack_from(body)
    end = 8 + length
    if (sign, length) == _SIGN:
        return Frames(view[end : end + rest], [view[end + rest :]], crc)
    if sign != _DEALT_SIGN or not _HEAD.size + _SIZES.size < end <= len(body):
        return Frames(view, None)
    crc_of_lots, *sizes = _SIZES.unpack_from(body, _HEAD.size)
    ends = [*itertools.accumulate(sizes, initial=end + rest)]
    records = [view[start:stop] for start, stop in itertools.pairwise(ends) if start < stop]
    return Frames(view[end : end + rest], records, crc, body[_HEAD.size + _SIZES.size : end], view[_HEAD.size + 4 : end], crc_of_lots)


def size(body: bytes) -> int:
    """Bytes of a body's activities before they are compressed, by what the frames say of themselves; of a damaged one those it has."""
    own = frames(body)
    try:
        return max(len(body), sum(size_of(frame) for frame in (own.rest, *(own.records or ()))))
    except zstandard.ZstdError:
        return len(body)


class Records(NamedTuple):
    """Those of a body as it has them. lots: each activity's; frames: of the lots that there are, each its lot and its frame."""

    lots: bytes
    frames: list[tuple[int, memoryview]]


def records(body: bytes, number: int) -> Records | None:
    """The records that are dealt; None where there are too few for it, or an older casbd's. One of `DAMAGE` where they have changed."""
    own = frames(body)
    if not own.lots:
        return None
    return Records(own.lots, [*zip(sorted({*own.lots}), own.unchanged(number), strict=True)])


def checksum(body: bytes) -> bytes:
    """That of a body's activities without their records, as zstd has made it (RFC 8878 3.1.1)."""
    return bytes(frames(body).rest[-4:])


def joined(rest: bytes, records: bytes) -> bytes:
    """A body of its frames."""
    return b"".join((_HEAD.pack(*_SIGN, len(rest), zlib.crc32(records)), rest, records))


def joined_lots(rest: bytes, lots: bytes, records: Sequence[bytes]) -> bytes:
    """The same of dealt records. lots: each activity's; records: a frame of each lot, empty where it has none."""
    says = _SIZES.pack(0, *map(len, records))[4:] + lots
    head = _HEAD.pack(_DEALT_SIGN, _HEAD.size - 8 + 4 + len(says), len(rest), crc_of(records))
    return b"".join((head, zlib.crc32(says).to_bytes(4, "little"), says, rest, *records))


def crc_of(several: Iterable[bytes | memoryview]) -> int:
    """Of frames that lie one behind the other."""
    crc = 0
    for frame in several:
        crc = zlib.crc32(frame, crc)
    return crc


def size_of(frame: memoryview) -> int:
    """Bytes of a frame before it was compressed. ZstdError of what is none."""
    return zstandard.frame_content_size(frame)


def decompress(frame: bytes | memoryview) -> bytes:
    """What is in a frame; ZstdError where it is damaged."""
    # One of its own each time: a decompressor that two destinations' threads use at once corrupts the memory.
    return zstandard.ZstdDecompressor().decompress(frame)
