"""The keys by which a repeated record is known: found again among so many of the newest, forgotten after that."""

from builders import Core, chunk, record

from casbd.store.log.seen_keys import SeenKeys, _Table


def test_knows_repeats_within_a_call_and_between():
    seen = SeenKeys()
    assert seen.new([1, 2, 1]) == [True, True, False]
    assert seen.new([2, 3]) == [False, True]


def test_remembers_at_least_its_capacity_and_no_more_than_twice():
    seen = SeenKeys(capacity=100)
    for key in range(1, 1001):
        seen.new([key])
    assert not any(seen.new(range(901, 1001)))
    assert all(seen.new([key])[0] for key in range(1, 801))


def test_keys_that_fall_on_the_same_place():
    table = _Table()
    keys = [1 + (n << 17) for n in range(60_000)]
    assert all(table.add(keys[:1000]))
    assert not any(table.add(keys[:1000]))
    assert keys[1000] not in table


def test_grows():
    table = _Table()
    keys = [n * 0x9E3779B97F4A7C15 % 2**63 or 1 for n in range(1, 100_001)]
    assert all(table.add(keys))
    assert all(key in table for key in keys)
    assert table.count == len(keys)


def test_is_rebuilt_from_the_newest_blocks(make_core):
    core: Core = make_core()
    records = [record() for _ in range(10)]
    for one in records:
        core.feed_records(one)
    batches = [core.scanner.scan(chunk([one])) for one in records]

    seen = SeenKeys.load(core.store.connection, capacity=4)

    known = [not seen.new(batch.stored.keys)[0] for batch in batches[::-1]]
    assert known[:4] == [True] * 4
    assert known[-1] is False
