"""Activities that were counted earlier, found again in the log: in a block that waits or in a segment's file, by their keys.

Only what is to be told of them is read. Blocks that became parts of segments keep their keys, so these say where each one is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from casbd.errors import StoreError
from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.model.counted import Entry
from casbd.store.database import Store
from casbd.store.log import blocks, segments
from casbd.store.log.columns import BLOCK

if TYPE_CHECKING:
    import pyarrow as pa

MOST_BLOCKS = 500
"""So many blocks, of those that hold the time of one activity, are looked through for it, the latest stored first."""
_KEY_BYTES = 7
"""The lower bytes of a key, in the order of blocks: what counting leaves of it (`counting.steps.STEP_BITS`)."""
_SIZE = 8

Place = tuple[int, str]
"""Time and id of an activity."""


def look_up(store: Store, entries: Iterable[Entry], fields: Collection[str]) -> dict[Place, Activity]:
    """What is known of counted activities, by time and id; some fields alone. Those that retention removed, or that cannot be read, are
    not among it."""
    by_block: dict[int, set[Place]] = defaultdict(set)
    for entry in entries:
        for block_id in _blocks_with(store, entry):
            by_block[block_id].add((entry.timestamp, entry.activity_id))
    wanted = [name for name in FIELDS if name in fields or name in ("timestamp", "activity_id")]
    found: dict[Place, Activity] = {}
    for block_id, places in by_block.items():
        if missing := places - found.keys():
            try:
                found |= _in_block(store, block_id, missing, wanted)
            except (StoreError, OSError):  # damage is told by who reads the log; here a commit would fail, and every one after it
                continue
    return found


def _blocks_with(store: Store, entry: Entry) -> Iterator[int]:
    """The blocks that have an activity's key, or nearly: one, most often."""
    key = entry.key.to_bytes(_SIZE, "little", signed=entry.key < 0)[:_KEY_BYTES]
    query = "SELECT block_id, keys FROM blocks WHERE last >= ?1 AND first <= ?1 ORDER BY block_id DESC LIMIT ?2"
    for block_id, keys in store.connection.execute(query, (entry.timestamp, MOST_BLOCKS)):
        at = keys.find(key)
        while at >= 0 and at % _SIZE:
            at = keys.find(key, at + 1)
        if at >= 0:
            yield block_id


def _in_block(store: Store, block_id: int, places: Collection[Place], fields: Collection[str]) -> Mapping[Place, Activity]:
    block = blocks.get(store.connection, block_id)
    if block is not None:
        return _those(block.columns(fields), places)
    moments = [moment for moment, _ in places]
    found: dict[Place, Activity] = {}
    for segment in segments.listed(store, min(moments), max(moments)):
        if segment.first_block <= block_id <= segment.last_block:
            for rows in _row_groups(segment, block_id, fields):
                found |= _those(rows, places)
    return found


def _row_groups(segment: segments.Segment, block_id: int, fields: Collection[str]) -> Iterator[pa.Table]:
    """The row groups of a file that have rows of a block, as the file says of each."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(segment.path) as file:
            column = file.schema.names.index(BLOCK)  # of Parquet's own columns, of which a list of objects is several
            for number in range(file.num_row_groups):
                says = file.metadata.row_group(number).column(column).statistics
                if says is None or says.min <= block_id <= says.max:
                    yield file.read_row_group(number, columns=[*fields])
    except (pa.ArrowException, ValueError) as error:
        raise StoreError(f"{segment.path}: {error}") from None


def _those(rows: pa.RecordBatch | pa.Table, places: Collection[Place]) -> Mapping[Place, Activity]:
    """Of some rows those at these places."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = pa.array([*{activity_id for _, activity_id in places}])
    here = rows.filter(pc.is_in(rows.column("activity_id"), value_set=ids))
    several = [_activity(row) for row in here.to_pylist()]
    return {(one.timestamp, one.activity_id): one for one in several if (one.timestamp, one.activity_id) in places}


def _activity(row: Mapping[str, object]) -> Activity:
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items() if name in FIELDS}
    if "objects" in values:
        values["objects"] = tuple(ActivityObject(**thing) for thing in values["objects"] or ())  # type: ignore[attr-defined]
    return Activity(**values)  # type: ignore[arg-type]
