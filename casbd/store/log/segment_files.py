"""What a segment's file is: Parquet, activities as columns under the fields' names, in the order in which they were stored.

Sorted by block and place in it, which is nearly the order of time. Text is dictionary-encoded but for what differs in each row;
`activity_id` has a Bloom filter. Times are milliseconds since 1970 (UTC).
"""

from __future__ import annotations

import hashlib
import os
import resource
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from casbd.documents.replacing import sync
from casbd.errors import StoreError
from casbd.model.activity import Activity
from casbd.store.log.columns import BLOCK, PLACE, RAW, batch, of_block, schema

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 10_000
"""In one row group: what is in memory while a segment is written (144 MB in all, with twice as many 174). What files say of their
row groups takes DuckDB 0.2 s for ten million activities; with half as many rows it would be 0.4."""
BYTES = 32 << 20
"""In one row group, about, however few rows that are: records may have 20 MB, and a row group is read as a whole."""
_ALL_DIFFERENT = (RAW, "activity_id")


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


def rows(activities: Sequence[Activity], block_id: int, first: int = 0) -> pa.Table:
    """Activities of one block as a segment has them. first: the place of the first of them."""
    import pyarrow as pa

    return pa.Table.from_batches([of_block(batch(activities), block_id, first)])


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
        import pyarrow.parquet as pq

        self._day, self._file = day, f"date={day}/{name}.parquet"
        self._path = directory / self._file
        self._beside = self._path.with_suffix(".new")
        self._waiting: list[pa.Table] = []
        self._bytes = 0
        self._number = self._first = self._last = self._first_block = self._last_block = 0
        try:
            self._path.parent.mkdir(mode=0o750, exist_ok=True)
            os.close(os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640))  # pyarrow would let everybody read it
            kinds = schema()
            self._writer = pq.ParquetWriter(
                self._beside,
                kinds,
                compression="zstd",
                compression_level=1,  # 3 takes half as long again, for nothing with records full of ids
                use_dictionary=[field.name for field in kinds if field.name not in _ALL_DIFFERENT],
                bloom_filter_options={"activity_id": {"ndv": ROWS, "fpp": 0.01}},
            )
        except OSError as error:
            raise StoreError(f"{self._beside}: {error}") from None

    def add(self, table: pa.Table) -> None:
        """Some rows, behind those that are there."""
        import pyarrow.compute as pc

        if not table.num_rows:
            return
        times, blocks = pc.min_max(table["timestamp"]).as_py(), pc.min_max(table[BLOCK]).as_py()
        self._first = min(times["min"], self._first) if self._number else times["min"]
        self._last = max(times["max"], self._last) if self._number else times["max"]
        self._first_block = min(blocks["min"], self._first_block) if self._number else blocks["min"]
        self._last_block = max(blocks["max"], self._last_block)
        self._number += table.num_rows
        self._waiting.append(table)
        self._bytes += table.nbytes
        if sum(one.num_rows for one in self._waiting) >= ROWS or self._bytes >= 4 * BYTES:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._waiting:
            together = pa.concat_tables(self._waiting)
            size = min(ROWS, max(1, together.num_rows * BYTES // max(self._bytes, 1))) if self._bytes > 4 * BYTES else ROWS
            self._waiting, self._bytes = [], 0
            try:
                self._writer.write_table(together, row_group_size=size)
            except (OSError, pa.ArrowException) as error:
                raise StoreError(f"{self._beside}: {error}") from None

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
        for path in (self._beside, self._path):
            path.unlink(missing_ok=True)


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


def by_day(table: pa.Table, of_day: Callable[[str], str] = str) -> Iterable[tuple[str, pa.Table]]:
    """Rows apart by the day (UTC) of their time, each day's in their order. of_day: a day that stands for it and others."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not table.num_rows:
        return
    ends = pc.min_max(table["timestamp"]).as_py()
    first, last = _days(pa.array([ends["min"], ends["max"]])).to_pylist()
    if first == last:  # as of nearly all blocks: sorting out their rows would cost a sixth of all that a segment costs
        yield of_day(first), table
        return
    days = _days(table["timestamp"])
    different = pc.unique(days)
    standing = [of_day(day) for day in different.to_pylist()]
    labels = pc.take(pa.array(standing), pc.index_in(days, value_set=different))
    for day in dict.fromkeys(standing):
        yield day, table.filter(pc.equal(labels, day))


def _days(times: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """The day (UTC) of each of some times."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.strftime(pc.cast(times, pa.timestamp("ms", "UTC")), format="%Y-%m-%d")
