"""The policies that ship with casbd: each one's own examples, and what holds of all of them."""

from pathlib import Path

import pytest

from casbd.backtest import trial
from casbd.documents import Document
from casbd.filters.tree import conditions
from casbd.formats._activity_table import DATA
from casbd.model.activity import Activity
from casbd.plugins import Options, registry
from casbd.policies import attack
from casbd.policies.fitting import asked, by_conditions, formats_of, shown_in, vocabularies
from casbd.policies.loading import load, load_file
from casbd.policies.policy import Example, Policy
from casbd.policies.templates import text_of
from casbd.records.finished import finish

RULES = Path(__file__).parents[2] / "rules"
POLICIES = load([RULES], connectors=())


def activity_types():
    """Every canonical activity type that the tables of the formats have."""
    for path in DATA.glob("*_activities.yaml"):
        data = Document(path).data
        for table in (data, *data.get("workloads", {}).values(), *data.get("activities", {}).values()):
            if isinstance(table, dict):
                yield from table.get("activities", table if table is not data else {})


KNOWN = {*activity_types(), "Failed log on", "Security alert"}


def read(form: str, raw: str) -> list[Activity]:
    """A vendor's record, as the stream reads it."""
    activities = [*registry.load("formats", form)(Options()).parse(raw.encode())]
    for activity in activities:
        finish(activity, raw.encode(), raw)
        activity.source = form
    return activities


@pytest.mark.parametrize(
    ("policy", "example"),
    [pytest.param(policy, example, id=f"{policy.id}: {example.name}") for policy in POLICIES for example in policy.tests],
)
def test_a_policys_own_examples(policy: Policy, example: Example):
    outcome = trial.run(policy, example, read)
    assert outcome.got == outcome.expected


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.id)
class TestEveryPolicy:
    def test_has_an_example_that_alerts_and_one_that_does_not(self, policy):
        if policy.match is not None and policy.match.kind == "priority":
            pytest.skip("it is about alerts of other policies: tests/pipeline/test_rises.py")
        assert any(example.alerts for example in policy.tests)
        assert any(not example.alerts for example in policy.tests)

    def test_tells_an_analyst_what_it_is_about(self, policy):
        assert len(policy.description) > 40
        assert policy.category is not None
        assert policy.references
        assert any(tag.startswith("attack.t") for tag in policy.tags)

    def test_can_be_made_into_ones_own(self, policy):
        text = text_of(policy, "ours")
        assert load_file(Path("ours.yaml"), text=text).template == policy.id

    def test_asks_for_activity_types_that_some_format_gives(self, policy):
        asked = {value for c in conditions(policy.filters) if c.field == "activity_type" and c.operator == "eq" for value in c.values}
        assert asked <= KNOWN

    def test_asks_for_formats_that_there_are(self, policy):
        asked = {value for c in conditions(policy.filters) if c.field == "source" and c.operator == "eq" for value in c.values}
        assert asked <= set(registry.names("formats"))

    def test_makes_one_alert_of_what_comes_in_a_burst(self, policy):
        data = Document(policy.path).data
        assert "match" in data or "each" in data["alert"]

    def test_does_nothing_to_anybody(self, policy):
        assert policy.governance == ()

    def test_no_two_have_the_same_name(self, policy):
        assert [other.id for other in POLICIES if other.name == policy.name] == [policy.id]

    def test_names_techniques_that_attack_has(self, policy):
        assert set(attack.named(policy.tags)) <= attack.techniques().keys()

    def test_shows_the_formats_that_can_give_a_vendors_own_words(self, policy):
        """Else nobody knows which techniques are covered by which records (`casbd policies coverage`)."""
        if policy.match is not None and policy.match.kind == "priority":
            pytest.skip("it is about alerts of other policies")
        assert formats_of(policy)
        if formats_of(policy) != by_conditions(policy):
            assert all(shown_in(example) for example in policy.tests if example.alerts)
        own = any(condition.field in ("action_type", "raw") for condition in asked(policy.whole_filter()))
        assert not own or len(formats_of(policy)) < len(vocabularies()) / 2
