"""The keys by which a repeated record is known: found again among so many of the newest, forgotten after that."""

from builders import Core, chunk, record
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from casbd.store.log import seen_keys
from casbd.store.log.seen_keys import SeenKeys

ALIKE = st.builds(
    lambda place, rest: int.from_bytes(place + rest, "little"),
    st.sampled_from([b"\0\0", b"\1\0", b"\0\1"]),
    st.binary(min_size=6, max_size=6).map(lambda rest: bytes(byte & 1 for byte in rest)),
)
"""Keys of few buckets: the end of one and the beginning of the next often look like a third one."""
CAPACITY = 32


def small():
    return SeenKeys(CAPACITY, bits=16)


def test_knows_repeats_within_a_call_and_between():
    seen = SeenKeys()
    assert seen.new([1, 2, 1]) == [True, True, False]
    assert seen.new([2, 3]) == [False, True]
    assert seen.new([]) == []


def test_the_smallest_and_the_largest():
    seen = SeenKeys()
    keys = [0, 1, (1 << 63) - 1, (1 << 64) - 1]
    assert seen.new(keys) == [True] * 4
    assert seen.new(keys) == [False] * 4


def test_remembers_at_least_its_capacity_and_no_more_than_twice():
    seen = SeenKeys(capacity=96, bits=16)
    for key in range(1, 1001):
        seen.new([key])
    assert not any(seen.new(range(905, 1001)))
    assert all(seen.new([key])[0] for key in range(1, 801))


def test_all_that_is_old_is_forgotten_though_little_is_cut_at_once(monkeypatch):
    monkeypatch.setattr(seen_keys, "_CUT_AT_ONCE", 1)
    seen = small()
    for key in range(1, 201):
        seen.new([key])
    assert sum(map(len, seen._buckets)) <= 6 * CAPACITY * 3 / 2


def test_a_part_of_one_key_and_a_part_of_the_next_are_no_key():
    seen = small()
    one, two, between = (int.from_bytes(b"\0\0" + rest, "little") for rest in (b"abcdef", b"ghijkl", b"defghi"))
    assert seen.new([one, two]) == [True, True]
    assert seen.new([between]) == [True]
    assert seen.new([one, between, two]) == [False] * 3


@given(st.lists(st.lists(ALIKE, max_size=12), max_size=12))
def test_none_is_taken_for_another_one(batches):
    seen, known = SeenKeys(bits=16), set()
    for keys in batches:
        expected = []
        for key in keys:
            expected.append(key not in known)
            known.add(key)
        assert seen.new(keys) == expected


class Turnover(RuleBasedStateMachine):
    """The model is the list of the keys that were new, in their order: the newest of them are known, what never came is not.

    A part of them is forgotten when it is whole, and of 4 keys with 8 more at once it may have 11: so many that nine parts have are known.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen = small()
        self.stored: list[int] = []
        self.number = 1 << 20

    def expect(self, keys: list[int]) -> None:
        for key, fresh in zip(keys, self.seen.new(keys), strict=True):
            if key in self.stored[-CAPACITY:]:
                assert not fresh
            elif key not in self.stored[-9 * 11 :]:
                assert fresh
            if fresh:
                self.stored.append(key)

    @rule(keys=st.lists(ALIKE, max_size=8))
    def any_keys(self, keys: list[int]) -> None:
        self.expect(keys)

    @rule(number=st.integers(1, 8))
    def never_seen(self, number: int) -> None:
        self.number += number
        self.expect([*range(self.number - number, self.number)])

    @rule(backward=st.lists(st.integers(1, 2 * CAPACITY), max_size=8))
    def repeats(self, backward: list[int]) -> None:
        self.expect([self.stored[-one] for one in backward if one <= len(self.stored)])


TestTurnover = Turnover.TestCase
TestTurnover.settings = hypothesis_settings(max_examples=30, stateful_step_count=40)


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
