"""Runs of repeated activity: the same whatever the order of arrival, and whenever the state was read back from the store."""

import itertools
import random
from bisect import bisect_left, insort
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from casbd.counting import held_entries
from casbd.counting.archive import Memory, order_of
from casbd.counting.match import Step
from casbd.counting.repeated import Repeated
from casbd.counting.runs import Runs
from casbd.counting.sequenced import Sequenced
from casbd.counting.steps import step_entry
from casbd.counting.subjects import different, folded, subject
from casbd.filters.tree import AllOf
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.policies.loading import load_file
from casbd.records.record_path import RawReader


def rule(repeated, within, unique=None):
    return Repeated(repeated=repeated, within=within, unique=unique)


def entry(timestamp, value=None, key=None):
    return Entry(timestamp, timestamp if key is None else key, f"id-{timestamp}-{key}", value)


class Counted:
    """Adds entries one by one, with alert ids a, b, c ..."""

    def __init__(self, rule, entries=()):
        self.runs = Runs(rule, entries)
        self.ids = map("".join, itertools.product("abcdefghijklmnopqrstuvwxyz", repeat=1))

    def add(self, timestamp, value=None, key=None):
        return self.runs.add(entry(timestamp, value, key), lambda: next(self.ids))

    def add_all(self, *timestamps):
        return [self.add(timestamp) for timestamp in timestamps]


def members(change):
    return [one.timestamp for one in change.members]


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


def sequence(*repeated, within=10, any_order=False):
    steps = tuple(Step(filters=AllOf(()), repeated=number) for number in repeated)
    return Sequenced(steps=steps, within=within, any_order=any_order)


class Stepped(Counted):
    """Adds entries by the step or the steps that they are, from 0."""

    def add(self, timestamp, *steps, key=None):
        value = str(sum(1 << step for step in steps))
        return self.runs.add(step_entry(entry(timestamp, value, key)), lambda: next(self.ids))


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


# The oracle: the definition, word for word, in O(n^2).


def expected_runs(entries, rule):
    runs = []
    ordered = sorted(entries, key=lambda one: (one.timestamp, one.key))
    for start in ordered:
        span = [one for one in ordered if start.timestamp <= one.timestamp <= start.timestamp + rule.within]
        if is_window(span, rule):
            window = {one.key for one in span}
            for touching in [run for run in runs if run & window]:
                runs.remove(touching)
                window |= touching
            runs.append(window)
    return {frozenset(run) for run in runs}


def is_window(span, rule):
    if isinstance(rule, Repeated):
        return len({one.value for one in span if one.value is not None} if rule.unique else span) >= rule.repeated
    asked = [number for number, step in enumerate(rule.steps) for _ in range(step.repeated)]
    if rule.any_order:
        return all(sum(int(one.value) >> number & 1 for one in span) >= step.repeated for number, step in enumerate(rule.steps))
    reached = {0}  # how many links of the chain can be done, moment by moment
    for _, moment in itertools.groupby(span, key=lambda one: one.timestamp):
        group = list(moment)
        reached |= {end for done in reached for end in range(done + 1, len(asked) + 1) if can_be(asked[done:end], group)}
    return len(asked) in reached


def can_be(links, group):
    """Whether these links can be made of the entries of one moment, each used once, in any order."""
    if not links:
        return True
    return any(can_be(links[1:], group[:i] + group[i + 1 :]) for i, one in enumerate(group) if int(one.value) >> links[0] & 1)


def found_runs(entries, runs):
    found = {}
    for one in entries:
        if (alert_id := runs.alert_of(one)) is not None:
            found.setdefault(alert_id, set()).add(one.key)
    return {frozenset(run) for run in found.values()}


rules = st.builds(rule, st.integers(1, 6), st.integers(0, 12), st.sampled_from([None, "object_id"]))
arrivals = st.lists(st.tuples(st.integers(0, 60), st.sampled_from([None, "x", "y", "z", "w"])), max_size=30)


sequences = st.builds(
    lambda repeated, within, any_order: sequence(*repeated, within=within, any_order=any_order),
    st.lists(st.integers(1, 3), min_size=1, max_size=3),
    st.integers(0, 20),
    st.booleans(),
)
steps = st.lists(st.tuples(st.one_of(st.integers(0, 60), st.integers(0, 8)), st.integers(1, 7).map(str)), max_size=20)


def test_a_late_value_joins_the_next_run_by_way_of_an_activity_that_is_not_held(monkeypatch):
    monkeypatch.setattr(held_entries, "SPARE", 0)
    counted = Counted(rule(1, 2, "object_id"))
    arrivals = [(0, None, 3), (0, None, 0), (1, None, 7), (0, None, 4), (0, "x", 5), (4, "x", 8), (0, None, 1), (3, None, 2)]
    for timestamp, value, key in arrivals:
        counted.add(timestamp, value, key)
    change = counted.add(1, "x", 6)
    assert (change.alert_id, change.joined, change.count) == ("a", ("b",), 9), "3 lies in the window from 1, and in that from 3"


def test_an_entry_that_was_held_again_is_counted_once(monkeypatch):
    monkeypatch.setattr(held_entries, "SPARE", -(10**6))
    counted = Stepped(sequence(1, 1, within=10))
    for key, (timestamp, step) in enumerate([(1, 2), (0, 2), (0, 1), (1, 2), (1, 1)]):
        assert counted.add(timestamp, step, key=key) is None
    assert counted.add(0, 0, key=5).count == 6


DENSE = [(12, 0), (18, 0), (13, 0), (2, 0), (32, 0), (4, 0), (0, 0), (10, 0), (26, 0), (8, 0), (21, 0), (15, 1), (28, 0), (1, 0), (0, 1)]
DENSE += [(23, 0), (14, 0), (3, 0), (3, 0), (23, 1), (34, 0), (17, 0), (22, 1), (20, 0), (29, 0), (13, 0), (1, 0), (6, 1), (3, 0), (16, 0)]


@pytest.mark.parametrize("seed", range(60))
def test_steps_that_come_late_among_entries_that_are_not_held(monkeypatch, seed):
    monkeypatch.setattr(held_entries, "SPARE", -(10**6))
    arrivals = random.Random(seed).sample(DENSE, len(DENSE))
    entries = [step_entry(Entry(timestamp, key, f"{key}", str(1 << step))) for key, (timestamp, step) in enumerate(arrivals)]
    count_all(sequence(2, 1, within=seed % 20), entries, set(), True)


@pytest.mark.parametrize("seed", [93, 527, 1577, 2188, 2618])
def test_sequences_are_exact_however_late_their_steps_come(seed):
    """Where idle activities were let go of at once, each of these had a run too many or too few."""
    chance = random.Random(seed)
    repeated = [chance.randint(1, 3) for _ in range(chance.randint(1, 3))]
    rule = sequence(*repeated, within=chance.randint(0, 20), any_order=False)
    weights = [chance.choice([1, 5, 20]) for _ in repeated]
    arrivals = [(chance.randint(0, 35), key, 1 << chance.choices(range(len(repeated)), weights)[0]) for key in range(30)]
    entries = [step_entry(Entry(timestamp, key, f"{key}", str(steps))) for timestamp, key, steps in arrivals]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(held_entries, "SPARE", -(10**6))
        patch.setattr(held_entries, "SPARE_AT_A_START", -(10**6))
        count_all(rule, entries, {chance.randint(0, 30)} if chance.random() < 0.3 else set(), True)


class Everything(Memory):
    """What is stored of all entries, whether they are held or not."""

    def __init__(self, entries):
        super().__init__()
        self._entries = entries

    def note(self, entry):
        pass


@pytest.mark.parametrize("spare", [-(10**6), 0, held_entries.SPARE], ids=["idle ones are never held", "a few", "as it is"])
@settings(max_examples=800)
@given(
    st.one_of(st.tuples(rules, arrivals), st.tuples(sequences, steps)),
    st.randoms(use_true_random=False),
    st.sets(st.integers(0, 30), max_size=3),
    st.booleans(),
)
@example((rule(1, 10), [(0, None), (20, None), (10, None)]), None, set(), False)
def test_the_runs_do_not_depend_on_the_order_of_arrival(spare, given, random, restarts, stored):
    rule, arrivals = given
    entries = [Entry(timestamp, key, f"{key}", value) for key, (timestamp, value) in enumerate(arrivals)]
    if isinstance(rule, Sequenced):
        entries = [step_entry(one) for one in entries]
    if random is not None:
        random.shuffle(entries)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(held_entries, "SPARE", spare)
        patch.setattr(held_entries, "SPARE_AT_A_START", spare)
        count_all(rule, entries, restarts if stored else set(), stored)


def count_all(rule, entries, restarts, stored):
    kept = []
    runs = Runs(rule, (), Everything(kept) if stored else None)
    alerts = {}
    for number, one in enumerate(entries):
        if number in restarts:
            runs = Runs(rule, [msgspec.structs.replace(entry) for entry in kept], Everything(kept))
        change = runs.add(one, lambda number=number: f"alert-{number}")
        insort(kept, one, key=order_of)
        if change is None:
            continue
        for member in (*change.members, *change.renamed):  # as in the store, where it is another object
            kept[bisect_left(kept, order_of(member), key=order_of)].alert_id = member.alert_id
        assert change.opened == (change.alert_id not in alerts)
        alerts[change.alert_id] = alerts.get(change.alert_id, 0) + change.number + sum(alerts.pop(other) for other in change.joined)
        run = [other for other in kept if runs.alert_of(other) == change.alert_id]
        assert one in run
        assert {other.key for other in change.members} <= {other.key for other in run}
        assert (change.first, change.last) == (min(other.timestamp for other in run), max(other.timestamp for other in run))
        assert change.count == len(run) == alerts[change.alert_id]
    expected = expected_runs(entries, rule)
    assert found_runs(entries, runs) == expected
    assert len(alerts) == len(expected)


@settings(max_examples=200)
@given(rules, arrivals, st.randoms(use_true_random=False))
def test_the_earliest_alert_of_a_run_stays(rule, arrivals, random):
    entries = [Entry(timestamp, key, f"{key}", value) for key, (timestamp, value) in enumerate(arrivals)]
    random.shuffle(entries)
    runs = Runs(rule)
    started = {}
    for number, one in enumerate(entries):
        change = runs.add(one, lambda number=number: f"alert-{number}")
        if change is not None:
            firsts = [started[other] for other in change.joined]
            assert all(started[change.alert_id] < first for first in firsts)
            started[change.alert_id] = min(
                (other.timestamp, other.key) for other in entries[: number + 1] if runs.alert_of(other) == change.alert_id
            )


class TestSubject:
    ACTIVITY = Activity(
        user="Ann@Example.com",
        app="Okta",
        ip_address="192.0.2.7",
        asn=5,
        user_groups=("b", "A"),
        is_impersonated=False,
        raw='{"who": {"arn": "arn:X"}, "groups": ["b", "A"], "empty": ""}',
    )

    @pytest.mark.parametrize(
        ("by", "single_app", "expected"),
        [
            ("user", False, "ann@example.com"),
            ("asn", False, "5"),
            ("is_impersonated", False, "false"),
            ("[user, ip_address]", False, '["ann@example.com", "192.0.2.7"]'),
            ("user", True, '["ann@example.com", "okta"]'),
            ("user_groups", False, '["a", "b"]'),
            ("city", False, None),
            ("[user, city]", False, None),
            ("raw.who.arn", False, "arn:x"),
            ("raw.groups", False, '["a", "b"]'),
            ("raw.empty", False, None),
            ("raw.nobody", False, None),
        ],
    )
    def test_by(self, by, single_app, expected):
        assert subject(counting(by, single_app), self.ACTIVITY, RawReader()) == expected

    def test_an_unknown_app_is_an_app_of_its_own(self):
        assert subject(counting("user", True), Activity(user="a@b.com"), RawReader()) == '["a@b.com", null]'

    @pytest.mark.parametrize("by", ["user", "user_id", "[user, country]", "[country, user_id]"])
    @pytest.mark.parametrize("single_app", [False, True])
    def test_two_tenants_bobs_are_two(self, by, single_app):
        def of(**fields):
            return subject(counting(by, single_app), Activity(**{"country": "NO", "app": "AWS"} | fields), RawReader())

        bobs = [of(user="bob", user_id="1001", app_instance=instance) for instance in ("1", "2", None)]
        bobs += [of(user="bob", user_id="1001", app=app) for app in ("GitHub", None)]
        assert len({*bobs}) == 5
        assert of(user="BOB", user_id="1001", app_instance="a", app="aws") == of(user="bob", user_id="1001", app_instance="A")

    @pytest.mark.parametrize(
        "user", ["ANN@example.com", "ann@example.com.", "a\u200bnn@example.com", "ann_example.com#EXT#@x.onmicrosoft.com"]
    )
    def test_an_address_is_one_person_in_all_apps(self, user):
        match = counting("user")
        assert subject(match, Activity(user=user, app="AWS", app_instance="1"), RawReader()) == "ann@example.com"
        assert different("user", Activity(user=user, app="Okta"), RawReader()) == "ann@example.com"

    def test_an_objects_id_is_one_in_all_apps(self):
        one, other = "6CDF381D-5eef-4ab2-be3d-07780fcc4b5d", "6cdf381d-5eef-4ab2-be3d-07780fcc4b5d"
        match = counting("user_id")
        assert subject(match, Activity(user_id=one, app="x"), RawReader()) == subject(match, Activity(user_id=other, app="y"), RawReader())

    def test_no_value_can_pass_for_two(self):
        match = counting("[user, city]")
        one = subject(match, Activity(user='a", "b', city="c"), RawReader())
        other = subject(match, Activity(user="a", city='b", "c'), RawReader())
        assert one != other


def counting(by, single_app=False):
    text = (
        f"name: x\nfilters: {{user: {{isset: true}}}}\nmatch: {{repeated: 2, within: 1m, by: {by}, single_app: {str(single_app).lower()}}}"
    )
    return load_file(Path("x.yaml"), None, text).match


@pytest.mark.parametrize(("value", "expected"), [("ÄB", "äb"), (None, None), ((), None), (1.5, "1.5"), (True, "true")])
def test_a_value_as_text(value, expected):
    assert folded(value) == expected


def test_an_entry_can_be_stored():
    one = Entry(1, 2, "x", "v", "a")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=Entry) == one
