"""Activities that were counted earlier are found wherever they are by now."""

import pytest
from builders import MINUTE, NOON, record
from msgspec.structs import replace

from casbd.model.counted import Entry
from casbd.store.log import looking_up, segments
from casbd.store.log.looking_up import look_up

FIELDS = ("user", "objects")


@pytest.fixture
def core(make_core):
    core = make_core()
    for start in (0, 3):
        core.feed_records(*(record(at=n * MINUTE, Id=f"{n}", UserId=f"user{n}@contoso.com") for n in range(start, start + 3)))
    return core


def entries(core):
    """What counting has of each of them."""
    activities = core.activities()
    keys = core.scanner._keys(activities)
    return [Entry(one.timestamp, key, one.activity_id) for one, key in zip(activities, keys, strict=True)]


def users(core, wanted):
    return {name: one.user for (_, name), one in look_up(core.store, wanted, FIELDS).items()}


ALL = {f"{n}": f"user{n}@contoso.com" for n in range(6)}


@pytest.mark.parametrize("few", [0, 50])
def test_in_blocks_and_in_segments(core, monkeypatch, few):
    monkeypatch.setattr(looking_up, "_FEW", few)
    counted = entries(core)
    assert users(core, counted) == ALL
    segments.compact(core.store, at_least=1)
    core.feed_records(record(at=9 * MINUTE, Id="late"))
    assert users(core, counted) == ALL
    assert users(core, counted[4:5]) == {"4": "user4@contoso.com"}


def test_as_a_step_of_a_sequence_the_highest_bits_of_its_key_are_others(core):
    counted = [Entry(one.timestamp, 3 << 56 | one.key & (1 << 56) - 1, one.activity_id, "4") for one in entries(core)]
    assert users(core, counted) == ALL


def test_of_a_file_only_what_is_asked_for_is_read(core):
    counted = entries(core)[:1]
    assert [*look_up(core.store, counted, ["user"]).values()] == [replace(core.activities()[0], raw="")]
    assert [*look_up(core.store, counted, ["user", "raw"]).values()] == core.activities()[:1]
    segments.compact(core.store, at_least=1)
    (found,) = look_up(core.store, counted, FIELDS).values()
    assert (found.user, found.ip_address, found.raw) == ("user0@contoso.com", None, "")
    assert found.objects == core.activities()[0].objects


def test_what_is_gone_or_damaged_is_not_among_it(core):
    counted = entries(core)
    unknown = Entry(NOON, 7, "7")
    assert users(core, [unknown]) == {}
    segments.compact(core.store, at_least=1)
    for path in core.store.directory.glob("**/*.parquet"):
        path.write_bytes(b"PAR1")
    assert users(core, counted) == {}
    for path in core.store.directory.glob("**/*.parquet"):
        path.unlink()
    assert users(core, counted) == {}


def test_of_a_damaged_block_that_waits_nothing_is_known(core):
    counted = entries(core)
    with core.store.transaction() as connection:
        connection.execute("UPDATE blocks SET body = x'00' WHERE block_id = (SELECT min(block_id) FROM blocks)")
    assert users(core, counted) == {name: user for name, user in ALL.items() if name in "345"}
