"""Following the log: each activity once, as it is stored, whatever becomes of its block meanwhile."""

from contextlib import suppress
from itertools import islice

import pytest
from builders import MINUTE, record, settings

from casbd.activity_log import Wanted
from casbd.activity_log.tail import tail
from casbd.store.database import Store
from casbd.store.log import blocks, segments

EVERYTHING = Wanted([], lambda: 0)


class Enough(Exception):
    """Ends a tail."""


@pytest.fixture
def core(make_core):
    return make_core(settings=settings({}))


def followed(core, *steps, wanted=EVERYTHING):
    """The ids that a reader beside the daemon sees, while each `wait` takes one step."""
    todo = iter(steps)

    def wait():
        step = next(todo, None)
        if step is None:
            raise Enough
        step()

    found = []
    with Store(core.store.directory, readonly=True) as store, suppress(Enough):
        for activity in tail(store, wanted, wait):
            found.append(activity.activity_id)
    return found


def feed(core, *ids, **fields):
    return lambda: core.feed_records(*(record(Id=name, at=n * MINUTE, **fields) for n, name in enumerate(ids)))


def nothing():
    pass


def test_what_is_stored_from_now_on_in_its_order(core):
    feed(core, "old")()
    assert followed(core, nothing, feed(core, "b", "a"), nothing, feed(core, "late", "c")) == ["b", "a", "late", "c"]


def test_an_empty_log_to_begin_with(core):
    assert followed(core, nothing, feed(core, "a")) == ["a"]


def test_repeated_records_come_once(core):
    assert followed(core, feed(core, "a"), feed(core, "a", "b")) == ["a", "b"]


def test_only_what_is_wanted(core):
    wanted = Wanted(["activity_id neq b", "raw.Id isset true"], lambda: 0)
    assert followed(core, feed(core, "a", "b", "c"), wanted=wanted) == ["a", "c"]


def test_blocks_that_become_segments_meanwhile(core):
    compact = lambda: segments.compact(core.store, at_least=1)  # noqa: E731

    def both():
        feed(core, "c", "d")()
        assert compact()
        feed(core, "e")()

    assert followed(core, feed(core, "a", "b"), compact, both, compact, feed(core, "f")) == [*"abcdef"]


def test_a_block_that_becomes_part_of_a_segment_while_the_one_before_is_read(core):
    def several():
        feed(core, "a")()
        feed(core, "b")()
        feed(core, "c")()

    with Store(core.store.directory, readonly=True) as store:
        found = tail(store, EVERYTHING, several)
        seen = [next(found).activity_id]
        assert segments.compact(core.store, at_least=1)
        seen += [activity.activity_id for activity in islice(found, 2)]
    assert seen == ["a", "b", "c"]


def test_numbers_that_are_given_again_when_retention_has_removed_all(core):
    feed(core, "old")()
    feed(core, "older")()

    def remove():
        blocks.prune(core.store.connection, 2**62)

    assert followed(core, remove, feed(core, "a"), feed(core, "b")) == ["a", "b"]
