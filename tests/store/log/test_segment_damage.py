"""Segments that are not what was written: why, in words, and which are looked at."""

import pytest
from builders import MINUTE, NOON, record, settings

from casbd.daemon.compacting import Compacting
from casbd.errors import StoreError
from casbd.model.activity import Activity
from casbd.store.log import segment_damage, segments
from casbd.store.log.segment_files import rows


@pytest.fixture
def stored(store):
    """Two days' segments."""
    (store.directory / segments.DIRECTORY).mkdir()
    tables = iter([rows([Activity(1, "a"), Activity(86_400_001, "b")], 1)])
    parts = segments.write_parts(store.directory / segments.DIRECTORY, "x", tables)
    with store.transaction():
        segments.add(store, parts, 5)
    return store


def change(store, text):
    store.connection.execute(f"UPDATE segments SET {text} WHERE segment_id = 1")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path, store: path.write_bytes(path.read_bytes() + b"x"), "its contents have changed"),
        (lambda path, store: path.unlink(), "the file is gone"),
        (lambda path, store: change(store, "activities = 7"), "it has 1 activities, 7 were written"),
    ],
)
def test_why(stored, spoil, why):
    first, _ = segments.listed(stored)
    spoil(first.path, stored)
    assert [*segment_damage.verify(stored)] == [(1, first.path, why)]
    assert [*segment_damage.verify(stored, {1})] == [(1, first.path, why)]
    assert [*segment_damage.verify(stored, {2})] == []


def test_one_of_an_older_casbd_without_a_digest_is_read(stored):
    first, _ = segments.listed(stored)
    change(stored, "digest = NULL")
    assert [*segment_damage.verify(stored)] == []
    first.path.write_bytes(b"PAR1 nonsense PAR1")
    (damage,) = segment_damage.verify(stored)
    assert "its contents have changed" not in damage.why


def test_set_aside_it_is_read_no_more_and_listed_with_the_reason(stored):
    first, second = segments.listed(stored)
    assert segment_damage.damaged(stored) == []
    damage = segment_damage.Damage(1, first.path, "why")
    segment_damage.set_aside(stored, damage)
    assert segments.listed(stored) == [second]
    assert segment_damage.damaged(stored) == [damage]


@pytest.fixture
def core(make_core):
    return make_core(settings=settings({}))


def ids(core):
    return [activity.activity_id for activity in core.activities()]


def spoiled(path, how):
    if how == "a byte":
        contents = bytearray(path.read_bytes())
        contents[len(contents) // 2] ^= 1
        path.write_bytes(contents)
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    else:
        path.unlink()


@pytest.mark.parametrize("how", ["a byte", "cut", "gone"])
def test_a_damaged_segment_is_set_aside_and_the_rest_stays_readable(core, how):
    core.feed_records(record(Id="0"), record(Id="1"))
    core.feed_records(record(Id="late", at=-24 * 60 * MINUTE))
    segments.compact(core.store, at_least=1)
    first, _ = segments.listed(core.store)
    spoiled(first.path, how)
    if how != "a byte":
        with pytest.raises(StoreError, match=rf"{first.day}.*store verify"):
            ids(core)
    (damage,) = segment_damage.verify(core.store)
    assert damage.path == first.path
    segment_damage.set_aside(core.store, damage)
    assert ids(core) == ["late"]
    assert segment_damage.damaged(core.store) == [damage]
    assert [*segment_damage.verify(core.store)] == []
    segments.remove_strays(core.store)
    assert first.path.exists() is (how != "gone"), "who can mend it finds it"


def test_a_damaged_part_does_not_keep_the_others_from_becoming_one(core, monkeypatch):
    monkeypatch.setattr(segments, "PARTS", 3)
    for number in range(3):
        core.feed_records(record(Id=f"{number}", at=number * MINUTE))
        segments.compact(core.store, at_least=1)
    spoiled(segments.listed(core.store)[1].path, "cut")
    compacting = Compacting(core.store, lambda: NOON)
    compacting.go_on()
    compacting._process.join(60)
    compacting.go_on()
    assert len(segment_damage.damaged(core.store)) == 1
    assert ids(core) == ["0", "2"]
    compacting.stop()
