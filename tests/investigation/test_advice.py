"""How to judge each kind of alert."""

from pathlib import Path
from typing import get_args

import pytest

from casbd.investigation import advice
from casbd.model.alert import SYSTEM, Category


def test_every_shipped_policy_has_its_own():
    shipped = {path.stem for path in (Path(__file__).parents[2] / "rules").glob("*.yaml")}
    assert shipped
    assert {name for name in shipped if not advice.advice_for(name, None).policies} == set()


def test_no_policy_has_two_and_every_category_has_one():
    policies = [name for one in advice.every() for name in one.policies]
    assert len(policies) == len(set(policies))
    assert [one.category for one in advice.every() if not one.policies] == [
        *("threat_detection", "access_control", "privileged_accounts", "sharing_control", "dlp", "configuration_control", "compliance"),
        *("cloud_discovery", SYSTEM, None),
    ]
    assert {*get_args(Category)} < {one.category for one in advice.every()}


@pytest.mark.parametrize("one", advice.every(), ids=lambda one: one.policies[0] if one.policies else str(one.category))
def test_an_entry_says_everything(one):
    assert all((one.true_positive, one.benign, one.false_positive, one.look, one.act))
    assert one.source.startswith("https://learn.microsoft.com/defender-cloud-apps/")


@pytest.mark.parametrize(
    ("policy", "category", "source"),
    [
        ("Suspicious-Inbox-Forwarding", "dlp", "forward"),
        ("own", "dlp", "Protected data"),
        ("own", "new category", "did not do it"),
        ("own", None, "did not"),
    ],
)
def test_the_policy_comes_before_its_category(policy, category, source):
    assert source in str(advice.advice_for(policy, category))
