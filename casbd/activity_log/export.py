"""Activities to a file of one's own: CSV, NDJSON or Parquet, by the file's name.

    export(log, Wanted(["country neq NO"], now), Path("abroad.csv.gz"), ["timestamp", "user", "country"])     # Exported(rows=12, bytes=345)

They come in the order in which they were stored, and memory is flat in their number. CSV is RFC 4180 in UTF-8: a header of
the fields' names, CRLF, texts in quotes, nothing for unknown; `csv_cells` says how its cells are kept from doing harm. A line
of NDJSON is what `casbd activities search --json` prints. Parquet has the fields as columns, times as timestamps, lists and
objects nested, compressed by zstd.
"""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, cast

import zstandard

from casbd.activity_log.csv_cells import cells
from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.wanted import Wanted
from casbd.documents.replacing import whole
from casbd.model.activity import FIELDS, Activity
from casbd.store.database import Store
from casbd.store.log import blocks, columns, segments
from casbd.wire import json_lines

if TYPE_CHECKING:
    import pyarrow as pa

_LINES = 256
"""Activities that are Python objects at one time."""
_ROW_GROUP = 32 << 20
"""Bytes of columns in a row group of Parquet: small enough for memory, large enough for who reads it."""


class Exported(NamedTuple):
    """What is in the file now. bytes: its size."""

    rows: int
    bytes: int


def _csv(batches: Iterator[pa.RecordBatch], fields: Sequence[str], file: IO[bytes]) -> None:
    from pyarrow.csv import CSVWriter, WriteOptions

    file.write(",".join(fields).encode() + b"\r\n")
    writer = None
    for batch in map(cells, batches):
        writer = writer or CSVWriter(file, batch.schema, write_options=WriteOptions(include_header=False, eol="\r\n"))
        writer.write_batch(batch)
    if writer:
        writer.close()


def _ndjson(batches: Iterator[pa.RecordBatch], fields: Sequence[str], file: IO[bytes]) -> None:
    for batch in batches:
        for start in range(0, batch.num_rows, _LINES):
            values = batch.slice(start, _LINES).to_pydict()
            file.write(b"\n".join([*json_lines.activities({name: values[name] for name in fields}), b""]))


def _parquet(batches: Iterator[pa.RecordBatch], fields: Sequence[str], file: IO[bytes]) -> None:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    stored = columns.schema()
    times = pa.timestamp("ms", tz="UTC")
    schema = pa.schema([pa.field(name, times) if FIELDS[name].kind == "time" else stored.field(name) for name in fields])
    with ParquetWriter(file, schema, compression="zstd") as writer:
        for several in _row_groups(batches):
            writer.write_table(pa.Table.from_batches(several).cast(schema))


def _row_groups(batches: Iterator[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    several, size = [], 0
    for batch in batches:
        several.append(batch)
        size += batch.nbytes
        if size >= _ROW_GROUP:
            yield several
            several, size = [], 0
    if several:
        yield several


def _gz(file: IO[bytes]) -> AbstractContextManager[IO[bytes]]:
    # Else the name of the unfinished file and the time stand in it, and two exports of the same activities differ.
    # Level 3 takes as long as 1, and half of 6's time, for a fifth more bytes.
    return cast(IO[bytes], gzip.GzipFile(filename="", mode="wb", compresslevel=3, fileobj=file, mtime=0))


def _zst(file: IO[bytes]) -> AbstractContextManager[IO[bytes]]:
    return zstandard.ZstdCompressor().stream_writer(file, closefd=False)


_Write = Callable[[Iterator["pa.RecordBatch"], Sequence[str], IO[bytes]], None]
_Compress = Callable[[IO[bytes]], AbstractContextManager[IO[bytes]]]

_ENDINGS: dict[str, tuple[_Write, _Compress]] = {
    ".csv": (_csv, nullcontext),
    ".csv.gz": (_csv, _gz),
    ".csv.zst": (_csv, _zst),
    ".ndjson": (_ndjson, nullcontext),
    ".ndjson.gz": (_ndjson, _gz),
    ".ndjson.zst": (_ndjson, _zst),
    ".parquet": (_parquet, nullcontext),
}


def ending(path: Path) -> str:
    """The ending that says what is written; ValueError, with those there are, for any other."""
    for one in _ENDINGS:
        if path.name.lower().endswith(one):
            return one
    raise ValueError(f"{path.name} does not end with {', '.join(_ENDINGS)}")


def at_most(store: Store, since: int | None = None, until: int | None = None) -> int:
    """How many activities a span of event time may hold: those of all segments and blocks that begin or end within. Takes no time."""
    return sum(segment.activities for segment in segments.listed(store, since, until)) + blocks.at_most(store.connection, since, until)


def _no_progress(rows: int) -> None:
    """Nobody watches."""


def export_activities(
    log: ActivityLog,
    wanted: Wanted,
    path: Path,
    fields: Sequence[str] = tuple(FIELDS),
    since: int | None = None,
    until: int | None = None,
    progress: Callable[[int], None] = _no_progress,
    *,
    shown: Callable[[Activity], Activity] | None = None,
    bom: bool = False,
    force: bool = False,
) -> Exported:
    """Write the wanted activities of a span of event time (milliseconds, both ends included) to a file, whole or not at all.

    progress: called now and then with how many rows are written. shown: what becomes of each activity before, such as that names become
    pseudonyms. bom: begin with a byte order mark, by which Excel knows UTF-8.
    force: write over a file that is there.
    ValueError for another ending, and for a mark in what is no CSV. OSError where the place cannot be written to (it has a file's
    name, FileExistsError among them) or writing fails, as on a full disk (it has none).
    """
    write, compress = _ENDINGS[ending(path)]
    if bom and write is not _csv:
        raise ValueError("only CSV has a byte order mark")
    rows = 0

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal rows
        for batch in log.arrow(wanted, fields, since, until) if shown is None else _changed(log, wanted, fields, since, until, shown):
            yield batch
            rows += batch.num_rows
            progress(rows)

    with whole(path, mode=0o640, force=force) as file:  # personal data is not for everybody
        with compress(file) as compressed:
            compressed.write(codecs.BOM_UTF8 if bom else b"")
            write(counted(), fields, compressed)
        size = file.tell()
    return Exported(rows, size)


def _changed(
    log: ActivityLog, wanted: Wanted, fields: Sequence[str], since: int | None, until: int | None, shown: Callable[[Activity], Activity]
) -> Iterator[pa.RecordBatch]:
    for several in log.scan(since, until, wanted.where):
        if activities := [shown(activity) for activity in several if wanted.meets(activity)]:
            yield columns.batch(activities, fields)
