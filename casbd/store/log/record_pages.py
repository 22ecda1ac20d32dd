"""The column of records of a segment's file, taken over as blocks have them: compressed, those of each lot of a block as a page of Parquet.

Compressing them again would be half of all that a segment costs. pyarrow writes no pages of others, so it writes the file with a column of
nothing in the place of the records; their pages go behind each row group, and the file's footer (Thrift, its compact protocol) is told
where they are. Who reads the file sees Parquet like any other.

https://parquet.apache.org/docs/file-format/ and https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import zstandard

from casbd.store.log import lots, packing, thrift
from casbd.store.log.columns import RAW
from casbd.store.log.thrift import BINARY, I32, I64, LIST, STRUCT, Value, binary, integer, list_of, struct, varint

if TYPE_CHECKING:
    import pyarrow as pa

BYTES = 1 << 20
"""In one page, before it is compressed, about."""
_MAGIC = b"PAR1"
_BYTE_ARRAY, _ZSTD, _PLAIN, _RLE, _DATA_PAGE_V2 = 6, 6, 0, 3, 3
_ROW_GROUPS = 4
_COLUMNS, _SIZE, _COMPRESSED = 1, 2, 6
_ABOUT, _SIZE_OF_COLUMN, _COMPRESSED_OF_COLUMN = 3, 6, 7
"""Fields of FileMetaData, of RowGroup, of ColumnChunk and its ColumnMetaData."""


class Page(NamedTuple):
    """Some records one behind the other. frame: compressed by zstd; size: bytes without; records: how many."""

    frame: bytes | memoryview
    size: int
    records: int

    def texts(self) -> pa.Array:
        """The records."""
        import pyarrow as pa

        return pa.array(packing.texts(self.frame, self.records), pa.string())


class Dealt(NamedTuple):
    """The records of a block. lots: each activity's; pages: of each lot that there is."""

    lots: bytes
    pages: Mapping[int, Page]

    def texts(self) -> pa.Array:
        """The records, in the order of the activities."""
        import pyarrow as pa

        return pa.concat_arrays([self.pages[lot].texts() for lot in sorted(self.pages)]).take(lots.arranged(self.lots))

    def of_lot(self, lot: int) -> Iterator[Page]:
        """The page of a lot, if there is one."""
        if lot in self.pages:
            yield self.pages[lot]


class Chunk(NamedTuple):
    """The pages of one row group. offset: where in the file they begin; size, compressed: their bytes with what stands before each."""

    offset: int
    size: int
    compressed: int
    records: int


def of_texts(texts: pa.ChunkedArray) -> Iterator[Page]:
    """Records that are not compressed yet."""
    import pyarrow as pa
    import pyarrow.compute as pc

    compressor = zstandard.ZstdCompressor(1, write_checksum=True)
    at_once = max(1, len(texts) * BYTES // max(1, texts.nbytes))
    for start in range(0, len(texts), at_once):
        some = texts.slice(start, at_once).combine_chunks().cast(pa.binary())
        number = len(some)
        lengths = pc.binary_length(some)
        each = pa.array(range(0, 4 * number + 4, 4), pa.int32())
        before = pa.Array.from_buffers(pa.binary(), number, [None, each.buffers()[1], lengths.buffers()[1]])
        plain = pc.binary_join_element_wise(before, some, b"").buffers()[2].to_pybytes()
        yield Page(compressor.compress(plain), len(plain), number)


def write(file: pa.NativeFile, pages: Iterable[Page]) -> Chunk:
    """Put pages behind all that is in a file."""
    offset, size, compressed, records = file.tell(), 0, 0, 0
    for page in pages:
        head = _head(page)
        file.write(head)
        file.write(page.frame)
        size += len(head) + page.size
        compressed += len(head) + len(page.frame)
        records += page.records
    return Chunk(offset, size, compressed, records)


def _head(page: Page) -> bytes:
    """What stands before a page: PageHeader, and behind it, as none of the records is null, so many ones."""
    levels = varint(page.records << 1) + b"\x01"
    about = [page.records, 0, page.records, _PLAIN, len(levels), 0]  # DataPageHeaderV2: values, nulls, rows, encoding, sizes of levels
    inside = struct((number, I32, integer(one)) for number, one in enumerate(about, 1))
    sizes = [_DATA_PAGE_V2, len(levels) + page.size, len(levels) + len(page.frame)]
    return struct([*((number, I32, integer(one)) for number, one in enumerate(sizes, 1)), (8, STRUCT, inside)]) + levels


def _column(chunk: Chunk) -> bytes:
    """ColumnChunk, and in it ColumnMetaData."""
    path, encodings = list_of(BINARY, [binary(RAW.encode())]), list_of(I32, [integer(_PLAIN), integer(_RLE)])
    totals = [(5, chunk.records), (6, chunk.size), (7, chunk.compressed), (9, chunk.offset)]
    about = [(1, I32, integer(_BYTE_ARRAY)), (2, LIST, encodings), (3, LIST, path), (4, I32, integer(_ZSTD))]
    about += [(number, I64, integer(total)) for number, total in totals]
    return struct([(2, I64, integer(0)), (3, STRUCT, struct(about))])


def put_into_footer(path: Path, kinds: pa.Schema, chunks: Sequence[Chunk]) -> None:
    """Have a file that is written say where the records of each row group are, where they were not in `kinds`, its columns, yet."""
    column = sum(_leaves(field.type) for field in list(kinds)[: kinds.get_field_index(RAW)])
    with path.open("r+b") as file:
        begins, footer = _footer(file)
        changed = b"".join(_changed(footer, column, chunks))
        file.seek(begins)
        file.write(changed + len(changed).to_bytes(4, "little") + _MAGIC)
        file.truncate()


def _footer(file: IO[bytes]) -> tuple[int, bytes]:
    """Where a file's footer begins, and what it is."""
    ends = file.seek(-8, 2)
    length = int.from_bytes(file.read(4), "little")
    file.seek(ends - length)
    return ends - length, file.read(length)


def _leaves(kind: pa.DataType) -> int:
    """Parquet's columns that one of Arrow's is."""
    return sum(_leaves(kind.field(number).type) for number in range(kind.num_fields)) or 1


def _changed(footer: bytes, column: int, chunks: Sequence[Chunk]) -> Iterator[bytes]:
    """A footer, in parts, with other records."""
    kept = 0
    for chunk, group in zip(chunks, thrift.read(footer).field(_ROW_GROUPS).elements or (), strict=True):
        nothing = (group.field(_COLUMNS).elements or [])[column]
        without = nothing.field(_ABOUT)
        for old, new in (
            (nothing, _column(chunk)),
            (group.field(_SIZE), _with(group.field(_SIZE), without.field(_SIZE_OF_COLUMN), chunk.size)),
            (group.field(_COMPRESSED), _with(group.field(_COMPRESSED), without.field(_COMPRESSED_OF_COLUMN), chunk.compressed)),
        ):
            yield footer[kept : old.start]
            yield new
            kept = old.end
    yield footer[kept:]


def _with(total: Value, nothing: Value, more: int) -> bytes:
    return integer(total.number - nothing.number + more)
