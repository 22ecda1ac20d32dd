"""Columns of blocks that are made once: the same as made anew, of what a block holds now, and no more than may be kept."""

import pytest
from builders import NOON, part
from hypothesis import given
from hypothesis import strategies as st

from casbd.activity_log import parts
from casbd.activity_log.decoded import Decoded
from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.search import search
from casbd.activity_log.wanted import Wanted
from casbd.errors import StoreError
from casbd.model.activity import FIELDS, Activity
from casbd.store.database import Store
from casbd.store.log import blocks, segments
from casbd.store.log.packing import Packer

DAY = 86_400_000


def activities(number, name="a", first=NOON, step=1000):
    return [
        Activity(first + n * step, f"{name}{n}", user=f"u{n % 3}", ip_tags=("x",) * (n % 2), asn=n % 5, raw=f"record {name}{n}")
        for n in range(number)
    ]


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "state") as one:
        yield one


def put(store, *several):
    with store.transaction() as connection:
        for some in several:
            blocks.add(connection, Packer(), [part(some)], 1)
    return blocks.waiting(store.connection)


@given(st.lists(st.sets(st.sampled_from([*FIELDS]), min_size=1).map(sorted), min_size=1, max_size=5), st.sampled_from([0, 3_000, 1 << 20]))
def test_whatever_was_asked_before_the_columns_are_the_blocks_own(asked, most):
    several = [blocks.Block(number, 30, NOON, NOON, part(activities(30, name)).body) for number, name in enumerate("ab", 1)]
    decoded = Decoded(most)
    for fields in asked:
        for block in several:
            own = block.columns(fields)
            made = decoded.columns(block, fields)
            assert made.schema.names == [*fields, "block_id", "place"]
            assert made.select(own.schema.names).equals(own)
    assert decoded._left > -200_000


def test_they_are_made_once_but_for_records(store, monkeypatch):
    (block,) = put(store, activities(50))
    asked = []
    columns = blocks.Block.columns
    monkeypatch.setattr(blocks.Block, "columns", lambda block, fields=FIELDS: (asked.append([*fields]), columns(block, fields))[1])
    decoded = Decoded()
    for fields in (["user"], ["user"], ["user", "asn"], ["asn", "raw"], ["raw"]):
        decoded.columns(block, fields)
    assert asked == [["user"], ["asn"], ["raw"], ["raw"]]


def test_what_will_be_asked_is_made_with_the_first(store, monkeypatch):
    (block,) = put(store, activities(50))
    asked = []
    columns = blocks.Block.columns
    monkeypatch.setattr(blocks.Block, "columns", lambda block, fields=FIELDS: (asked.append({*fields}), columns(block, fields))[1])
    decoded, nothing_kept = Decoded(), Decoded(0)
    with decoded.together(["asn", "raw", "ip_tags"]), nothing_kept.together(["asn"]):
        for fields in (["user"], ["asn", "user"], ["ip_tags"], ["app"]):
            assert decoded.columns(block, fields).schema.names[: len(fields)] == fields
        nothing_kept.columns(block, ["user"])
    assert asked == [{"user", "asn", "ip_tags"}, {"app"}, {"user"}]
    decoded.columns(block._replace(block_id=2), ["user"])
    assert asked[-1] == {"user"}


def test_what_is_in_a_block_now_is_read_and_nothing_of_what_was(store):
    (block,) = put(store, activities(50))
    decoded = Decoded()
    assert decoded.columns(block, ["activity_id"])["activity_id"][0].as_py() == "a0"
    with store.transaction() as connection:
        blocks.rewrite(connection, block.block_id, part(activities(50, name="b")))
    (now,) = blocks.waiting(store.connection)
    assert decoded.columns(now, ["activity_id"])["activity_id"][0].as_py() == "b0"


def test_the_daemon_keeps_none_and_damage_is_told(store):
    (block,) = put(store, activities(50))
    assert Decoded.of(store)._left == 0
    assert Decoded.of(store) is Decoded.of(store)
    with Store(store.directory, readonly=True) as reader:
        assert Decoded.of(reader)._left > 0
    with pytest.raises(StoreError, match=r"block 1 .* is damaged"):
        Decoded().columns(block._replace(body=block.body[:30]), ["user"])


FILTERS = ([], ["user eq u1"], ["raw.x eq 1"], ["activity_id substring a1"], ["asn gt 9"])


@pytest.mark.parametrize("filters", FILTERS)
@pytest.mark.parametrize("limit", [0, 7])
@pytest.mark.parametrize("fields", [FIELDS, ("user", "asn")])
def test_the_newest_are_the_same_wherever_they_are(store, monkeypatch, filters, limit, fields):
    """In blocks that are read as objects or as columns, in files, or some here and some there, times among each other."""
    monkeypatch.setattr(parts, "AT_ONCE", 32)  # so that each is read in several turns
    several = [activities(40, "a"), activities(40, "b", NOON - 7_500), activities(40, "c", NOON + DAY, 0), activities(40, "d", NOON + 300)]

    def found():
        with Store(store.directory, readonly=True) as reader:
            log, wanted = ActivityLog(reader), Wanted(filters, lambda: NOON)
            rows = [*search(log, wanted, limit=limit, fields=fields)]
            return [(one.timestamp, one.activity_id, one.user, one.asn, one.raw if fields is FIELDS else "") for one in rows]

    monkeypatch.setattr(parts, "FEW", 4_000)
    put(store, *several)
    as_objects = found()
    assert bool(as_objects) == (filters not in (FILTERS[2], FILTERS[4]))
    monkeypatch.setattr(parts, "FEW", 0)
    assert found() == as_objects
    plan = segments.Plan("x", (1, 2))
    segments.adopt(store, plan, segments.write(store, plan))
    assert found() == as_objects
    segments.compact(store, at_least=1)
    assert found() == as_objects
