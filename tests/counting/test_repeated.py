"""Runs of repeated activity: when they open, grow, join and go on after they were read back."""

import msgspec

from casbd.model.counted import Entry
from tests.counting.counted import Counted, entry, members, rule


def test_an_alert_opens_when_the_first_window_fills_and_grows_with_the_run():
    *before, opened, grown = Counted(rule(3, 10)).add_all(0, 5, 10, 12)
    assert before == [None, None]
    assert (opened.alert_id, opened.opened, members(opened), opened.first, opened.last, opened.count) == ("a", True, [0, 5, 10], 0, 10, 3)
    assert (grown.alert_id, grown.opened, members(grown), grown.first, grown.last, grown.count) == ("a", False, [12], 0, 12, 4)


def test_both_ends_of_a_window_are_in_it():
    assert Counted(rule(2, 10)).add_all(0, 10)[1] is not None
    assert Counted(rule(2, 10)).add_all(0, 11)[1] is None


def test_two_bursts_with_nothing_between_them_are_two_alerts():
    changes = Counted(rule(2, 10)).add_all(0, 5, 1000, 1005)
    assert [change and (change.alert_id, change.opened) for change in changes] == [None, ("a", True), None, ("b", True)]


def test_a_single_activity_near_a_run_is_not_in_it():
    changes = Counted(rule(3, 10)).add_all(0, 1, 2, 12, 13)
    assert changes[2].count == 3
    assert changes[3:] == [None, None], "2 to 12 are only two, and 3 to 13 as well"


def test_a_late_record_joins_two_runs_and_the_earlier_alert_stays():
    counted = Counted(rule(2, 10))
    later = counted.add_all(100, 105)[1]
    earlier = counted.add_all(80, 85)[1]
    assert (later.alert_id, earlier.alert_id) == ("a", "b")
    joined = counted.add(95)
    assert (joined.alert_id, joined.opened, joined.joined) == ("b", False, ("a",))
    assert (members(joined), joined.number) == ([95], 1), "the others are known by their alert"
    assert (joined.first, joined.last, joined.count) == (80, 105, 5)


def test_a_late_record_joins_two_runs_by_way_of_one_that_was_in_none():
    counted = Counted(rule(3, 10))
    counted.add_all(0, 1, 2, 22, 23, 24)
    assert counted.add(12) is None
    change = counted.add(12, key=99)
    assert (change.alert_id, change.joined) == ("a", ("b",))
    assert (members(change), change.count) == ([12, 12], 8)


def test_a_late_record_in_the_middle_of_a_run_is_in_it():
    counted = Counted(rule(2, 10))
    counted.add_all(0, 8, 16, 24)
    change = counted.add(12)
    assert (change.alert_id, change.opened, members(change), change.count) == ("a", False, [12], 5)


def test_the_same_entry_again_is_nothing_new():
    counted = Counted(rule(2, 10))
    assert counted.add_all(0, 0) == [None, None]
    assert len(counted.runs) == 1


def test_entries_of_the_same_time_are_told_apart_by_their_key():
    counted = Counted(rule(3, 0))
    assert [counted.add(5, key=key) is not None for key in (7, 1, 3)] == [False, False, True]


def test_one_activity_is_enough_and_those_near_it_join_its_alert():
    changes = Counted(rule(1, 10)).add_all(0, 5, 16, 100)
    assert [(change.alert_id, change.opened) for change in changes] == [("a", True), ("a", False), ("b", True), ("c", True)]


class TestUnique:
    def test_different_values_are_counted(self):
        counted = Counted(rule(3, 10, "object_id"))
        values = ["x", "x", "y", "x", None, "z"]
        changes = [counted.add(moment, value) for moment, value in enumerate(values)]
        assert changes[:5] == [None] * 5
        assert members(changes[5]) == [0, 1, 2, 3, 4, 5], "all activities of the window are in the run, those without a value too"

    def test_a_value_that_left_the_window_does_not_count(self):
        counted = Counted(rule(2, 10, "object_id"))
        assert [counted.add(moment, value) for moment, value in ((0, "x"), (11, "y"), (12, "y"))] == [None] * 3

    def test_a_late_value_fills_a_window(self):
        counted = Counted(rule(2, 10, "object_id"))
        counted.add(0, "x")
        counted.add(20, "x")
        assert members(counted.add(10, "y")) == [0, 10, 20]


class TestStored:
    def test_a_run_goes_on_after_it_was_read_back(self):
        first = Counted(rule(2, 10))
        first.add_all(0, 5)
        stored = [Entry(0, 0, "x", None, "a"), Entry(5, 5, "y", None, "a"), Entry(500, 500, "z")]
        again = Counted(rule(2, 10), stored)
        assert len(again.runs) == 3
        assert (again.add(9).alert_id, again.add(9, key=1).count) == ("a", 4)

    def test_half_full_windows_are_read_back_too(self):
        assert Counted(rule(3, 10), [entry(0), entry(1)]).add(2).opened

    def test_forgetting_the_old(self):
        counted = Counted(rule(2, 10))
        counted.add_all(0, 5, 10, 15, 100, 200, 205)
        counted.runs.prune(10)
        assert len(counted.runs) == 5
        goes_on = counted.add(20)
        assert (goes_on.alert_id, goes_on.first, goes_on.count) == ("a", 0, 5)
        counted.runs.prune(200)
        assert len(counted.runs) == 2
        assert counted.add(206).alert_id == "b"
        counted.runs.prune(1000)
        assert len(counted.runs) == 0
        assert counted.add(1001) is None

    def test_forgetting_the_old_with_unique_values(self):
        counted = Counted(rule(2, 10, "object_id"))
        for moment in range(0, 50, 5):
            counted.add(moment, "x")
        counted.runs.prune(30)
        assert counted.add(46, "y") is not None
        counted.runs.prune(46)
        assert counted.add(47, "y") is None
        assert counted.add(48, "z") is not None


def test_an_entry_can_be_stored():
    one = Entry(1, 2, "x", "v", "a")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=Entry) == one
