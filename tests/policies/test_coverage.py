"""What policies cover of ATT&CK, where their records are there."""

import pytest
from builders import load_rules

from casbd.policies.coverage import Share, coverage, shares, standing, unknown

RULES = {
    "okta-one": {"filters": {"source": {"eq": "okta"}}, "tags": ["attack.t1078.004", "attack.t1110.003"]},
    "box-one": {"filters": {"source": {"eq": "box"}}, "tags": ["attack.t1078.004", "attack.t1567"]},
    "off": {"filters": {"source": {"eq": "okta"}}, "tags": ["attack.t1526"], "enabled": False},
    "tried": {"filters": {"source": {"eq": "okta"}}, "tags": ["attack.t1538"], "mode": "simulate"},
    "dear": {"filters": {"source": {"eq": "okta"}}, "tags": ["attack.t1621"]},
    "poor": {"filters": {"source": {"eq": "okta"}}, "tags": ["attack.t1539"]},
    "misspelt": {"filters": {"source": {"eq": "okta"}}, "tags": ["attack.t9999"]},
    "windows": {"filters": {"source": {"eq": "okta"}}, "tags": ["attack.t1558.003"]},
}


@pytest.fixture
def standings(tmp_path):
    return [
        standing(policy, {"okta"}, ["a city file"] if policy.id == "poor" else [], aside=policy.id == "dear")
        for policy in load_rules(tmp_path, RULES)
    ]


def test_states(standings):
    found = {one.technique.id: one for one in coverage(standings)}
    states = {name: found[name].state for name in ("T1078.004", "T1078", "T1567", "T1526", "T1538", "T1621", "T1539", "T1528", "T1110.002")}
    assert states == {
        "T1078.004": "covered",
        "T1078": "partly",
        "T1567": "no records",
        "T1526": "disabled",
        "T1538": "simulated",
        "T1621": "set aside",
        "T1539": "partly",
        "T1528": "not covered",
        "T1110.002": "not in audit records",
    }
    assert [(one.policy.id, one.state, one.needs) for one in found["T1078.004"].standings] == [
        ("okta-one", "covered", ()),
        ("box-one", "no records", ("records of box",)),
    ]
    assert found["T1539"].standings[0].needs == ("a city file",)


def test_other_matrices_are_listed_where_a_policy_names_them(standings):
    found = {one.technique.id for one in coverage(standings)}
    assert "T1558.003" in found
    assert "T1558.001" not in found
    assert {one.technique.id for one in coverage(standings, ["Office Suite"])} >= {"T1114.003", "T1078.004"}
    assert not {one.technique.id for one in coverage(standings, ["Office Suite"])} & {"T1558.003", "T1578.002"}


def test_what_attack_does_not_have_is_told(standings):
    assert unknown([one.policy for one in standings]) == {"T9999": ["misspelt"]}
    assert "T9999" not in {one.technique.id for one in coverage(standings)}


def test_shares_count_what_audit_records_can_show(standings):
    of_collection = next(share for share in shares(coverage(standings)) if share.tactic == "collection")
    assert of_collection == Share("collection", 0, 13)
    assert next(share for share in shares(coverage(standings)) if share.tactic == "initial-access").watched == 2
