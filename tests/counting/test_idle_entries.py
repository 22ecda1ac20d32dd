"""A flood of one subject is a few entries that are held, whatever the order, and looked at entry by entry in bounded time."""

import random

import pytest

from casbd.counting import held_entries, runs
from casbd.counting.archive import Memory
from casbd.counting.match import Step
from casbd.counting.repeated import Repeated
from casbd.counting.runs import Runs
from casbd.counting.sequenced import Sequenced
from casbd.counting.steps import step_entry
from casbd.filters.tree import AllOf
from casbd.model.counted import Entry

HOUR = 3_600_000
NUMBER = 4000


def steps(*numbers, any_order=False):
    return Sequenced(steps=tuple(Step(filters=AllOf(()), repeated=number) for number in numbers), within=HOUR, any_order=any_order)


RULES = {
    "number": Repeated(repeated=10, within=HOUR // 6),
    "a thousand": Repeated(repeated=600, within=HOUR),
    "different values": Repeated(repeated=10, within=HOUR, unique="user"),
    "sequence": steps(10, 1),
    "sequence of three": steps(2, 1, 1),
    "any order": steps(10, 1, any_order=True),
}
VALUES = {
    "all alike": lambda number: "1",
    "two kinds": lambda number: str(1 + number % 2),
    "all kinds": lambda number: str((number * 7) % 50) if number % 3 else "1",
    "ever new": str,
}
KINDS = {"sequence": ("all alike", "two kinds"), "sequence of three": ("all alike", "two kinds"), "any order": ("all alike", "two kinds")}
ORDERS = {
    "in order": lambda entries: entries,
    "newest first": lambda entries: entries[::-1],
    "shuffled": lambda entries: random.Random(3).sample(entries, len(entries)),
}
CASES = [(rule, kind, order) for rule in RULES for kind in KINDS.get(rule, VALUES) for order in ORDERS]


def flood(rule, kind, seconds):
    chance = random.Random(2)
    entries = [Entry(number * seconds // NUMBER, chance.getrandbits(48), f"{number}", VALUES[kind](number)) for number in range(NUMBER)]
    return [step_entry(one) for one in entries] if isinstance(rule, Sequenced) else entries


@pytest.mark.parametrize("span", [HOUR // 2, 0], ids=["half an hour", "one moment"])
@pytest.mark.parametrize(("rule", "kind", "order"), CASES)
def test_few_are_held_of_a_flood(rule, kind, order, span, monkeypatch):
    monkeypatch.setattr(held_entries, "HELD_IN_ORDER", 0)
    counted = Runs(RULES[rule])
    alerts, number, most = set(), 0, 0
    for one in ORDERS[order](flood(RULES[rule], kind, span)):
        change = counted.add(one, lambda: "alert")
        most = max(most, len(counted))
        if change is not None:
            alerts.add(change.alert_id)
            number += change.number
    needed = RULES[rule].repeated if isinstance(RULES[rule], Repeated) else sum(step.repeated for step in RULES[rule].steps)
    assert most <= 2 * 4 * 4 * needed + held_entries.SPARE, "what is left of it, twice"
    assert counted.counted == NUMBER
    assert number in (0, NUMBER)


@pytest.mark.parametrize("rule", ["number", "different values", "sequence"])
def test_what_was_read_back_is_held_as_sparingly(rule, monkeypatch):
    monkeypatch.setattr(held_entries, "SPARE_AT_A_START", 100)
    monkeypatch.setattr(held_entries, "HELD_IN_ORDER", 0)
    entries = sorted(flood(RULES[rule], "all alike", HOUR // 2), key=lambda one: (one.timestamp, one.key))
    assert len(Runs(RULES[rule], entries)) < 300


@pytest.mark.parametrize("order", ORDERS)
def test_of_a_sequence_in_order_so_many_are_held_whatever_they_are(order):
    counted, most = Runs(RULES["sequence"]), 0
    for number, one in enumerate(ORDERS[order](flood(RULES["sequence"], "two kinds", HOUR // 2)), 1):
        counted.add(one, lambda: "alert")
        most = max(most, len(counted))
        assert number > held_entries.HELD_IN_ORDER or len(counted) == number
    assert most <= held_entries.HELD_IN_ORDER + 1


def test_the_members_of_a_late_claim_are_bounded_and_all_are_counted():
    counted = Runs(steps(1, 1))
    for one in flood(steps(1, 1), "all alike", HOUR // 2):
        assert counted.add(one, lambda: "alert") is None
    change = counted.add(step_entry(Entry(HOUR // 2, 1, "last", "2")), lambda: "alert")
    assert (change.number, len(change.members), change.count) == (NUMBER + 1, runs.MOST_MEMBERS + 1, NUMBER + 1)
    assert [change.members[0].activity_id, change.members[-1].activity_id] == ["0", "last"]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("rule", ["sequence", "sequence of three"])
def test_late_activities_of_a_flood_have_no_neighbours_fetched(rule, order):
    """With the sizes as they are: for each of them the archive was asked, and ten times the CPU of a trickle taken."""

    class Asked(Memory):
        times = 0

        def near(self, order, number):
            self.times += 1
            return super().near(order, number)

    archive = Asked()
    counted = Runs(RULES[rule], (), archive)
    for one in ORDERS[order](flood(RULES[rule], "all alike", HOUR // 2)):
        counted.add(one, lambda: "alert")
    assert counted.counted == NUMBER
    assert archive.times < NUMBER // 20
