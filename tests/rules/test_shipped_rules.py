"""The policies that ship with casbd: each one's own examples, and what holds of all of them."""

from pathlib import Path

import pytest

from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.policies import Matcher, Policy, load
from casbd.policies.examples import activities
from casbd.policies.policy import Example
from casbd.policies.repeated import Runs, folded, subject

RULES = Path(__file__).parents[2] / "rules"
POLICIES = load([RULES], connectors=())


def raised(policy: Policy, given: list[Activity]) -> int:
    """How many alerts these activities are."""
    matcher = Matcher([policy])
    matched = [activity for activity in given if matcher.match(activity)]
    if policy.match is None:
        return len(matched)
    runs: dict[str, Runs] = {}
    alerts = 0
    for number, activity in enumerate(matched):
        who = subject(policy, activity)
        if who is None:
            continue
        value = folded(getattr(activity, policy.match.unique)) if policy.match.unique else None
        entry = Entry(activity.timestamp, number, activity.activity_id, value)
        change = runs.setdefault(who, Runs(policy.match)).add(entry, lambda number=number: str(number))
        if change is not None:
            alerts += change.opened - len(change.joined)
    return alerts


@pytest.mark.parametrize(
    ("policy", "example"),
    [pytest.param(policy, example, id=f"{policy.id}: {example.name}") for policy in POLICIES for example in policy.tests],
)
def test_a_policys_own_examples(policy: Policy, example: Example):
    assert raised(policy, [activity for activity, _ in activities(example) if activity is not None]) == example.alerts


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.id)
class TestEveryPolicy:
    def test_has_an_example_that_alerts_and_one_that_does_not(self, policy):
        assert any(example.alerts for example in policy.tests)
        assert any(not example.alerts for example in policy.tests)

    def test_tells_an_analyst_what_it_is_about(self, policy):
        assert len(policy.description) > 40
        assert policy.category is not None
        assert policy.references
        assert any(tag.startswith("attack.t") for tag in policy.tags)

    def test_does_nothing_to_anybody(self, policy):
        assert policy.governance == ()

    def test_no_two_have_the_same_name(self, policy):
        assert [other.id for other in POLICIES if other.name == policy.name] == [policy.id]
