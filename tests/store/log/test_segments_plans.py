"""Which blocks and parts become which segments: bounds, order, days; and what is removed with them."""

import pytest
from msgspec.structs import replace

from casbd.model.activity import Activity
from casbd.store.log import blocks, segments
from casbd.store.log.packing import Packer
from casbd.store.log.segment_files import Part, rows
from casbd.store.log.segments import Plan
from casbd.store.state import outbox

DAY = 86_400_000


@pytest.fixture
def directory(store):
    (store.directory / segments.DIRECTORY).mkdir()
    return store.directory / segments.DIRECTORY


def put_blocks(store, *numbers, at=0, now=0):
    """A block of so many activities each."""
    packer = Packer()
    for count in numbers:
        packer.begin()
        packer.add([Activity(at, f"{at}-{count}-{number}") for number in range(count)])
        blocks.add(store.connection, packer, [packer.part(range(1, count + 1))], now)


def put_segments(store, *several):
    """Segments without files: day, activities, first and last time, first block."""
    parts = [
        Part(f"{number}", day, count, first, last, block, block, b"") for number, (day, count, first, last, block) in enumerate(several)
    ]
    segments.add(store, parts, 50)


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [(None, None, [2, 3, 1]), (20, None, [2, 3]), (21, None, [3]), (None, 15, [2, 1]), (None, 14, [2]), (11, 14, [2])],
)
def test_those_that_may_hold_a_span_of_time_by_their_first_block(store, since, until, expected):
    put_segments(store, ("a", 5, 15, 19, 9), ("a", 5, 10, 20, 2), ("b", 5, 30, 40, 2))
    found = segments.listed(store, since, until)
    assert [one.segment_id for one in found] == expected
    if since is None and until is None:
        assert found[0] == (2, store.directory / "segments" / "1", 5, 10, 20, 50, "a", 2, 2, b"")


def test_the_oldest_blocks_are_taken_up_to_what_is_still_to_be_sent(store, monkeypatch):
    monkeypatch.setattr(segments, "ACTIVITIES", 5)
    put_blocks(store, 2, 3, 4, 2)
    assert segments.plan(store, at_least=12) is None
    assert segments.plan(store, at_least=11).blocks == (1, 2)
    outbox.add_block(store.connection, "siem", 3, 1)
    assert segments.plan(store, at_least=6) is None
    assert segments.plan(store, at_least=5).blocks == (1, 2)
    outbox.add_block(store.connection, "siem", 1, 1)
    assert segments.plan(store, at_least=1) is None


@pytest.mark.parametrize(
    ("of_days", "parts"),
    [
        ("aa", (1, 2)),
        ("ab", ()),
        ("abab", (1, 3)),
        ("aAa", ()),
        ("aAaa", (3, 4)),
        ("a", ()),
    ],
)
def test_small_parts_of_one_day_that_stand_one_behind_the_other_become_one(store, monkeypatch, of_days, parts):
    """A large letter is a large part."""
    monkeypatch.setattr(segments, "ACTIVITIES", 10)
    monkeypatch.setattr(segments, "PARTS", 2)
    put_segments(store, *[(day.lower(), 5 if day.isupper() else 4, 0, 0, number) for number, day in enumerate(of_days)])
    plan = segments.plan(store, at_least=1)
    assert (plan.parts if plan else ()) == parts


def test_a_day_is_a_file_and_far_too_many_days_share_some(directory, monkeypatch):
    monkeypatch.setattr(segments, "DAYS", 2)
    monkeypatch.setattr(segments, "YEARS", 1)
    times = [n * DAY for n in (0, 1, 40, 400, 800, 900, 0)]
    parts = segments.write_parts(directory, "t", iter([rows([Activity(time, f"{time}") for time in times], 1)]))
    assert {part.day: part.activities for part in parts} == {"1970-01-01": 3, "1970-01-02": 1, "1971-01-01": 1, "1900-01-01": 2}
    assert all((directory / part.file).exists() for part in parts)


def test_what_waits_longest_in_memory_is_written_first(directory, monkeypatch):
    monkeypatch.setattr(segments, "WAITING", 0)
    tables = [rows([Activity(time, f"{time}") for time in range(number)], number) for number in (1, 2)]
    (part,) = segments.write_parts(directory, "t", iter(tables))
    assert (part.activities, part.first_block, part.last_block) == (3, 1, 2)


def test_a_failure_leaves_no_file(directory):
    def broken():
        yield rows([Activity(1, "a")], 1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        segments.write_parts(directory, "t", broken())
    assert [path for path in directory.rglob("*") if path.is_file()] == []


def test_parts_that_became_one_are_gone_and_what_retention_removed_meanwhile_is_given_up(store, directory):
    put_blocks(store, 2, 3)
    for block in (1, 2):
        plan = Plan(f"t{block}", blocks=(block,))
        segments.adopt(store, plan, segments.write(store, plan))
    plan = Plan("one", parts=(1, 2))
    made = segments.write(store, plan)
    segments.adopt(store, plan, made)
    (one,) = segments.listed(store)
    assert (one.activities, one.path.name, one.stored) == (5, "one.parquet", 0)
    assert [path.name for path in directory.rglob("*.parquet")] == ["one.parquet"]
    again = Plan("late", parts=(1, 2))
    segments.adopt(store, again, [replace(made[0], file="late.parquet")])
    assert segments.listed(store) == [one]


def test_more_rows_than_sqlite_takes_parameters(store):
    put_segments(store, *[("a", 1, 0, 0, number) for number in range(1201)])
    with store.transaction():
        files = segments.remove(store, range(1, 1201))
    assert files == [f"{number}" for number in range(1200)]
    assert [one.segment_id for one in segments.listed(store)] == [1201]


def test_retention_goes_by_both_times_and_strays_are_removed(store, directory):
    put_segments(store, ("a", 1, 0, 10, 1), ("a", 1, 0, 60, 2))
    (directory / "date=a").mkdir()
    for name in ("0", "1", "stray", "date=a/stray"):
        (directory / name).write_bytes(b"")
    assert sorted(path.name for path in segments.remove_strays(store)) == ["stray", "stray"]
    assert sorted(path.name for path in directory.iterdir()) == ["0", "1"]
    assert [segments.prune(store, before) for before in (11, 50, 51, 60, 61)] == [0, 0, 1, 0, 1]
    assert [*directory.iterdir()] == []
