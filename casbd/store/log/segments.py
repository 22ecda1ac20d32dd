"""The activity log's older part: Parquet files, one or a few a day, which analytical queries read in a fraction of the time.

Blocks become parts of the days of their activities; the parts of a day become one when there are many. Files are whole and
durable before the one transaction that puts them in the place of what they were made of; a file that no transaction speaks of
is the rest of a crash, and is removed. Blocks in segments keep their keys alone, as repeated records are known by them.
"""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from casbd.store.database import Store
from casbd.store.log import block_rows, segment_files
from casbd.store.log.blocks import span
from casbd.store.log.segment_files import Part, PartWriter, Rows

DIRECTORY = "segments"
AT_LEAST = 200_000
"""So many activities wait in blocks before the oldest of them become a part of segments: with an export of years there is no haste."""
AFTER_A_WHILE, WHILE = 20_000, 60_000
"""So many are enough when the oldest of them has waited so long (ms)."""
ACTIVITIES = 200_000
"""Taken from blocks at once, about; and of parts that are put together, each has less than half of it."""
PARTS = 8
"""So many small parts of a day, one behind the other, become one."""


DAYS, YEARS = 1000, 60
"""So many files of days are written at once, and so many of years, in which the days are that came later: a file may hold records of
25,000 days, and each file that is being written takes memory."""
FEW = 40
"""Files that a process has open beside."""
WAITING = 64 << 20
"""Bytes of activities that wait for being written, in all files together."""


class Segment(NamedTuple):
    """One file. first, last: the earliest and latest time in it; stored: when the last of it was. day: None of an older casbd's."""

    segment_id: int
    path: Path
    activities: int
    first: int
    last: int
    stored: int
    day: str | None
    first_block: int
    last_block: int
    digest: bytes | None


def listed(store: Store, since: int | None = None, until: int | None = None) -> list[Segment]:
    """The segments that may hold activities of a span of event time, by their first block; none that were set aside."""
    query = (
        "SELECT segment_id, file, activities, first, last, stored, day, first_block, last_block, digest FROM segments"
        " WHERE damaged IS NULL AND last >= ? AND first <= ? ORDER BY first_block, segment_id"
    )
    rows = store.connection.execute(query, span(since, until)).fetchall()
    return [Segment(number, store.directory / DIRECTORY / file, *rest) for number, file, *rest in rows]


class Plan(msgspec.Struct, frozen=True):
    """Files to be: of blocks, or of the parts of one day, in their order. token: makes the files' names their own."""

    token: str
    blocks: tuple[int, ...] = ()
    parts: tuple[int, ...] = ()


def plan(store: Store, now: int | None = None, *, at_least: int | None = None, shares: int = 1) -> Plan | None:
    """What is to be done next, if anything: small parts of a day are put together, else the oldest blocks become parts.

    now: milliseconds; without it nothing is done for having waited long. shares: so many processes will do it, each a part.
    What is still to be sent stays in blocks, and so does all that is younger: segments come before blocks.
    """
    if small := _small_parts(listed(store)):
        return Plan(secrets.token_hex(4), parts=small)
    rows = store.connection.execute(
        "SELECT block_id, activities, stored FROM blocks WHERE body IS NOT NULL AND block_id <"
        " (SELECT coalesce(min(block_id), 1 << 62) FROM outbox WHERE block_id IS NOT NULL) ORDER BY block_id"
    ).fetchall()
    waiting = sum(count for _, count, _ in rows)
    long = now is not None and bool(rows) and rows[0][2] <= now - WHILE and waiting >= AFTER_A_WHILE
    if not rows or not (long or waiting >= (AT_LEAST if at_least is None else at_least)):
        return None
    totals = itertools.accumulate((count for _, count, _ in rows), initial=0)
    most = shares * ACTIVITIES
    return Plan(secrets.token_hex(4), tuple(block_id for (block_id, *_), before in zip(rows, totals, strict=False) if before < most))


def _small_parts(segments: Sequence[Segment]) -> tuple[int, ...]:
    """Those of one day that are to become one: they stand one behind the other, so that their order is that of their blocks."""
    days: dict[str, list[Segment]] = {}
    for segment in segments:
        if segment.day is not None:
            days.setdefault(segment.day, []).append(segment)
    for of_day in days.values():
        for small, run in itertools.groupby(of_day, lambda one: one.activities < ACTIVITIES // 2):
            parts = tuple(one.segment_id for one in run)
            if small and len(parts) >= PARTS:
                return parts
    return ()


def write(store: Store, plan: Plan) -> list[Part]:
    """Write the files of a plan; they are there whole or not at all. StoreError where that fails."""
    directory = store.directory / DIRECTORY
    directory.mkdir(mode=0o750, exist_ok=True)
    if plan.blocks:
        return write_parts(directory, plan.token, block_rows.of_blocks(store.connection, plan.blocks))
    parts = {segment.segment_id: segment for segment in listed(store)}
    chosen = [parts[number] for number in plan.parts if number in parts]
    return write_parts(directory, plan.token, (Rows(table) for one in chosen for table in segment_files.read(one.path)))


def write_parts(directory: Path, token: str, several: Iterator[Rows]) -> list[Part]:
    """Rows in the order of their blocks, as one file for each day; far more days than a log has share some."""
    writers: dict[str, PartWriter] = {}
    few = _FewFiles(segment_files.allow_open(DAYS + YEARS) - FEW)
    try:
        for rows in several:
            for day, some in segment_files.by_day(rows, few.day):
                if day not in writers:
                    writers[day] = PartWriter(directory, day, token)
                writers[day].add(some)
            if sum(writer.waiting for writer in writers.values()) > WAITING:
                max(writers.values(), key=lambda writer: writer.waiting).flush()
        return [writer.finish() for writer in writers.values()]
    except BaseException:  # whatever it is: on a full disk nothing may be left lying about
        for writer in writers.values():
            writer.give_up()
        raise


class _FewFiles:
    """Chooses the days that stand for days: each for itself, until there are many; then its year's first, then its century's."""

    def __init__(self, may_be_open: int) -> None:
        self._days = max(1, min(DAYS, may_be_open // 2))
        self._years = self._days + max(1, min(YEARS, may_be_open // 4))
        self._chosen: dict[str, str] = {}
        self._files: set[str] = set()

    def day(self, day: str) -> str:
        """The day whose file has the activities of this one."""
        if day not in self._chosen:
            self._chosen[day] = self._new(day)
            self._files.add(self._chosen[day])
        return self._chosen[day]

    def _new(self, day: str) -> str:
        for label, most in ((day, self._days), (f"{day[:4]}-01-01", self._years)):
            if label in self._files or len(self._files) < most:
                return label
        return max(f"{day[:2]}00-01-01", "0001-01-01")


def adopt(store: Store, plan: Plan, made: Sequence[Part]) -> None:
    """The files are written: from now on their activities are read from there. If retention was faster, they are given up."""
    gone: list[str] = []
    with store.transaction():
        if plan.blocks:
            sources = _among(store, "SELECT block_id, stored FROM blocks WHERE body IS NOT NULL AND block_id IN ({})", plan.blocks)
        else:
            sources = _among(store, "SELECT segment_id, stored FROM segments WHERE damaged IS NULL AND segment_id IN ({})", plan.parts)
        if len(sources) != len(plan.blocks or plan.parts):
            gone = [part.file for part in made]
        else:
            add(store, made, max(stored for _, stored in sources))
            if plan.blocks:
                _among(store, "UPDATE blocks SET body = NULL WHERE block_id IN ({})", plan.blocks)
            else:
                gone = remove(store, plan.parts)
    unlink(store, gone)  # not before the commit: a crash would leave segments without files, not files that are strays


def add(store: Store, made: Sequence[Part], stored: int) -> None:
    """Inside a transaction: these files are segments from now on."""
    store.connection.executemany(
        "INSERT INTO segments (file, activities, first, last, stored, day, first_block, last_block, digest)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(one.file, one.activities, one.first, one.last, stored, one.day, one.first_block, one.last_block, one.digest) for one in made],
    )


def remove(store: Store, numbers: Sequence[int]) -> list[str]:
    """Inside a transaction: these are segments no more; their files, to be removed when it is over.

    Who reads them has them open, so they can be read to the end.
    """
    files = [file for (file,) in _among(store, "SELECT file FROM segments WHERE segment_id IN ({})", numbers)]
    _among(store, "DELETE FROM segments WHERE segment_id IN ({})", numbers)
    return files


def _among(store: Store, query: str, numbers: Sequence[int]) -> list[tuple[Any, ...]]:
    """A query over some rows; SQLite takes only so many parameters at once."""
    rows: list[tuple[Any, ...]] = []
    for start in range(0, len(numbers), 500):
        some = numbers[start : start + 500]
        rows += store.connection.execute(query.format(", ".join("?" * len(some))), some).fetchall()
    return rows


def unlink(store: Store, files: Sequence[str]) -> None:
    """Remove files, and the folders of days that have none left."""
    for file in files:
        path = store.directory / DIRECTORY / file
        path.unlink(missing_ok=True)
        if path.parent.name.startswith("date="):
            with suppress(OSError):
                path.parent.rmdir()


def compact(store: Store, now: int | None = None, *, at_least: int | None = None) -> bool:
    """Do what is to be done next; whether there was anything."""
    planned = plan(store, now, at_least=at_least)
    if planned is not None:
        adopt(store, planned, write(store, planned))
    return planned is not None


def write_apart(directory: Path, plan: Plan, answer: Callable[[list[Part]], None]) -> None:
    """The work of a process of its own: it takes seconds, and the daemon reads on. answer: gets the files when they are whole."""
    import pyarrow as pa

    pa.set_memory_pool(pa.system_memory_pool())  # its own takes a sixth more memory in all, and no less time
    with suppress(OSError):  # the unit file does not let it
        os.nice(10)
    with Store(directory, readonly=True) as store:
        answer(write(store, plan))


def prune(store: Store, before: int) -> int:
    """Remove the segments whose activities and whose storing are older; how many."""
    with store.transaction() as connection:
        old = [number for (number,) in connection.execute("SELECT segment_id FROM segments WHERE last < ?1 AND stored < ?1", (before,))]
        files = remove(store, old)
    unlink(store, files)
    return len(files)


def remove_strays(store: Store) -> list[Path]:
    """Remove the files that no segment is, the rest of a crash; which they were. For the daemon's start."""
    files = {file for (file,) in store.connection.execute("SELECT file FROM segments")}
    directory = store.directory / DIRECTORY
    strays = [path for path in directory.rglob("*") if path.is_file() and str(path.relative_to(directory)) not in files]
    unlink(store, [str(path.relative_to(directory)) for path in strays])
    return strays
