"""`exceptions.yaml`: what a policy leaves alone, until when, and that nothing else changes."""

import pytest
from builders import NOON, load_rules

from casbd.model.activity import Activity
from casbd.policies.loading import load
from casbd.policies.matcher import Matcher

FAILED = {"activity_type": "Failed log on", "timestamp": NOON}
DAY = 86_400_000


@pytest.fixture
def rules(tmp_path):
    """Two policies on failed log ons, and exceptions."""

    def rules(exceptions=""):
        load_rules(tmp_path, {"one": {}, "two": {"match": {"repeated": 3, "within": "5m"}}})
        (tmp_path / "exceptions.yaml").write_text(f"exceptions: [{exceptions}]\n")
        return load([tmp_path])

    return rules


def met(policies, **fields):
    return [policy.id for policy in Matcher(policies, now=lambda: NOON).match(Activity(**FAILED | fields))]


def test_an_exception_is_of_the_policies_it_names(rules):
    found = rules("{policy: one, filters: {user: {eq: Backup}}, reason: nightly, expires: never}")
    assert met(found, user="backup") == ["two"]
    assert met(found, user="a") == ["one", "two"]
    assert met(rules("{policy: [one, two], filters: {user: {eq: Backup}}, reason: nightly, expires: never}"), user="backup") == []


def test_the_time_of_the_activity_decides_whether_it_has_expired(rules):
    found = rules("{policy: one, filters: {user: {eq: backup}}, reason: nightly, expires: 2026-01-02}")
    assert met(found, user="backup") == ["two"]
    assert met(found, user="backup", timestamp=NOON + DAY // 2 - 1) == ["two"]
    assert met(found, user="backup", timestamp=NOON + DAY // 2) == ["one", "two"]


def test_all_filters_of_an_exception_must_hold_and_any_of_several_exceptions_may(rules):
    found = rules(
        "{policy: one, filters: {user: {eq: a}, ip_address: {cidr: 10.0.0.0/8}}, reason: x, expires: never},"
        "{policy: one, filters: {app: {eq: Okta}}, reason: y, expires: never}"
    )
    assert met(found, user="a") == ["one", "two"]
    assert met(found, user="a", ip_address="10.1.2.3") == ["two"]
    assert met(found, user="b", app="okta") == ["two"]


def test_a_policy_goes_on_counting_when_an_exception_is_added(rules):
    before = {policy.id: policy.digest for policy in rules()}
    after = {policy.id: policy.digest for policy in rules("{policy: two, filters: {user: {eq: a}}, reason: x, expires: never}")}
    assert before == after


def test_exceptions_may_lie_below_the_directory_of_rules_and_directories_may_overlap(rules, tmp_path):
    rules()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "exceptions.yaml").write_text("exceptions: [{policy: one, filters: {user: {eq: a}}, reason: x, expires: never}]\n")
    for directories in ([tmp_path], [tmp_path, tmp_path / "sub"], [tmp_path / "sub", tmp_path]):
        found = load(directories)
        assert met(found, user="a") == ["two"]
        assert [len(policy.exemptions) for policy in found] == [1, 0]
