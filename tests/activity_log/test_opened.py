"""Parts of the log with their files open: given back, whatever happens; and times are asked for only where a part reaches over the span."""

from pathlib import Path

import pytest
from builders import HOUR, MINUTE, NOON, record, settings

from casbd.activity_log import ActivityLog
from casbd.activity_log.opened import ALL, Opened
from casbd.activity_log.reading import one_moment
from casbd.store.log import blocks, segments


@pytest.fixture
def core(make_core):
    """Two segments, and a block, a day apart each."""
    core = make_core(settings=settings({}))
    for day in (0, 24, 48):
        core.feed_records(record(at=day * HOUR), record(at=day * HOUR + MINUTE))
        if day < 48:
            segments.compact(core.store, at_least=1)
    return core


def open_files():
    return len([*Path("/proc/self/fd").iterdir()])


def test_no_file_stays_open(core):
    before, (first, second) = open_files(), segments.listed(core.store)
    with Opened([first, second]) as opened:
        assert open_files() == before + 2
        second.path.unlink()
        assert Path(opened.path(second)).read_bytes(), "who has begun to read it reads it to the end"
    assert open_files() == before
    with pytest.raises(FileNotFoundError):
        Opened([first, second])
    assert open_files() == before


@pytest.mark.parametrize(("low", "high", "whole"), [(0, MINUTE, True), (1, MINUTE, False), (0, MINUTE - 1, False)])
def test_times_are_asked_for_where_a_part_reaches_over_the_span(core, low, high, whole):
    [first, *_], [*waiting] = segments.listed(core.store), blocks.waiting(core.store.connection)
    with Opened([first], [], NOON + low, NOON + high) as opened:
        assert opened.holds(first) is whole
        assert (opened.span(opened.whole) == ALL) is whole
    with Opened([first], waiting, NOON + low, NOON + high) as opened:
        assert opened.span(opened.whole).parameters == [NOON + low, NOON + high]


@pytest.mark.parametrize(("low", "high", "number"), [(0, 49 * HOUR, 6), (1, 49 * HOUR, 5), (0, 48 * HOUR, 5), (MINUTE, 24 * HOUR, 2)])
def test_the_number_within_a_span_of_whole_parts_and_of_others(core, low, high, number):
    log = ActivityLog(core.store)
    assert sum(map(len, log.scan(NOON + low, NOON + high))) == number
    assert log.looked_at == number


def ids(log, since=None, until=None):
    return [activity.activity_id for several in log.scan(since, until) for activity in several]


def test_a_moment_is_the_same_for_all_that_is_asked_of_it(core):
    before, files = ids(ActivityLog(core.store)), open_files()
    with one_moment(core.store):
        with one_moment(core.store):
            core.feed_records(record(at=49 * HOUR))
            assert ids(ActivityLog(core.store)) == before
        (waiting, _) = blocks.listed(core.store.connection)
        segments.compact(core.store, at_least=1)
        log = ActivityLog(core.store)
        assert ids(log) == before, "also when what waited is in a file by now"
        assert len(log.block(waiting)) == 2, "a block is looked for where it is now"
        assert [one.activity_id for one in log.newest_first()] == [*reversed(before)]
    assert open_files() == files
    assert len(ids(ActivityLog(core.store))) == len(before) + 1


@pytest.mark.parametrize(("low", "high"), [(0, 49 * HOUR), (1, 49 * HOUR), (0, 48 * HOUR), (MINUTE, 24 * HOUR), (-2, -1)])
def test_of_a_moment_only_the_parts_of_a_span_are_asked(core, low, high):
    log, span = ActivityLog(core.store), (NOON + low, NOON + high)
    alone = ids(log, *span)
    with Opened(segments.listed(core.store), blocks.waiting(core.store.connection)) as opened:
        inside = opened.within(*span)
        assert inside.whole.parts == [*segments.listed(core.store, *span), *blocks.waiting(core.store.connection, *span)]
    with one_moment(core.store):
        assert ids(log, *span) == alone


def test_what_fails_inside_a_moment_ends_it(core):
    files = open_files()
    with pytest.raises(ZeroDivisionError), one_moment(core.store, ["user"]):
        raise ZeroDivisionError
    core.feed_records(record(at=49 * HOUR))
    assert len(ids(ActivityLog(core.store))) == 7
    assert open_files() == files
