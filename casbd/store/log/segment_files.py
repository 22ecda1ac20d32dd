"""What a segment's file is: Parquet, activities as columns under the fields' names.

Some ten thousands that were stored one after the other, which is nearly the order of time, have a row group for each lot of people
(`lots`); how they were stored is told by each one's block and place in it. Text, also in lists, is dictionary-encoded but for what differs
in each row; `activity_id` has a Bloom filter. Times are milliseconds since 1970 (UTC). Records are as blocks have compressed them
(`record_pages`).
"""

from __future__ import annotations

import hashlib
import itertools
import os
import resource
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from casbd.documents.replacing import sync
from casbd.errors import StoreError
from casbd.model.activity import Activity
from casbd.store.log import dealt_rows, lots, record_pages
from casbd.store.log.columns import BLOCK, PLACE, RAW, batch, of_block, schema
from casbd.store.log.dealt_rows import DealtRows
from casbd.store.log.lots import LOTS
from casbd.store.log.record_pages import Chunk, Dealt

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 40_000
"""In the row groups of all lots together: what is in memory while a segment is written, and read for the newest of anybody. What files say
of their row groups takes DuckDB 0.4 s for ten million activities; with half as many rows twice that."""
_IDS = ROWS // LOTS
"""About so many different ones in a row group."""
FEW = 10_000
"""Fewer rows are one row group of all lots, unless they are large; as a rule only a file's last are."""
BYTES = 32 << 20
"""In half of a row group, about, however few rows that are: records may have 20 MB, and a row group is read as a whole."""
_DIFFERENT = (RAW, "activity_id", "timestamp", "input_offset", PLACE, "objects.list.element.id", "objects.list.element.name")
"""Nearly in each row: a dictionary of them would take time, and no less room."""
_TOLD = (
    "timestamp",
    BLOCK,
    PLACE,
    "app",
    "app_instance",
    "source",
    "input",
    "user",
    "ip_address",
    "country",
    "activity_type",
    "action_type",
)
"""Of these a row group tells the least and the greatest, so that it need not be read. Of all it would cost a tenth of the writing."""


class Part(msgspec.Struct, frozen=True):
    """One file that was written: of one day (`2026-01-31`, UTC). first, last: times; the blocks likewise. digest: its SHA-256."""

    file: str
    day: str
    activities: int
    first: int
    last: int
    first_block: int
    last_block: int
    digest: bytes


class Rows(NamedTuple):
    """Some rows of a file. records: theirs, of one block after the other; none where the table has them as a column."""

    table: pa.Table
    records: Sequence[Dealt] = ()

    def with_records(self) -> pa.Table:
        """All their columns."""
        if not self.records:
            return self.table
        texts = [one.texts() for one in self.records]
        return self.table.add_column(schema().get_field_index(RAW), schema().field(RAW), texts)


def rows(activities: Sequence[Activity], block_id: int, first: int = 0) -> Rows:
    """Activities of one block as a segment has them. first: the place of the first of them."""
    import pyarrow as pa

    return Rows(pa.Table.from_batches([of_block(batch(activities), block_id, first)]))


def allow_open(files: int) -> int:
    """So many more files may be open; shells begin with 1,024, which years of days are more than (getrlimit(2)). How many may, in all."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = files + 500
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return wanted
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed


class PartWriter:
    """Writes one file, a table at a time, in the order of their blocks. StoreError where it cannot be written.

    directory: of all segments; name: of the file below its day. The file is whole, and durable, or not there at all.
    """

    def __init__(self, directory: Path, day: str, name: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._day, self._file = day, f"date={day}/{name}.parquet"
        self._path = directory / self._file
        self._beside = self._path.with_suffix(".new")
        self._waiting: list[DealtRows] = []
        self._chunks: list[Chunk] = []
        self._bytes = self._size = self._rows = 0
        self._number = self._first = self._last = self._first_block = self._last_block = 0
        self._schema = schema()
        try:
            self._path.parent.mkdir(mode=0o750, exist_ok=True)
            os.close(os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640))  # pyarrow would let everybody read it
            self._sink = pa.OSFile(str(self._beside), "wb")
            self._writer = pq.ParquetWriter(
                self._sink,
                self._schema,
                compression="zstd",
                compression_level=1,  # 3 takes half as long again, for nothing with records full of ids
                use_dictionary=[leaf for field in self._schema for leaf in _leaves(field.name, field.type) if leaf not in _DIFFERENT],
                write_statistics=[*_TOLD],
                bloom_filter_options={"activity_id": {"ndv": _IDS, "fpp": 0.01}},
            )
        except OSError as error:
            raise StoreError(f"{self._beside}: {error}") from None

    def add(self, rows: Rows) -> None:
        """Some rows, behind those that are there."""
        table, several = rows
        if several:
            pages = [page for one in several for page in one.pages.values()]
            own = b"".join(one.lots for one in several)
            self._add(DealtRows.of(table, own, several), sum(len(page.frame) for page in pages), sum(page.size for page in pages))
            return
        at_once = max(1, min(ROWS, table.num_rows * BYTES // max(1, table.nbytes)))
        for start in range(0, table.num_rows, at_once):
            some = table.slice(start, at_once)
            self._add(DealtRows.of(some, lots.of_table(some)), 0, 0)

    def _add(self, some: DealtRows, held: int, size: int) -> None:
        """held: bytes of the records that are not in the table; size: as they are before they are compressed."""
        own = some.table.get_total_buffer_size()
        self._waiting.append(some)
        self._bytes += own + held
        self._size += own + size
        self._rows += some.table.num_rows
        if self._rows >= ROWS or self._bytes >= 2 * BYTES or self._size >= 4 * BYTES:
            self._flush()

    def _see(self, table: pa.Table) -> None:
        """What is said of the file, with some more rows."""
        import pyarrow.compute as pc

        times, blocks = pc.min_max(table["timestamp"]).as_py(), pc.min_max(table[BLOCK]).as_py()
        self._first = min(times["min"], self._first) if self._number else times["min"]
        self._last = max(times["max"], self._last) if self._number else times["max"]
        self._first_block = min(blocks["min"], self._first_block) if self._number else blocks["min"]
        self._last_block = max(blocks["max"], self._last_block)
        self._number += table.num_rows

    def _flush(self) -> None:
        import pyarrow as pa

        if not self._waiting:
            return
        together = self._row_groups()
        self._waiting, self._bytes, self._size, self._rows = [], 0, 0, 0
        try:
            for group in together:
                table = pa.concat_tables(some.of_lot(lot) for some, lot in group)
                if not table.num_rows:
                    continue
                self._see(table)
                whole = table.add_column(self._schema.get_field_index(RAW), RAW, pa.nulls(table.num_rows, pa.string()))
                self._writer.write_table(whole, row_group_size=table.num_rows)
                records = itertools.chain.from_iterable(some.records_of(lot) for some, lot in group)
                self._chunks.append(record_pages.write(self._sink, dealt_rows.pages(records)))
        except (OSError, pa.ArrowException) as error:
            raise StoreError(f"{self._beside}: {error}") from None

    def _row_groups(self) -> list[list[tuple[DealtRows, int]]]:
        """Of what waits the lots that each row group has."""
        if self._rows < FEW and self._size < 2 * BYTES:
            return [[(some, lot) for some in self._waiting for lot in range(LOTS)]]
        return [[(some, lot) for some in self._waiting] for lot in range(LOTS)]

    @property
    def waiting(self) -> int:
        """Bytes of rows that are not yet in the file."""
        return self._bytes

    def flush(self) -> None:
        """Write the rows that wait, however few there are."""
        self._flush()

    def finish(self) -> Part:
        """The file is whole."""
        self._flush()
        try:
            self._writer.close()
            self._sink.close()
            record_pages.put_into_footer(self._beside, self._schema, self._chunks)
            digest = digest_of(self._beside)
            sync(self._beside)  # and the folders below: after a power cut the store would speak of a file that is not there
            self._beside.replace(self._path)
            sync(self._path.parent)
            sync(self._path.parent.parent)
        except OSError as error:
            raise StoreError(f"{self._beside}: {error}") from None
        times = (self._first, self._last)
        return Part(self._file, self._day, self._number, *times, self._first_block, self._last_block, digest)

    def give_up(self) -> None:
        """Leave nothing behind."""
        with suppress(OSError, ValueError):  # the disk is full, or what it is closed with was closed before
            self._writer.close()
        self._writer.is_open = False  # else it would try once more when it is removed, and say so
        self._sink.close()
        for path in (self._beside, self._path):
            path.unlink(missing_ok=True)


def _leaves(name: str, kind: pa.DataType) -> Iterator[str]:
    """Parquet's columns that one of Arrow's is; a list by its own name would have no dictionary of its elements."""
    import pyarrow as pa

    if pa.types.is_list(kind):
        yield from _leaves(f"{name}.list.element", kind.value_type)
    elif pa.types.is_struct(kind):
        for part in kind:
            yield from _leaves(f"{name}.{part.name}", part.type)
    else:
        yield name


def digest_of(path: Path) -> bytes:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def read(path: Path) -> Iterator[pa.Table]:
    """A file's rows, a row group at a time. Those of an older casbd have no place: it is the row's number, as whole blocks are in them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        before = 0
        for number in range(file.num_row_groups):
            table = file.read_row_group(number)
            if PLACE not in table.column_names:
                table = table.append_column(schema().field(PLACE), pa.array(range(before, before + table.num_rows), type=pa.int32()))
            before += table.num_rows
            yield table


def by_day(rows: Rows, of_day: Callable[[str], str] = str) -> Iterable[tuple[str, Rows]]:
    """Rows apart by the day (UTC) of their time, each day's in their order. of_day: a day that stands for it and others."""
    import pyarrow as pa
    import pyarrow.compute as pc

    times = rows.table["timestamp"]
    if not len(times):
        return
    ends = pc.min_max(times).as_py()
    first, last = _days(pa.array([ends["min"], ends["max"]])).to_pylist()
    if first == last:  # as of nearly all blocks: sorting out their rows would cost a sixth of all that a segment costs
        yield of_day(first), rows
        return
    days, table = _days(times), rows.with_records()
    different = pc.unique(days)
    standing = [of_day(day) for day in different.to_pylist()]
    labels = pc.take(pa.array(standing), pc.index_in(days, value_set=different))
    for day in dict.fromkeys(standing):
        yield day, Rows(table.filter(pc.equal(labels, day)))


def _days(times: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """The day (UTC) of each of some times."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.strftime(pc.cast(times, pa.timestamp("ms", "UTC")), format="%Y-%m-%d")
