"""Searching blocks that overlap in time: the same as sorting everything in memory."""

import pytest
from builders import NOON, record
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casbd.activity_log import ActivityLog, Wanted, pretty_raw, search
from casbd.model.activity import Activity
from casbd.store.database import Store
from casbd.store.log import blocks, segments
from casbd.store.log.blocks import Block
from casbd.store.log.packing import Packer


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with Store(tmp_path_factory.mktemp("log")) as store:
        store.connection.execute("PRAGMA synchronous = OFF")
        yield store


@pytest.fixture
def core(make_core):
    return make_core()


rows = st.lists(st.tuples(st.integers(0, 30), st.sampled_from([None, "a", "B", "ä"])), min_size=1, max_size=6)
some_blocks = st.lists(st.tuples(rows, st.booleans()), max_size=6)
ends = st.none() | st.integers(0, 30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(some_blocks, ends, ends, st.sampled_from(["-timestamp", "timestamp", "user", "-user"]), st.integers(0, 8))
def test_is_what_sorting_everything_gives(store, given_blocks, since, until, sort, limit):
    everything, packer = [], Packer()
    with store.transaction() as connection:
        connection.execute("DELETE FROM blocks")
        connection.execute("DELETE FROM segments")
    for block, compacted in given_blocks:
        with store.transaction() as connection:
            made = [Activity(time, f"{len(everything)}-{n}", user=user, user_groups=()) for n, (time, user) in enumerate(block)]
            everything += made
            packer.begin()
            packer.add(made)
            blocks.add(connection, packer, [packer.part([1] * len(made))], 0)
        if compacted:
            assert segments.compact(store, at_least=1)

    log = ActivityLog(store)
    found = list(search(log, Wanted(["user neq B"], lambda: 0), since=since, until=until, sort=sort, limit=limit))

    wanted = [
        a for a in everything if a.user != "B" and (since is None or a.timestamp >= since) and (until is None or a.timestamp <= until)
    ]
    name = sort.removeprefix("-")
    known = sorted((getattr(a, name) for a in wanted if getattr(a, name) is not None), reverse=sort.startswith("-"))
    values = (known + [None] * len(wanted))[: len(wanted)]
    assert [getattr(a, name) for a in found] == (values[:limit] if limit else values)
    assert len({a.activity_id for a in found}) == len(found)
    assert {a.activity_id for a in found} <= {a.activity_id for a in wanted}
    some = search(log, Wanted(["user neq B"], lambda: 0), since=since, until=until, sort=sort, limit=limit, fields=["activity_id"])
    assert [(a.activity_id, a.timestamp, a.user) for a in some] == [(a.activity_id, a.timestamp, a.user) for a in found]


def test_the_newest_first_reads_no_more_than_it_needs(core, monkeypatch):
    for n in range(20):
        core.feed_records(record(at=n))
    read = []
    for name in ("columns", "whole"):
        real = getattr(Block, name)
        monkeypatch.setattr(Block, name, lambda block, *rest, real=real: read.append(block.block_id) or real(block, *rest))

    found = list(search(ActivityLog(core.store), Wanted([], lambda: NOON), limit=3))

    assert [a.timestamp - NOON for a in found] == [19, 18, 17]
    assert {20} < {*read} <= {*range(14, 21)}, "as many more as were read already, each time"


def test_filters_are_those_of_rules(core):
    core.feed_records(record(UserId="a@contoso.com"), record(UserId="b@contoso.com"))
    wanted = Wanted(["user eq A@CONTOSO.com", "activity_type neq Log on"], lambda: NOON)
    assert [a.user for a in search(ActivityLog(core.store), wanted)] == ["a@contoso.com"]


@pytest.mark.parametrize("text", ["usr eq a", "user", "user is a", "ip_address cidr x", "timestamp gt yesterday"])
def test_a_wrong_filter_is_told(text):
    with pytest.raises(ValueError, match=r"\w"):
        Wanted([text], lambda: NOON)


@pytest.mark.parametrize("compacted", [False, True])
def test_one_by_its_id(core, compacted):
    core.feed_records(record(Id="one"), record(Id="one-more"), record(Id="ünï"))
    core.feed_records(record(Id="one", OrganizationId="other", at=5))
    if compacted:
        segments.compact(core.store, at_least=1)
    log = ActivityLog(core.store)
    assert compacted or log.get("one").timestamp == NOON + 5
    assert log.get("one").activity_id == "one"
    assert log.get("ünï").activity_id == "ünï"
    assert log.get("on") is None
    assert log.get("\ud800") is None


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ('{"a":[1,"x"]}', '{\n  "a": [\n    1,\n    "x"\n  ]\n}'),
        ("no json", "no json"),
        ('{"a":"\\u001b[31m\\u202e\\u2028"}', '{\n  "a": "\\u001b[31m"\n}'),
        ("\x1b[2J", "[2J"),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_the_record_as_exported_does_not_command_a_terminal(raw, shown):
    text = pretty_raw(Activity(raw=raw))
    assert not {*text} & {*"\x1b\u202e\u2028\x9b\r"}
    assert text.replace(" ", "") == shown.replace(" ", "")
