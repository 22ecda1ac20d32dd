"""Older activities in Parquet files: the same activities as before, whatever happens meanwhile; and what retention removes."""

import pytest
from builders import MINUTE, NOON, Core, record, settings

from casbd.activity_log import ActivityLog, Wanted, search
from casbd.daemon.compacting import Compacting
from casbd.errors import StoreError
from casbd.model.activity import Activity, ActivityObject
from casbd.store import activities, outbox, segments


@pytest.fixture
def core(make_core):
    return make_core(settings=settings({}))


def fed(core: Core, blocks=5, each=4):
    """Some blocks of activities, minutes apart; their ids."""
    made = [[record(Id=f"{block}-{n}", at=(block * each + n) * MINUTE) for n in range(each)] for block in range(blocks)]
    for several in made:
        core.feed_records(*several)
    return [f"{block}-{n}" for block in range(blocks) for n in range(each)]


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
    packer = activities.Packer()
    packer.begin()
    packer.add(some)
    with core.store.transaction() as connection:
        activities.add(connection, packer, [packer.part(range(1, 51))], 0)
    assert segments.compact(core.store, at_least=1)
    assert core.activities() == some
    assert [*activities.scan(core.store.connection)] == [], "they are in the file alone"


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
    assert not segment.path.exists()
    assert ids(core) == []
    assert core.store.connection.execute("SELECT count(*) FROM blocks").fetchone() == (0,)


def test_a_file_that_retention_removes_meanwhile_is_left_out(core):
    fed(core)
    segments.compact(core.store, at_least=1)
    log = ActivityLog(core.store)
    parts = log._parts(None, None)
    segments.prune(core.store, 2**62)
    assert [*log._segments.read(parts.segments[0], Wanted([], lambda: 0).where, 0, 2**62, raw=True)] == []
    assert log.get("0-0") is None


def test_a_segment_of_blocks_that_retention_has_removed_is_given_up(core):
    fed(core)
    planned = segments.plan(core.store, at_least=1)
    segments.write(core.store, planned)
    activities.prune(core.store.connection, 2**62, 1)
    segments.adopt(core.store, planned)
    assert segments.listed(core.store) == []
    assert [*(core.store.directory / segments.DIRECTORY).iterdir()] == []
    assert len(ids(core)) == 16


def test_what_cannot_be_written_is_told(core, monkeypatch):
    fed(core)
    monkeypatch.setattr(segments, "_table", lambda *_: __import__("pyarrow").array(["x"], type=__import__("pyarrow").int64()))
    with pytest.raises(StoreError, match=r"\.new"):
        segments.compact(core.store, at_least=1)
    assert len(ids(core)) == 20


class TestCompacting:
    def test_a_process_of_its_own_writes(self, core, monkeypatch):
        expected = fed(core)
        monkeypatch.setattr(segments, "AT_LEAST", 20)
        compacting = Compacting(core.store)
        compacting.go_on()
        compacting._process.join(60)
        compacting.go_on()
        assert [segment.activities for segment in segments.listed(core.store)] == [20]
        assert ids(core) == expected
        compacting.stop()

    def test_one_that_is_stopped_leaves_nothing_behind(self, core, monkeypatch):
        expected = fed(core)
        monkeypatch.setattr(segments, "AT_LEAST", 20)
        compacting = Compacting(core.store)
        compacting.go_on()
        compacting.stop()
        Compacting(core.store).stop()
        assert [*(core.store.directory / segments.DIRECTORY).glob("*")] == []
        assert ids(core) == expected


def test_a_search_is_the_same_before_and_after(core):
    fed(core)
    wanted = Wanted(["activity_id endswith 1,2", "raw.Id startswith 3,4"], lambda: 0)
    before = [activity.activity_id for activity in search(ActivityLog(core.store), wanted)]
    segments.compact(core.store, at_least=1)
    assert [activity.activity_id for activity in search(ActivityLog(core.store), wanted)] == before == ["4-2", "4-1", "3-2", "3-1"]
