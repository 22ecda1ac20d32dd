"""Logs of very many days and of very large records: few files are open, and few records are in memory."""

import resource

import pyarrow.parquet as pq
import pytest
from builders import MINUTE, NOON, record, settings

from casbd.activity_log import ActivityLog
from casbd.model.activity import Activity
from casbd.store.log import blocks, segment_damage, segments
from casbd.store.log.packing import Packer


@pytest.fixture
def core(make_core):
    return make_core(settings=settings({}))


def ids(core):
    return [activity.activity_id for activity in core.activities()]


def test_more_days_than_files_may_be_open(core):
    """A year of days, where a process may have but a few files open."""
    core.feed_records(*(record(Id=f"day-{n}", at=-n * 24 * 60 * MINUTE) for n in range(60)))
    segments.compact(core.store, at_least=1)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (40, hard))
    try:
        assert ids(core) == [f"day-{n}" for n in range(60)]
        assert [one.activity_id for one in ActivityLog(core.store).newest_first()] == [f"day-{n}" for n in range(60)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_records_of_more_days_than_a_log_has_share_files(core, monkeypatch):
    monkeypatch.setattr(segments, "DAYS", 20)
    monkeypatch.setattr(segments, "YEARS", 3)
    days = [*range(30), *range(400, 3000, 100), *range(3_500, 9_000, 500)]
    core.feed_records(*(record(Id=f"day-{n}", at=-n * 24 * 60 * MINUTE) for n in days))
    expected = ids(core)
    assert len(expected) == len(days)
    while segments.compact(core.store, at_least=1):
        pass
    known = segments.listed(core.store)
    assert 20 < len(known) < 20 + 3 + 7
    assert sum(one.activities for one in known) == len(days)
    assert ids(core) == expected
    assert not [*segment_damage.verify(core.store)]
    day = 24 * 60 * MINUTE
    assert [one.activity_id for one in core.activities() if one.timestamp == NOON - 400 * day] == ["day-400"]
    assert segments.prune(core.store, 2**61) == len(known)


def test_few_files_may_be_open_and_it_is_compacted_all_the_same(core):
    core.feed_records(*(record(Id=f"day-{n}", at=-n * 24 * 60 * MINUTE) for n in range(200)))
    expected = ids(core)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = segments._FewFiles(64 - segments.FEW)
    assert (
        len({few.day(f"2{year:03}-{month:02}-{day:02}") for year in range(300) for month in range(1, 13) for day in (1, 9)})
        < 64 - segments.FEW
    )
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft, hard)
    segments.compact(core.store, at_least=1)
    assert ids(core) == expected


def test_records_of_many_megabytes_are_read_some_at_a_time(core):
    large = [Activity(NOON + n, f"id-{n}", raw='{"x": "' + f"{n:010}" * 500_000 + '"}') for n in range(30)]
    packer = Packer()
    for number, activity in enumerate(large, 1):
        packer.begin()
        packer.add([activity])
        with core.store.transaction() as connection:
            blocks.add(connection, packer, [packer.part([number])], 0)
    segments.compact(core.store, at_least=1)
    (segment,) = segments.listed(core.store)
    with pq.ParquetFile(segment.path) as file:
        assert file.num_row_groups > 1
    assert ids(core) == [f"id-{n}" for n in range(30)]
    newest = ActivityLog(core.store).newest_first()
    assert [next(newest).activity_id for _ in range(3)] == ["id-29", "id-28", "id-27"]
