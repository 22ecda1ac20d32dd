"""A rule file made from a search means what the search did."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.filters.condition_text import parse_condition, parse_conditions
from casbd.filters.tree import AllOf
from casbd.policies.loading import load_file
from casbd.policies.new_rule import rule_text

FILTERS = [
    "user eq a@b.c", "country neq NO,SE", "user neq root", "user neq admin", "object_name ncontains salary", "user_agent matches curl/.*",
    "ip_address ncidr 10.0.0.0/8", "city isset true", "isp isset false", "asn range 1,5", "timestamp gt 2026-01-01T00:00:00Z",
    "timestamp within_days 3", "is_admin_operation eq true", "raw.Parameters.ForwardTo isset true", 'raw."a.b"[0] eq "x, y"', "asn gt 5",
    "raw.P element {Name: {eq: a}, Value: {nmatches: [b, '\\w\"']}}",
    "raw.P nelement {any_of: [{a.b: {gt: 5}}, {.: {element: {x: {isset: false}}}}]}",
]  # fmt: skip


def conditions(node):
    return {one for child in node.nodes for one in conditions(child)} if isinstance(node, AllOf) else {node}


@given(st.lists(st.sampled_from(FILTERS), min_size=1, max_size=6, unique=True))
def test_means_what_the_search_did(filters):
    policy = load_file(Path("made.yaml"), text=rule_text("made", filters))
    assert conditions(policy.filters) == {parse_condition(text) for text in filters}
    assert (policy.mode, policy.match) == ("simulate", None)


@given(st.lists(st.sampled_from(FILTERS), max_size=4, unique=True), st.sampled_from(["object", "any", "actor"]))
def test_whom_it_is_about_too(filters, role):
    filters = ["user eq her", *filters, f"user_role eq {role}"]
    policy = load_file(Path("made.yaml"), text=rule_text("made", filters))
    assert conditions(policy.filters) == {*parse_conditions(filters)}


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_whatever_text_is_looked_for_stays_text(text):
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    policy = load_file(Path("made.yaml"), text=rule_text("made", [f"object_name eq {quoted}"]))
    assert policy.filters == parse_condition(f"object_name eq {quoted}")


def test_is_readable():
    text = rule_text("log-ons-from-afar", ["country neq NO,SE", "activity_type eq Log on"])
    assert text.startswith('# Made by `casbd policies new` from a search:\n#   --filter "country neq NO,SE"\n')
    assert 'name: "Log ons from afar"\n' in text
    assert 'filters:\n  country: {neq: ["NO", "SE"]}\n  activity_type: {eq: "Log on"}\n' in text


def test_a_wrong_filter_is_told():
    with pytest.raises(ValueError, match="unknown field `usr`"):
        rule_text("x", ["usr eq a"])
