"""Older activities in Parquet files: the same activities as before, whatever happens meanwhile; and what retention removes."""

import os

import pyarrow.parquet as pq
import pytest
from builders import MINUTE, NOON, Core, part, record, settings

from casbd.activity_log import ActivityLog, Wanted, search
from casbd.daemon.compacting import Compacting
from casbd.errors import StoreError
from casbd.model.activity import Activity, ActivityObject
from casbd.store.database import Store
from casbd.store.log import blocks, segment_damage, segment_files, segments
from casbd.store.log.columns import PLACE
from casbd.store.log.packing import Packer
from casbd.store.state import outbox


@pytest.fixture
def core(make_core):
    return make_core(settings=settings({}))


def fed(core: Core, some_blocks=5, each=4):
    """Some blocks of activities, minutes apart; their ids."""
    made = [[record(Id=f"{block}-{n}", at=(block * each + n) * MINUTE) for n in range(each)] for block in range(some_blocks)]
    for several in made:
        core.feed_records(*several)
    return [f"{block}-{n}" for block in range(some_blocks) for n in range(each)]


def files(core):
    return sorted(str(path.relative_to(core.store.directory)) for path in core.store.directory.glob("segments/*/*"))


def ids(core):
    return [activity.activity_id for activity in core.activities()]


def test_activities_are_what_they_were(core):
    everything = {
        "user_groups": ("Finance", "ä"),
        "objects": (ActivityObject("1", None, "File", "target"), ActivityObject(None, "ü\x00", None, None)),
        "latitude": 59.91,
        "asn": 4_294_967_295,
        "ip_port": 443,
        "is_impersonated": False,
        "raw": '{"a": "\U0001f600"}',
        "matched_policies": ("one",),
    }
    some = [Activity(NOON + n, f"id-{n}", **(everything if n % 2 else {})) for n in range(50)]
    packer = Packer()
    packer.begin()
    packer.add(some)
    with core.store.transaction() as connection:
        blocks.add(connection, packer, [packer.part(range(1, 51))], 0)
    assert segments.compact(core.store, at_least=1)
    assert core.activities() == some
    assert blocks.listed(core.store.connection) == [], "they are in the file alone"


def test_the_oldest_go_first_and_only_when_there_are_enough(core, monkeypatch):
    expected = fed(core)
    assert not segments.compact(core.store, at_least=21)
    monkeypatch.setattr(segments, "ACTIVITIES", 7)
    assert segments.compact(core.store, at_least=20)
    assert [segment.activities for segment in segments.listed(core.store)] == [8]
    assert ids(core) == expected


def test_what_is_still_to_be_sent_stays_in_blocks(make_core):
    core = make_core(settings=settings({"lake": ["activities"]}))
    expected = fed(core)
    assert not segments.compact(core.store, at_least=1)
    with core.store.transaction() as connection:
        connection.execute("DELETE FROM outbox WHERE seq < 3")
    assert segments.compact(core.store, at_least=1)
    assert [segment.activities for segment in segments.listed(core.store)] == [8]
    assert ids(core) == expected
    assert len(core.block(outbox.head(core.store.connection, "lake", 1)[0].block_id)) == 4


def test_repeated_records_are_known_after_a_restart(core):
    expected = fed(core)
    segments.compact(core.store, at_least=1)
    core.reopen()
    core.feed_records(record(Id="0-0"), record(Id="new"))
    assert ids(core) == [*expected, "new"]


def test_not_everybody_may_read_it(core):
    fed(core)
    before = os.umask(0)
    try:
        segments.compact(core.store, at_least=1)
    finally:
        os.umask(before)
    for path in core.store.directory.glob("segments/**/*"):
        assert path.stat().st_mode & 0o777 == (0o640 if path.is_file() else 0o750)


def test_who_reads_meanwhile_misses_nothing_and_sees_nothing_twice(core):
    expected = fed(core)
    log = ActivityLog(core.store)
    reading = log.scan()
    found = [*next(reading)]
    segments.compact(core.store, at_least=1)
    found += [activity for several in reading for activity in several]
    assert [activity.activity_id for activity in found] == expected
    newest = log.newest_first()
    assert next(newest).activity_id == expected[-1]
    fed(core, 1, 1)
    assert [activity.activity_id for activity in newest] == expected[-2::-1]


def test_retention_removes_the_file_and_all_that_is_known_of_it(core):
    fed(core)
    segments.compact(core.store, at_least=1)
    (segment,) = segments.listed(core.store)
    assert segments.prune(core.store, segment.last) == 0
    assert segment.path.exists()
    assert segments.prune(core.store, segment.last + 1) == 1
    assert files(core) == []
    assert not segment.path.parent.exists()
    assert ids(core) == []
    blocks.prune(core.store.connection, segment.last + 1)
    assert core.store.connection.execute("SELECT count(*) FROM blocks").fetchone() == (0,)


def test_who_reads_a_file_that_is_removed_reads_it_to_the_end(core):
    expected = fed(core)
    segments.compact(core.store, at_least=1)
    log = ActivityLog(core.store)
    with log._opened() as opened:
        segments.prune(core.store, 2**62)
        found = log._parts.read(opened, Wanted([], lambda: 0).where)
        assert [activity.activity_id for several in found for activity in several] == expected
    assert log.get("0-0") is None


def test_a_segment_of_blocks_that_retention_has_removed_is_given_up(core):
    fed(core)
    planned = segments.plan(core.store, at_least=1)
    made = segments.write(core.store, planned)
    blocks.prune(core.store.connection, 2**62, 1)
    segments.adopt(core.store, planned, made)
    assert segments.listed(core.store) == []
    assert files(core) == []
    assert len(ids(core)) == 16


def test_what_cannot_be_written_is_told(core):
    fed(core)
    (core.store.directory / segments.DIRECTORY).mkdir()
    (core.store.directory / segments.DIRECTORY / "date=2026-01-01").write_text("in the way")
    with pytest.raises(StoreError, match=r"\.new"):
        segments.compact(core.store, at_least=1)
    assert len(ids(core)) == 20


class TestCompacting:
    def test_a_process_of_its_own_writes(self, core, monkeypatch):
        expected = fed(core)
        monkeypatch.setattr(segments, "AT_LEAST", 20)
        compacting = Compacting(core.store, lambda: NOON)
        compacting.go_on()
        compacting._process.join(60)
        compacting.go_on()
        assert [segment.activities for segment in segments.listed(core.store)] == [20]
        assert ids(core) == expected
        compacting.stop()

    def test_one_that_is_stopped_leaves_nothing_behind(self, core, monkeypatch):
        expected = fed(core)
        monkeypatch.setattr(segments, "AT_LEAST", 20)
        compacting = Compacting(core.store, lambda: NOON)
        compacting.go_on()
        compacting.stop()
        Compacting(core.store, lambda: NOON).stop()
        assert files(core) == []
        assert ids(core) == expected


def test_a_search_is_the_same_before_and_after(core):
    fed(core)
    wanted = Wanted(["activity_id endswith 1,2", "raw.Id startswith 3,4"], lambda: 0)
    before = [activity.activity_id for activity in search(ActivityLog(core.store), wanted)]
    segments.compact(core.store, at_least=1)
    assert [activity.activity_id for activity in search(ActivityLog(core.store), wanted)] == before == ["4-2", "4-1", "3-2", "3-1"]


def test_a_file_of_an_older_casbd_is_read_beside_new_ones(core):
    """Those had whole blocks of several days in one file, and no column that tells the place in a block."""
    expected = fed(core)
    segments.compact(core.store, at_least=1)
    (segment,) = segments.listed(core.store)
    table = pq.read_table(segment.path).drop_columns([PLACE])
    pq.write_table(table, core.store.directory / segments.DIRECTORY / "000000000001-000000000005.parquet")
    with core.store.transaction() as connection:
        connection.execute("UPDATE segments SET file = '000000000001-000000000005.parquet', day = NULL, digest = NULL")
    segment.path.unlink()
    more = [f"{number}-more" for number in range(3)]
    core.feed_records(*(record(Id=name, at=-number * MINUTE) for number, name in enumerate(more)))
    segments.compact(core.store, at_least=1)
    assert len(segments.listed(core.store)) == 2
    assert ids(core) == [*expected, *more]
    log = ActivityLog(core.store)
    assert [one.activity_id for one in log.newest_first()] == [*expected[:0:-1], *sorted((expected[0], more[0])), *more[1:]]
    assert log.counts(Wanted([], lambda: 0), ["day"]) == {("2026-01-01",): 23}
    assert [*segment_damage.verify(core.store)] == []


def test_late_activities_go_to_their_day(core):
    fed(core, 1, 1)
    core.feed_records(record(Id="late", at=-24 * 60 * MINUTE))
    segments.compact(core.store, at_least=1)
    assert {segment.day: segment.activities for segment in segments.listed(core.store)} == {"2026-01-01": 1, "2025-12-31": 1}
    assert [path.split("/")[1] for path in files(core)] == ["date=2025-12-31", "date=2026-01-01"]


def test_many_small_parts_of_a_day_become_one(core):
    expected = []
    for number in range(segments.PARTS):
        core.feed_records(record(Id=f"{number}", at=number * MINUTE))
        expected.append(f"{number}")
        assert segments.compact(core.store, at_least=1)
    assert len(segments.listed(core.store)) == segments.PARTS
    assert segments.compact(core.store, at_least=10**9)
    assert [segment.activities for segment in segments.listed(core.store)] == [segments.PARTS]
    assert len(files(core)) == 1
    assert ids(core) == expected
    assert not segments.compact(core.store, at_least=10**9)


@pytest.mark.parametrize(("number", "age", "expected"), [(5, segments.WHILE, True), (5, segments.WHILE - 1, False), (4, 10**9, False)])
def test_few_activities_become_a_segment_when_they_have_waited(core, monkeypatch, number, age, expected):
    fed(core, 1, number)
    monkeypatch.setattr(segments, "AFTER_A_WHILE", 5)
    ((stored,),) = core.store.connection.execute("SELECT stored FROM blocks").fetchall()
    assert (segments.plan(core.store, stored + age) is not None) is expected
    assert segments.plan(core.store) is None


def test_a_full_disk_leaves_nothing_behind(core, monkeypatch):
    fed(core)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(segment_files, "digest_of", full)
    with pytest.raises(StoreError, match="No space left"):
        segments.compact(core.store, at_least=1)
    assert files(core) == []
    assert len(ids(core)) == 20


def test_what_waits_for_being_written_is_bounded(core, monkeypatch):
    monkeypatch.setattr(segments, "WAITING", 1)
    expected = fed(core)
    flushed = []
    flush = segment_files.PartWriter.flush
    monkeypatch.setattr(segment_files.PartWriter, "flush", lambda writer: (flushed.append(writer.waiting), flush(writer)))
    segments.compact(core.store, at_least=1)
    assert len(flushed) == 5
    assert all(flushed)
    assert ids(core) == expected


def test_the_stores_size_is_that_of_all_its_files(core):
    fed(core)
    before = core.store.size()
    segments.compact(core.store, at_least=1)
    (segment,) = segments.listed(core.store)
    assert core.store.size() >= before + segment.path.stat().st_size


def test_what_is_dealt_is_read_in_the_order_of_its_storing(tmp_path, monkeypatch):
    monkeypatch.setattr(segment_files, "FEW", 2)
    several = [Activity(NOON + number, f"{number}", user=f"user{number % 10}") for number in range(40)]
    with Store(tmp_path / "state") as store:
        with store.transaction() as connection:
            blocks.add(connection, Packer(), [part(several)], 1)
        assert segments.compact(store, at_least=1)
        (segment,) = segments.listed(store)
        assert [one for table in segment_files.read(segment.path) for one in table["place"].to_pylist()] != [*range(40)]
        log, everything = ActivityLog(store), Wanted([], lambda: 0)
        assert [one for some in log.scan() for one in some] == several
        assert log.block(1) == several
        ids = [one for batch in log.arrow(everything, ["activity_id"]) for one in batch["activity_id"].to_pylist()]
        assert ids == [one.activity_id for one in several]
