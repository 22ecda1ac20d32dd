"""Memory that this process and one that scans both see: records go there, and batches come back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from mmap import mmap

import msgspec

from casbd.model.chunk import Chunk
from casbd.pipeline.scan import Batch

SLOT_BYTES = 8 << 20
"""A task and its batches. Of this only what was ever needed takes memory, mostly 1.5 MB; what is larger is scanned here."""

_encode = msgspec.msgpack.Encoder().encode
_encode_into = msgspec.msgpack.Encoder().encode_into
_decode = msgspec.msgpack.Decoder(Batch).decode


class Task:
    """Chunks that are scanned one after the other.

    batches: of those that are. chunks: those that are not, unless a worker has them. size: bytes of all records.
    """

    __slots__ = ("batches", "chunks", "size")

    def __init__(self, chunks: list[Chunk]) -> None:
        self.chunks = chunks
        self.batches: list[Batch] = []
        self.size = sum(len(record) for chunk in chunks for record in chunk.records)


class _Packed(msgspec.Struct, array_like=True):
    """A task beside its records. chunks: without them. sizes: of each chunk's records, which lie one behind the other."""

    chunks: list[Chunk]
    sizes: list[list[int]]
    without: frozenset[str]


_unpack = msgspec.msgpack.Decoder(_Packed).decode


class Slot:
    """Memory for one task, and behind it for what came of it."""

    def __init__(self) -> None:
        self._memory = mmap(-1, SLOT_BYTES)
        self._records = self._end = 0

    def put(self, task: Task, without: frozenset[str]) -> tuple[int, int] | None:
        """Copy a task; where its records end, and it all ends. None where there is no room."""
        sizes = [list(map(len, chunk.records)) for chunk in task.chunks]
        packed = _encode(_Packed([msgspec.structs.replace(chunk, records=[]) for chunk in task.chunks], sizes, without))
        if task.size + len(packed) > SLOT_BYTES:
            return None
        place = 0
        for chunk in task.chunks:
            place = self._append(place, b"".join(chunk.records))
        return place, self._append(place, packed)

    def _append(self, place: int, data: bytes | bytearray) -> int:
        end = place + len(data)
        self._memory[place:end] = data
        return end

    def chunks(self, records: int, end: int) -> tuple[Iterator[Chunk], frozenset[str]]:
        """The task again, as `put` has told where it lies."""
        packed = _unpack(self._memory[records:end])
        return self._cut(packed), packed.without

    def _cut(self, packed: _Packed) -> Iterator[Chunk]:
        place, memory = 0, self._memory
        for chunk, sizes in zip(packed.chunks, packed.sizes, strict=True):
            places = accumulate(sizes, initial=place)
            records = [memory[start:end] for start, end in pairwise(places)]
            place += sum(sizes)
            yield msgspec.structs.replace(chunk, records=records)

    def add(self, place: int, batch: Batch, buffer: bytearray) -> int | None:
        """Put what came of a chunk behind the rest; where it ends. None where there is no room."""
        _encode_into(batch, buffer)
        return self._append(place, buffer) if place + len(buffer) <= SLOT_BYTES else None

    def batches(self, places: Sequence[int]) -> list[Batch]:
        """What lies between these."""
        with memoryview(self._memory) as whole:
            return [_batch(whole, start, end) for start, end in pairwise(places)]


def _batch(memory: memoryview, start: int, end: int) -> Batch:
    with memory[start:end] as part:
        return _decode(part)
