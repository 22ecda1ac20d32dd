"""Windows of several policies at once: each counts as it would alone, and the store has of each what it would have of it alone."""

import random
import sqlite3

import pytest

from casbd.counting import runs, windows
from casbd.counting.match import Counting
from casbd.counting.repeated import Repeated
from casbd.counting.windows import Windows
from casbd.model.activity import Activity
from casbd.store import schema
from casbd.store.state import window_entries
from casbd.store.state.window_entries import WindowEntries
from tests.counting.counted import sequence

POLICIES = [
    Counting(name, f"{name}:digest", match)
    for name, match in {
        "three": Repeated(repeated=3, within=10),
        "four": Repeated(repeated=4, within=10),
        "four, longer": Repeated(repeated=4, within=30),
        "each": Repeated(repeated=1, within=5),
        "values": Repeated(repeated=2, within=20, unique="city"),
        "steps": sequence(1, 2, within=25),
        "any order": sequence(1, 1, within=15, any_order=True),
    }.items()
]


class Stored:
    """Windows and their store."""

    def __init__(self):
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        schema.prepare(self.connection)
        self.restart()

    def restart(self):
        self.windows = Windows(self.connection)

    def add(self, policies, number, time, value):
        activity = Activity(timestamp=time, activity_id=f"id {number}")
        changes = self.windows.add(policies, "a", activity, number, value, lambda policy, *_: f"{policy} {number}")
        return dict(changes)

    def save(self):
        self.windows.save(self.connection, 0)
        self.windows.saved()

    def entries(self, policy):
        return [*WindowEntries(self.connection).of((policy.key, "a"))]


@pytest.fixture
def stored():
    opened = []

    def make():
        opened.append(Stored())
        return opened[-1]

    yield make
    for one in opened:
        one.connection.close()


@pytest.mark.parametrize("journal", [0, 40, 10_000])
@pytest.mark.parametrize("seed", range(8))
def test_together_each_counts_as_alone(stored, monkeypatch, seed, journal):
    monkeypatch.setattr(window_entries, "MOST_IN_JOURNAL", journal)
    monkeypatch.setattr(runs, "MOST_MEMBERS", 3)
    repeats = seed % 2  # of what is not in memory it is not seen when it is counted again: so all is, or nothing is repeated
    monkeypatch.setattr(windows, "MOST_SUBJECTS", 100 if repeats else 2 + seed)
    chosen = random.Random(seed)
    together, alone = stored(), {policy.policy_id: stored() for policy in POLICIES}
    sometimes = chosen.sample(POLICIES, 2)
    opened = 0
    for number in range(120):
        time = number * 2 + chosen.choice([0, 0, 0, 1, -15, 20])
        value = chosen.choice(["1", "2", "3"])
        again = repeats and chosen.random() < 0.1  # read once more, when it is known as a repeat no longer
        policies = [policy for policy in POLICIES if policy not in sometimes or number % 7]
        for policy in policies:
            some = alone[policy.policy_id]
            some.expected = some.add([policy], number, time, value), some.add([policy], number, time, value) if again else {}
        expected = [alone[policy.policy_id].expected for policy in policies]
        for place in (0, 1) if again else (0,):
            changes = together.add(policies, number, time, value)
            assert changes == {policy: change for one in expected for policy, change in one[place].items()}
            opened += sum(change.opened for change in changes.values())
        if number % 5 == 0:
            for one in (together, *alone.values()):
                one.save()
                if number % 20 == 0:
                    one.restart()
    assert opened > 20
    together.save()
    for policy in POLICIES:
        alone[policy.policy_id].save()
        assert together.entries(policy) == alone[policy.policy_id].entries(policy)


def test_an_entry_in_the_midst_of_many_that_become_a_run_is_stored_too(stored, monkeypatch):
    """A change lists the first ones and the last one."""
    monkeypatch.setattr(runs, "MOST_MEMBERS", 2)
    one, policy = stored(), Counting("p", "p:1", Repeated(repeated=5, within=10))
    for number, time in enumerate((0, 1, 3, 4, 2)):
        one.add([policy], number, time, None)
    one.save()
    assert [entry.timestamp for entry in one.entries(policy)] == [0, 1, 2, 3, 4]


def test_what_is_counted_again_stays_in_its_run(stored):
    """A repeat that is too old to be known as one."""
    one, policy = stored(), Counting("p", "p:1", Repeated(repeated=2, within=10))
    for number, time in enumerate((0, 1)):
        one.add([policy], number, time, None)
    assert one.add([policy], 0, 0, None) == {}
    one.save()
    assert [entry.alert_id for entry in one.entries(policy)] == ["p 1", "p 1"]


def test_steps_are_stored_in_their_place_beside_what_others_count_of_the_same(stored):
    one, others = stored(), stored()
    repeated, steps = Counting("p", "p:1", Repeated(repeated=9, within=10)), Counting("s", "s:1", sequence(1, 1, 1))
    one.add([repeated, steps], 2**60 + 5, 0, "2")
    one.save()
    others.add([steps], 2**60 + 5, 0, "2")
    others.save()
    assert one.entries(steps) == others.entries(steps)
    assert [entry.key for entry in one.entries(repeated)] == [2**60 + 5] != [entry.key for entry in one.entries(steps)]
