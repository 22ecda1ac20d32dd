"""Parts of the log with their files open: given back, whatever happens; and times are asked for only where a part reaches over the span."""

from pathlib import Path

import pytest
from builders import HOUR, MINUTE, NOON, record, settings

from casbd.activity_log import ActivityLog
from casbd.activity_log.opened import ALL, Opened
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
