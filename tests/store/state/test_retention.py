"""What time it is by what was stored: one record of the far future must not make retention remove everything."""

import pytest

from casbd.store.log.blocks import add
from casbd.store.log.packing import Packer, Part
from casbd.store.state import retention

DAY = 86_400_000


@pytest.mark.parametrize(
    ("blocks", "newest"),
    [
        ([], None),
        ([(10, 20, 15)], 20),
        ([(10, 20, 15), (5, 7, 8)], 20),
        ([(10, 15 + DAY, 15)], 15 + DAY),
        ([(10, 16 + DAY, 15)], 10),
        ([(16 + DAY, 16 + DAY, 15)], None),
        ([(16 + DAY, 16 + DAY, 15), (1, 2, 3)], 2),
        ([(15 + DAY, 16 + DAY, 15)], 15 + DAY),
    ],
)
def test_the_newest_time_that_can_be_believed(connection, blocks, newest):
    for first, last, stored in blocks:
        add(connection, Packer(), [Part(b"", 0, [1], first, last, b"")], stored)
    assert retention.newest(connection) == newest


def test_segments_count_too(connection):
    add(connection, Packer(), [Part(b"", 0, [1], 5, 5, b"")], 5)
    connection.execute("INSERT INTO segments (file, activities, first, last, stored) VALUES ('a', 1, 7, 9, 9)")
    assert retention.newest(connection) == 9


def test_how_far_it_has_come(connection):
    assert retention.reached(connection) is None
    for at in (5, 3):
        retention.reach(connection, at)
        assert retention.reached(connection) == at
