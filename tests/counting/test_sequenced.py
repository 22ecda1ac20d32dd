"""Sequences of steps: in their order or in any, within a window."""

import itertools

import pytest

from tests.counting.counted import Stepped, members, sequence


@pytest.mark.parametrize(
    ("match", "activities"),
    [(sequence(2, 1), [(0,), (0,), (1,)]), (sequence(2, 1, any_order=True), [(0, 1), (0,)]), (sequence(1, 1, any_order=True), [(0, 1)])],
)
def test_the_fewest_activities_that_may_be_a_window(match, activities):
    """Fewer are not looked at, so it must not say too many."""
    counted = Stepped(match)
    changes = [counted.add(timestamp, *steps) for timestamp, steps in enumerate(activities)]
    assert changes[-1] is not None
    assert match.fewest == len(activities)


class TestSequence:
    def test_the_steps_in_their_order_make_a_window(self):
        counted = Stepped(sequence(1, 1))
        assert counted.add(0, 0) is None
        change = counted.add(5, 1)
        assert (change.alert_id, change.opened, members(change)) == ("a", True, [0, 5])

    def test_the_steps_in_another_order_do_not(self):
        counted = Stepped(sequence(1, 1))
        assert [counted.add(0, 1), counted.add(5, 0)] == [None, None]

    def test_unless_any_order_is_right(self):
        counted = Stepped(sequence(1, 1, any_order=True))
        assert counted.add(0, 1) is None
        assert members(counted.add(5, 0)) == [0, 5]

    def test_the_first_and_the_last_step_are_within_the_window(self):
        counted = Stepped(sequence(1, 1))
        assert [counted.add(0, 0), counted.add(11, 1)] == [None, None]
        assert counted.add(20, 0) is None
        assert members(counted.add(30, 1)) == [20, 30]

    def test_a_step_may_be_asked_for_several_times(self):
        counted = Stepped(sequence(3, 1))
        assert [counted.add(moment, 0) for moment in (0, 1)] == [None, None]
        assert counted.add(2, 1) is None, "two are not three"
        assert counted.add(3, 0) is None, "the third came after"
        assert members(counted.add(4, 1)) == [0, 1, 2, 3, 4]

    def test_a_late_step_completes_a_sequence(self):
        counted = Stepped(sequence(1, 1, 1))
        counted.add(0, 0), counted.add(8, 2), counted.add(30, 0)
        assert members(counted.add(4, 1)) == [0, 4, 8]

    def test_one_activity_is_one_step_of_a_chain(self):
        counted = Stepped(sequence(1, 1))
        assert counted.add(0, 0, 1) is None
        assert members(counted.add(1, 0, 1)) == [0, 1]

    @pytest.mark.parametrize("keys", [(1, 2), (2, 1)])
    @pytest.mark.parametrize("first", [0, 1])
    def test_what_lies_in_the_same_moment_has_no_order(self, keys, first):
        counted = Stepped(sequence(1, 1))
        assert counted.add(5, first, key=keys[0]) is None
        assert members(counted.add(5, 1 - first, key=keys[1])) == [5, 5]

    @pytest.mark.parametrize("keys", list(itertools.permutations((1, 2, 3))))
    def test_what_is_several_steps_takes_the_one_that_is_left(self, keys):
        counted = Stepped(sequence(1, 1, 1))
        found = [counted.add(5, *steps, key=key) for steps, key in zip(((0, 1), (0,), (1, 2)), keys, strict=True)]
        assert [change is not None for change in found] == [False, False, True]

    def test_two_sequences_with_nothing_between_them_are_two_alerts(self):
        counted = Stepped(sequence(1, 1))
        changes = [counted.add(moment, step) for moment, step in ((0, 0), (1, 1), (100, 0), (101, 1))]
        assert [change and change.alert_id for change in changes] == [None, "a", None, "b"]

    def test_it_goes_on_after_the_old_was_forgotten(self):
        counted = Stepped(sequence(1, 1))
        for moment in range(0, 100, 5):
            counted.add(moment, 0)
        counted.runs.prune(80)
        assert members(counted.add(96, 1))[-1] == 96
        counted.runs.prune(1000)
        assert counted.add(1001, 1) is None
