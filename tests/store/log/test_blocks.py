"""Blocks: what goes in comes out, in order, whatever was put together; spans of time; damage; what retention leaves."""

import pytest
from builders import activities_at, part

from casbd.errors import StoreError
from casbd.model.activity import Activity
from casbd.store.log import blocks
from casbd.store.log.blocks import SMALL
from casbd.store.log.packing import NOTHING, Packer
from casbd.store.state import outbox


def put(connection, *several, now=0):
    """A block each; their numbers."""
    packer = Packer()
    return [blocks.add(connection, packer, [part(activities, packer)], now)[0][0] for activities in several]


def test_small_parts_become_one_block_in_their_order(connection):
    packer = Packer()
    small = [part(activities_at(number, name=f"{number}-"), packer) for number in range(4)]
    large = [part([Activity(time, "big", raw="x" * SMALL)], packer) for time in (50, 60)]
    stored = blocks.add(connection, packer, [small[0], NOTHING, small[1], large[0], large[1], small[2], small[3]], 77)
    rows = connection.execute("SELECT block_id, length(body), activities, first, last, stored FROM blocks").fetchall()
    assert [row[:2] for row in rows] == stored
    assert [row[2:] for row in rows] == [(3, 0, 50, 77), (1, 60, 60, 77), (2, 2, 3, 77)]
    read = [[one.activity_id for one in blocks.read_block(connection, number)] for number, _ in stored]
    assert read == [["0-0", "1-0", "big"], ["big"], ["2-0", "3-0"]]


SPANS = [(None, None, [1, 2, 3]), (20, None, [2, 3]), (21, None, [3]), (None, 10, [1, 2]), (None, 9, [1]), (10, 29, [2]), (31, 40, [])]


@pytest.mark.parametrize(("since", "until", "expected"), SPANS)
def test_those_that_may_hold_a_span_of_time(connection, since, until, expected):
    put(connection, activities_at(1, 9), activities_at(20, 10, 15), activities_at(30))
    waiting = blocks.waiting(connection, since, until)
    ends = {1: (2, 1, 9), 2: (3, 10, 20), 3: (1, 30, 30)}
    assert [one[:4] for one in waiting] == [(number, *ends[number]) for number in expected]
    assert [len(one.whole()) for one in waiting] == [ends[number][0] for number in expected]
    assert blocks.at_most(connection, since, until) == sum({1: 2, 2: 3, 3: 1}[number] for number in expected)


def test_before_1970_and_far_ahead_is_within_an_open_span(connection):
    """A record may say any time."""
    put(connection, activities_at(-(2**60)), activities_at(2**60))
    assert [one.block_id for one in blocks.waiting(connection)] == [1, 2]
    assert blocks.at_most(connection) == 2


def test_the_newest_first_and_what_was_stored_after_one(connection):
    assert blocks.newest(connection) == 0
    several = [activities_at(time, name=f"{time}-") for time in (1, 2, 3)]
    put(connection, *several)
    connection.execute("UPDATE blocks SET body = NULL WHERE block_id = 2")  # in a segment by now
    assert blocks.listed(connection) == [one.block_id for one in blocks.waiting(connection)] == [1, 3]
    assert [blocks.stored_after(connection, number) for number in (0, 1, 3)] == [[1, 2, 3], [2, 3], []]
    assert (blocks.newest(connection), blocks.at_most(connection)) == (3, 2)
    assert blocks.read_block(connection, 2) == blocks.read_block(connection, 99) == []


def test_rewritten_it_has_other_activities_and_the_same_keys(connection):
    put(connection, activities_at(1, 5), activities_at(7))
    blocks.rewrite(connection, 1, part(activities_at(3)))
    blocks.rewrite(connection, 2, NOTHING)
    assert blocks.read_block(connection, 1) == activities_at(3)
    rows = connection.execute("SELECT activities, first, last, length(keys), body IS NULL FROM blocks").fetchall()
    assert rows == [(1, 3, 3, 16, 0), (0, 0, 0, 8, 1)]


def test_damage_is_said_with_the_block_and_what_can_be_done(connection):
    put(connection, activities_at(1), activities_at(2, 3), activities_at(4))
    connection.execute("UPDATE blocks SET body = x'00' WHERE block_id = 1")
    connection.execute("UPDATE blocks SET activities = 1 WHERE block_id = 2")
    with pytest.raises(StoreError) as raised:
        blocks.read_block(connection, 1)
    said = str(raised.value)
    assert said.startswith("block 1 of the activity log is damaged (")
    assert said.endswith("); `casbd store verify` lists all damage, `casbd store rebuild` makes the log anew")
    with pytest.raises(StoreError, match="block 2 "):
        blocks.waiting(connection)[1].columns()
    assert [number for number, _ in blocks.damaged(connection)] == [1, 2]


def test_one_that_becomes_a_part_of_a_segment_meanwhile_is_not_damaged(connection):
    put(connection, activities_at(1), activities_at(2), activities_at(3))
    connection.execute("UPDATE blocks SET body = substr(body, 1, 8) WHERE block_id != 2")
    looking = blocks.damaged(connection)
    assert next(looking)[0] == 1
    connection.execute("UPDATE blocks SET body = NULL WHERE block_id = 2")
    assert [number for number, _ in looking] == [3]


def test_what_retention_removes(connection):
    put(connection, activities_at(10), activities_at(20), now=15)
    put(connection, activities_at(10), now=30)
    outbox.add_block(connection, "siem", 1, 5)
    assert [blocks.prune(connection, before) for before in (16, 20)] == [0, 0], "the first is still to be sent"
    connection.execute("DELETE FROM outbox")
    assert [blocks.prune(connection, before) for before in (10, 15, 16, 21, 31)] == [0, 0, 1, 1, 1]


def test_retention_removes_some_at_once(connection):
    put(connection, *[activities_at(1)] * 5)
    assert [blocks.prune(connection, 2, 2) for _ in range(4)] == [2, 2, 1, 0]
