"""Another log takes the place of the old one whole, or not at all; and no file is left of either that no segment is."""

import os
import sqlite3
import stat
from pathlib import Path

import pytest
from builders import NOON, record, settings

from casbd.errors import StoreError
from casbd.model.activity import Activity
from casbd.store.database import Store
from casbd.store.log import blocks, segments, swap
from casbd.store.log.packing import Packer

DAY = 86_400_000


@pytest.fixture
def core(make_core):
    """Its log has a segment, and a block that waits."""
    core = make_core(settings=settings({}))
    core.feed_records(record(Id="old-1"), record(Id="old-2"))
    segments.compact(core.store, at_least=1)
    core.feed_records(record(Id="old-3"))
    return core


def begin(core):
    """A log that is to take its place, closed: two days in segments, and a block that waits."""
    with swap.begin(core.store) as other:
        _put(other, "new-1", "new-2")
        segments.compact(other, at_least=1)
        _put(other, "new-3")


def _put(store, *ids):
    packer = Packer()
    packer.add([Activity(NOON + number * DAY, name) for number, name in enumerate(ids)])
    with store.transaction() as connection:
        blocks.add(connection, packer, [packer.part(range(1, len(ids) + 1))], NOON)


def ids(core):
    return [one.activity_id for one in core.activities()]


def files(core):
    return {path for path in (core.store.directory / segments.DIRECTORY).rglob("*") if path.is_file()}


def test_it_is_the_other_log_and_no_file_is_left_over(core):
    newest = blocks.newest(core.store.connection)
    for _ in range(2):
        begin(core)
        swap.swap(core.store)
        assert ids(core) == ["new-1", "new-2", "new-3"]
        assert swap.activities(core.store) == 3
        assert files(core) == {one.path for one in segments.listed(core.store)}
        assert len(files(core)) == 2
    assert {stat.S_IMODE(path.parent.stat().st_mode) for path in files(core)} == {0o750}
    assert min(blocks.stored_after(core.store.connection, 0)) > newest, "who has read up to a block meets all that is new"
    assert core.store.connection.execute("SELECT count(*) FROM blocks").fetchone() == (2,)


def test_the_other_log_takes_a_record_for_the_same_as_the_old_one(core):
    with swap.begin(core.store) as other:
        assert other.salt() == core.store.salt()


def test_what_an_attempt_has_left_is_no_part_of_the_next(core):
    begin(core)
    with swap.begin(core.store) as other:
        _put(other, "new-4")
    swap.swap(core.store)
    assert ids(core) == ["new-4"]
    swap.remove_rest(core.store)
    assert not (core.store.directory / swap.DIRECTORY).exists()


def test_nothing_is_changed_while_something_is_to_be_sent(core):
    begin(core)
    with core.store.transaction() as connection:
        connection.execute("INSERT INTO outbox (destination, kind, block_id, size, body) VALUES ('lake', 'activities', 2, 1, x'')")
    with pytest.raises(StoreError, match="to be sent"):
        swap.swap(core.store)
    assert ids(core) == ["old-1", "old-2", "old-3"]


def test_nothing_is_changed_where_a_file_cannot_be_there(core, monkeypatch):
    begin(core)
    before, link, linked = files(core), os.link, []

    def full(source, place):
        if linked:
            raise OSError(28, "No space left on device", source, None, place)
        linked.append(link(source, place))

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(StoreError, match="No space left"):
        swap.swap(core.store)
    assert ids(core) == ["old-1", "old-2", "old-3"]
    assert linked
    assert files(core) == before


def test_nothing_is_changed_where_it_cannot_be_stored_and_later_it_can(core):
    core.store.connection.execute("PRAGMA busy_timeout = 1")
    begin(core)
    other = Store(core.store.directory, locked=False)  # of another process
    with other.transaction(), pytest.raises(sqlite3.OperationalError, match="locked"):
        swap.swap(core.store)
    other.close()
    assert ids(core) == ["old-1", "old-2", "old-3"]
    assert segments.remove_strays(core.store), "what a killed one has left goes at the next start"
    assert ids(core) == ["old-1", "old-2", "old-3"]
    swap.swap(core.store)
    assert ids(core) == ["new-1", "new-2", "new-3"]


def test_the_files_names_are_on_the_disk_before_anything_goes_by_them(core, monkeypatch):
    """After a power cut the log would else lead to files that are not there, and the old ones are gone."""
    begin(core)
    done, sync = [], os.fsync

    def noted(descriptor):
        done.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    core.store.connection.set_trace_callback(lambda text: done.append(text) if text == "COMMIT" else None)
    swap.swap(core.store)
    folders = {path.parent for path in files(core)} | {core.store.directory / segments.DIRECTORY}
    assert len(folders) == 3
    assert {Path(one) for one in done[: done.index("COMMIT")]} == folders


def open_files():
    return len([*Path("/proc/self/fd").iterdir()])


def test_one_that_cannot_begin_leaves_nothing_open(core, monkeypatch):
    before = open_files()

    def broken():
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(core.store, "salt", broken)
    with pytest.raises(sqlite3.OperationalError):
        swap.begin(core.store)
    assert open_files() == before
