"""Activities that were counted earlier, found again in the log: in a block that waits or in a segment's file, by their keys.

Of files only what is to be told of them is read. Blocks that became parts of segments keep their keys, so these say where each one is.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from casbd.errors import StoreError
from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.model.counted import Entry
from casbd.store.database import Store
from casbd.store.log import blocks, segments
from casbd.store.log.columns import BLOCK, RAW
from casbd.store.log.segments import Segment

if TYPE_CHECKING:
    import pyarrow as pa

MOST_BLOCKS = 500
"""So many blocks, of those that hold the time of one activity, are looked through for it, the latest stored first."""
KEY_BYTES = 7
"""The lower bytes of a key: what counting leaves of it (`counting.steps.STEP_BITS`)."""
_MASK = (1 << 8 * KEY_BYTES) - 1
_SIZE = 8
_FEW = 50
"""So many keys are sooner looked for one by one."""

Place = tuple[int, str]
"""Time and id of an activity."""
Places = dict[int, set[Place]]
"""By block."""


def look_up(store: Store, entries: Iterable[Entry], fields: Collection[str]) -> dict[Place, Activity]:
    """What is known of counted activities, by time and id. Those that retention removed, or that cannot be read, are not among it.

    fields: what is to be known of each, at least.
    """
    places = _places(store, entries)
    found: dict[Place, Activity] = {}
    in_files: Places = {}
    for block_id, wanted in places.items():
        try:
            block = blocks.get(store.connection, block_id)
            if block is None:
                in_files[block_id] = wanted
            else:
                several = block.at_places(wanted, with_records=RAW in fields)
                found |= {(one.timestamp, one.activity_id): one for one in several}
        except StoreError:  # damage is told by who reads the log; here a commit would fail, and every one after it
            continue
    return found | _in_files(store, in_files, [name for name in FIELDS if name in {*fields, "timestamp", "activity_id"}])


def _places(store: Store, entries: Iterable[Entry]) -> Places:
    """Which blocks have the activities' keys, or nearly: one each, most often."""
    query = "SELECT block_id FROM blocks WHERE last >= ?1 AND first <= ?1 ORDER BY block_id DESC LIMIT ?2"
    near: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        for (block_id,) in store.connection.execute(query, (entry.timestamp, MOST_BLOCKS)):
            near[block_id].append(entry)
    places: Places = {}
    for block_id, several in near.items():
        (keys,) = store.connection.execute("SELECT keys FROM blocks WHERE block_id = ?", (block_id,)).fetchone()
        if inside := {(entry.timestamp, entry.activity_id) for entry in _inside(keys, several)}:
            places[block_id] = inside
    return places


def _inside(keys: bytes, entries: Sequence[Entry]) -> Iterator[Entry]:
    """The entries whose keys are among a block's."""
    if len(entries) > _FEW:
        known = {key & _MASK for key in array("Q", keys)}
        yield from (entry for entry in entries if entry.key & _MASK in known)
        return
    for entry in entries:
        key = (entry.key & _MASK).to_bytes(KEY_BYTES, "little")  # as `blocks` has them
        at = keys.find(key)
        while at >= 0 and at % _SIZE:
            at = keys.find(key, at + 1)
        if at >= 0:
            yield entry


def _in_files(store: Store, places: Places, fields: Sequence[str]) -> dict[Place, Activity]:
    """The same of blocks that became parts of segments."""
    moments = [moment for wanted in places.values() for moment, _ in wanted]
    found: dict[Place, Activity] = {}
    for segment in segments.listed(store, min(moments), max(moments)) if moments else ():
        here = {block_id: wanted for block_id, wanted in places.items() if segment.first_block <= block_id <= segment.last_block}
        wanted = {place for several in here.values() for place in several if segment.first <= place[0] <= segment.last}
        try:
            for rows in _row_groups(segment, here, wanted, fields) if wanted else ():
                found |= _those(rows, wanted)
        except (StoreError, OSError):  # as above
            continue
    return found


def _row_groups(segment: Segment, block_ids: Collection[int], places: Collection[Place], fields: Sequence[str]) -> Iterator[pa.Table]:
    """The row groups of a file that have ids of some places, of those that may have rows of some blocks, as the file says of each."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    ids = _ids(places)
    try:
        with pq.ParquetFile(segment.path) as file:
            column = file.schema.names.index(BLOCK)  # of Parquet's own columns, of which a list of objects is several
            for number in range(file.num_row_groups):
                says = file.metadata.row_group(number).column(column).statistics
                if says is not None and not any(says.min <= block_id <= says.max for block_id in block_ids):
                    continue
                own = file.read_row_group(number, columns=["activity_id"])["activity_id"]
                if pc.any(pc.is_in(own, value_set=ids)).as_py():
                    yield file.read_row_group(number, columns=fields)
    except (pa.ArrowException, ValueError) as error:
        raise StoreError(f"{segment.path}: {error}") from None


def _ids(places: Collection[Place]) -> pa.Array:
    import pyarrow as pa

    return pa.array([*{activity_id for _, activity_id in places}], pa.string())


def _those(rows: pa.Table, places: Collection[Place]) -> Mapping[Place, Activity]:
    """Of some rows those at these places."""
    import pyarrow.compute as pc

    here = rows.filter(pc.is_in(rows.column("activity_id"), value_set=_ids(places)))
    several = [_activity(row) for row in here.to_pylist()]
    return {place: one for one in several if (place := (one.timestamp, one.activity_id)) in places}


def _activity(row: Mapping[str, object]) -> Activity:
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    if "objects" in values:
        values["objects"] = tuple(ActivityObject(**thing) for thing in values["objects"] or ())  # type: ignore[attr-defined]
    return Activity(**values)  # type: ignore[arg-type]
