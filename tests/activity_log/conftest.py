"""A store that several tests fill again, and exports of it."""

import csv

import pytest

from casbd.activity_log import ActivityLog, Wanted, parts
from casbd.activity_log.export import export_activities
from casbd.store.database import Store
from casbd.store.log import blocks, segments
from casbd.store.log.packing import Packer

EVERYTHING = Wanted([], lambda: 0)


@pytest.fixture(autouse=True)
def blocks_are_asked_by_duckdb(monkeypatch):
    """However few they hold: elsewhere in the tests, and in small logs, they are read as objects."""
    monkeypatch.setattr(parts, "FEW", 0)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with Store(tmp_path_factory.mktemp("log")) as store:
        store.connection.execute("PRAGMA synchronous = OFF")
        yield store


def put(store, *some_blocks):
    """Activities as the whole log: of each block what is in it, and whether it and all before become a segment."""
    packer = Packer()
    with store.transaction() as connection:
        connection.execute("DELETE FROM blocks")
        connection.execute("DELETE FROM segments")
    segments.remove_strays(store)
    for made, compacted in some_blocks:
        packer.begin()
        packer.add(made)
        with store.transaction() as connection:
            blocks.add(connection, packer, [packer.part(range(1, len(made) + 1))], 0)
        if compacted:
            assert segments.compact(store, at_least=1)
    return [activity for made, _ in some_blocks for activity in made]


def exported(store, path, *arguments, wanted=EVERYTHING, **options):
    """The path of what was exported; what it says of itself is true."""
    done = export_activities(ActivityLog(store), wanted, path, *arguments, **options)
    assert done.bytes == path.stat().st_size
    assert [*path.parent.glob("*.part")] == []
    return path


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return [*csv.reader(file, strict=True)]
