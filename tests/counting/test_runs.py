"""Runs are those of the definition, whatever the order of arrival and whenever the state was read back from the store."""

import itertools
import random
from bisect import bisect_left, insort

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from casbd.counting import held_entries
from casbd.counting.archive import Memory, order_of
from casbd.counting.repeated import Repeated
from casbd.counting.runs import Runs
from casbd.counting.sequenced import Sequenced
from casbd.counting.steps import step_entry
from casbd.model.counted import Entry
from tests.counting.counted import Counted, Stepped, rule, sequence

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
        for member in (*change.members, *change.renamed):  # as in the store
            kept[bisect_left(kept, order_of(member), key=order_of)] = member
        assert change.opened == (change.alert_id not in alerts)
        alerts[change.alert_id] = alerts.get(change.alert_id, 0) + change.number + sum(alerts.pop(other) for other in change.joined)
        run = [other for other in kept if runs.alert_of(other) == change.alert_id]
        assert one.key in {other.key for other in run}
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
