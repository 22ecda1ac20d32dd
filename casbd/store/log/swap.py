"""Another activity log in the place of the one that is there: all its blocks and segments, in one transaction."""

from __future__ import annotations

import os
import shutil

from casbd.documents.replacing import sync
from casbd.errors import StoreError
from casbd.store.database import FILE, Store
from casbd.store.log import segments

DIRECTORY = "rebuild"
"""Where the other log grows; what a crash has left there is removed."""


def activities(store: Store) -> int:
    """How many activities the log has, those of damaged segments too."""
    query = "SELECT (SELECT total(activities) FROM segments) + (SELECT total(activities) FROM blocks WHERE body IS NOT NULL)"
    return int(store.connection.execute(query).fetchone()[0])


def waiting(store: Store) -> list[str]:
    """The destinations that activities of this log are still to be sent to."""
    return [name for (name,) in store.connection.execute("SELECT DISTINCT destination FROM outbox WHERE block_id IS NOT NULL ORDER BY 1")]


def remove_rest(store: Store) -> None:
    """Remove what is left of an attempt."""
    shutil.rmtree(store.directory / DIRECTORY, ignore_errors=True)


def begin(store: Store) -> Store:
    """A store for a log that is to take this one's place: the same salt, and blocks with numbers that this one does not have."""
    remove_rest(store)
    other = Store(store.directory / DIRECTORY)
    try:
        (last,) = store.connection.execute("SELECT coalesce(max(block_id), 0) FROM blocks").fetchone()
        with other.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('salt', ?)", (store.salt(),))
            connection.execute(
                "INSERT INTO blocks (block_id, activities, first, last, stored, keys) VALUES (?, 0, 0, 0, 0, x'')", (last + 1,)
            )
    except BaseException:  # whatever it is, nobody else has it to close it
        other.close()
        raise
    return other


def swap(store: Store) -> None:
    """Put the log that `begin` began, and which is closed, in the place of this one's. StoreError where that fails.

    The new files are linked beside the old ones first: killed before the transaction, they are strays; after it, the old ones are.
    """
    if waiting(store):
        raise StoreError("activities of the old log are still to be sent")
    directory = store.directory / DIRECTORY
    new = directory / segments.DIRECTORY
    files = [str(path.relative_to(new)) for path in sorted(new.rglob("*.parquet"))]
    try:
        for file in files:
            place = store.directory / segments.DIRECTORY / file
            place.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            os.link(new / file, place)
        for folder in {(store.directory / segments.DIRECTORY / file).parent for file in files} | {store.directory / segments.DIRECTORY}:
            if folder.exists():
                sync(folder)
    except OSError as error:
        segments.unlink(store, files)
        raise StoreError(f"{error.filename2 or error.filename}: {error.strerror}") from None
    old = [file for (file,) in store.connection.execute("SELECT file FROM segments")]
    store.connection.execute("ATTACH ? AS anew", (str(directory / FILE),))
    try:
        with store.transaction() as connection:
            for table in ("blocks", "segments"):
                names = ", ".join(name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})") if name != "segment_id")
                connection.execute(f"DELETE FROM main.{table}")  # noqa: S608  two names
                connection.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM anew.{table}")  # noqa: S608  of the schema
            connection.execute("DELETE FROM main.blocks WHERE keys = x''")
    finally:
        store.connection.execute("DETACH anew")
    segments.unlink(store, [file for file in old if file not in files])
