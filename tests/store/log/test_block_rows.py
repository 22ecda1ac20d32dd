"""Blocks as rows of segments: read together, they are the same rows as each alone; and damage is told of the block that has it."""

import pytest
from builders import NOON, part

from casbd.errors import StoreError
from casbd.model.activity import Activity
from casbd.store.database import Store
from casbd.store.log import block_rows, blocks, columns
from casbd.store.log.block_rows import of_blocks
from casbd.store.log.packing import Packer

HOUR = 3_600_000


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "state") as one:
        yield one


def stored(store, *times, size=1_500, each=200):
    """A block for each time, of so many activities; large enough for a page of their records, unless they are small."""
    several = [[Activity(time + n, f"{number}-{n}", raw=f"{n:0{size}}") for n in range(each)] for number, time in enumerate(times)]
    with store.transaction() as connection:
        for some in several:
            blocks.add(connection, Packer(), [part(some)], 1)
    return blocks.listed(store.connection), [one for some in several for one in some]


def read(store, numbers):
    """How many rows there are at once; and all activities, each where it is."""
    several = [*of_blocks(store.connection, numbers)]
    whole = [(place, one) for rows in several for batch in rows.with_records().to_batches() for place, one in placed(batch)]
    return [rows.table.num_rows for rows in several], whole


def placed(batch):
    places = zip(batch["block_id"].to_pylist(), batch["place"].to_pylist(), strict=True)
    return zip(places, columns.activities(batch), strict=True)


@pytest.mark.parametrize(
    ("times", "at_once"),
    [
        ([NOON] * 3, [600]),
        ([NOON, NOON + HOUR, NOON + 24 * HOUR, NOON + 24 * HOUR], [400, 400]),
        ([NOON, NOON + 12 * HOUR - 100, NOON], [200, 200, 200]),
        ([NOON] * 7, [1000, 400]),
        ([], []),
    ],
    ids=["a day", "two days", "one block is of two days", "many", "none"],
)
def test_neighbours_of_one_day_are_read_together(store, monkeypatch, times, at_once):
    monkeypatch.setattr(block_rows, "ROWS", 900)
    numbers, expected = stored(store, *times)
    rows, whole = read(store, numbers)
    assert rows == at_once
    assert whole == [((number, n), expected[place * 200 + n]) for place, number in enumerate(numbers) for n in range(200)]


def test_no_more_bytes_are_read_together_than_fit(store, monkeypatch):
    monkeypatch.setattr(block_rows, "BYTES", 500_000)
    numbers, _ = stored(store, *[NOON] * 5)
    assert read(store, numbers)[0] == [400, 400, 200]


def test_small_ones_are_read_alone(store):
    numbers, expected = stored(store, NOON, NOON, size=9)
    rows, whole = read(store, numbers)
    assert (rows, [one for _, one in whole]) == ([200, 200], expected)


def test_what_retention_has_removed_is_passed_over(store):
    numbers, expected = stored(store, *[NOON] * 3)
    with store.transaction() as connection:
        connection.execute("DELETE FROM blocks WHERE block_id = ?", (numbers[1],))
    assert [one for _, one in read(store, numbers)[1]] == expected[:200] + expected[400:]


@pytest.mark.parametrize("damage", ["changed", "too many"])
def test_damage_is_told_of_the_block_that_has_it(store, damage):
    numbers, _ = stored(store, *[NOON] * 3)
    with store.transaction() as connection:
        if damage == "too many":  # and another one has too few: together they have as many as they should
            connection.execute("UPDATE blocks SET activities = activities + 1 WHERE block_id = ?", (numbers[1],))
            connection.execute("UPDATE blocks SET activities = activities - 1 WHERE block_id = ?", (numbers[2],))
        else:
            (body,) = connection.execute("SELECT body FROM blocks WHERE block_id = ?", (numbers[1],)).fetchone()
            changed = body[:40] + bytes([body[40] ^ 16]) + body[41:]
            connection.execute("UPDATE blocks SET body = ? WHERE block_id = ?", (changed, numbers[1]))
    with pytest.raises(StoreError, match=f"block {numbers[1]} "):
        read(store, numbers)
