"""Generated filters and activities: the compiled predicate, the index and the obvious evaluation agree."""

import msgspec
import naive
from generated import activities, conditions, nodes
from hypothesis import given, settings
from hypothesis import strategies as st

from casbd.filters.compile import compile_filter
from casbd.filters.tree import AllOf, AnyOf, Condition, NoneOf
from casbd.policies.matcher import Matcher
from casbd.policies.policy import Policy


def compiled(node):
    return compile_filter(node, now=lambda: naive.NOW)


@settings(max_examples=300)
@given(nodes, st.lists(activities, min_size=1, max_size=4))
def test_the_predicate_says_what_the_obvious_evaluation_says(node, some):
    predicate = compiled(node)
    assert [predicate(activity) for activity in some + some] == [naive.holds(node, activity) for activity in some] * 2


@settings(max_examples=200)
@given(conditions, activities)
def test_a_negative_operator_is_the_complement_of_its_positive(condition, activity):
    other = msgspec.structs.replace(condition, negated=not condition.negated)
    assert compiled(condition)(activity) != compiled(other)(activity)


@settings(max_examples=120)
@given(st.lists(nodes, max_size=7), st.lists(activities, min_size=1, max_size=3))
def test_the_index_finds_what_asking_every_policy_finds(filters, some):
    policies = [Policy(id=f"p{9 - number}", name="", filters=node, enabled=number % 5 != 4) for number, node in enumerate(filters)]
    matcher = Matcher(policies, now=lambda: naive.NOW)
    for activity in some + some:
        expected = sorted(policy.id for policy in policies if policy.enabled and naive.holds(policy.filters, activity))
        assert [policy.id for policy in matcher.match(activity)] == expected


@given(nodes)
def test_the_tree_is_plain_data(node):
    assert msgspec.json.decode(msgspec.json.encode(node), type=Condition | AllOf | AnyOf | NoneOf) == node
    assert hash(node) == hash(msgspec.structs.replace(node))
