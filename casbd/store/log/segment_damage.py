"""Segments that are not what was written: finding them, and setting them aside so that the rest can be read."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from casbd.store.database import Store
from casbd.store.log import segment_files
from casbd.store.log.segments import DIRECTORY, Segment, listed


class Damage(NamedTuple):
    """A segment that is not what was written. path: where its file lies now."""

    segment_id: int
    path: Path
    why: str


def verify(store: Store, numbers: Collection[int] | None = None) -> Iterator[Damage]:
    """Read every segment, or some, and compare with what was written; those that differ."""
    for segment in listed(store):
        why = _differs(segment) if numbers is None or segment.segment_id in numbers else ""
        if why and any(one.segment_id == segment.segment_id for one in listed(store)):  # else it was compacted meanwhile
            yield Damage(segment.segment_id, segment.path, why)


def _differs(segment: Segment) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if segment.digest is not None and segment_files.digest_of(segment.path) != segment.digest:
            return "its contents have changed"
        with pq.ParquetFile(segment.path) as file:
            number = file.metadata.num_rows
            for group in range(file.num_row_groups):
                file.read_row_group(group)
    except FileNotFoundError:
        return "the file is gone"
    except (OSError, pa.ArrowException) as error:
        return str(error)
    return "" if number == segment.activities else f"it has {number} activities, {segment.activities} were written"


def set_aside(store: Store, damage: Damage) -> None:
    """A damaged segment is read no more, so that the rest can be; its file stays, for who can mend it."""
    with store.transaction() as connection:
        connection.execute("UPDATE segments SET damaged = ? WHERE segment_id = ?", (damage.why, damage.segment_id))


def damaged(store: Store) -> list[Damage]:
    """Those that were set aside."""
    rows = store.connection.execute("SELECT segment_id, file, damaged FROM segments WHERE damaged IS NOT NULL ORDER BY segment_id")
    return [Damage(number, store.directory / DIRECTORY / file, why) for number, file, why in rows]
