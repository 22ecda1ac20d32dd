"""Segments that are not what was written: why, in words, and which are looked at."""

import pytest

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
