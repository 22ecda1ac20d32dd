"""How far files have been read, and what became of each input's records."""

from msgspec.structs import replace

from casbd.model.chunk import Position
from casbd.store.state import input_progress
from casbd.store.state.input_progress import Counts

HOUR = 3_600_000
A = Position(input="m365", path="/in/a", device=1, inode=2, fingerprint="f", fingerprint_size=1, offset=10, size=20)


def test_a_position_is_replaced_by_the_next_of_the_same_content_and_forgotten_alone(connection):
    others = [replace(A, **one) for one in ({"input": "own"}, {"device": 9}, {"inode": 9}, {"fingerprint": "g"})]
    input_progress.save_positions(connection, [A, *others])
    further = replace(A, offset=15, path="/in/a.1")
    input_progress.save_positions(connection, [further])
    key = lambda one: (one.input, one.device, one.inode, one.fingerprint)  # noqa: E731
    assert sorted(input_progress.positions(connection), key=key) == sorted([further, *others], key=key)
    input_progress.forget_positions(connection, [A])
    assert sorted(input_progress.positions(connection), key=key) == sorted(others, key=key)


def test_counts_add_up_and_the_newest_is_never_of_the_future(connection):
    one = Counts(received=9, records=4, activities=5, duplicates=3, rejects=2)
    for now, newest in [(1000, 900), (2000, 500), (3000, None), (4000, 4000 + HOUR), (5000, 5001 + HOUR)]:
        input_progress.count(connection, "m365", replace(one, newest=newest), now)
    assert input_progress.counts(connection) == {"m365": Counts(45, 20, 25, 15, 10, 5000, 4000 + HOUR)}


def test_an_input_without_records_is_silent_since_it_was_first_seen(connection):
    for now in (100, 200):
        input_progress.ensure(connection, "m365", now)
    assert input_progress.counts(connection) == {"m365": Counts(last_record=100)}
    input_progress.count(connection, "m365", Counts(received=1, newest=7), 300)
    assert input_progress.counts(connection) == {"m365": Counts(received=1, last_record=300, newest=7)}
