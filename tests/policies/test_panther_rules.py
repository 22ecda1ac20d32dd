"""Other people's rules and their verdicts: each turned mechanically into a rule file over `raw.` paths, all loaded at once."""

import json
from pathlib import Path

import pytest

from casbd.model.activity import Activity
from casbd.policies.loading import load
from casbd.policies.matcher import Matcher
from casbd.wire.json_lines import line

RULES = [json.loads(text) for text in (Path(__file__).parent / "panther/rules.jsonl").read_text().splitlines()]
OTHERWISE = {
    # the engine compares "true" with the JSON value true, and finds them different; casbd compares by the JSON text
    ("Teleport.LocalUserLoginWithoutMFA", "User logged in without MFA"),
}


def translated(node):
    """A rule's condition as `filters:`. None: it always holds."""
    if "not" in node:
        inner = translated(node["not"])
        return None if inner is NEVER else {"none_of": [inner]}
    for key, group in (("and", "all_of"), ("or", "any_of")):
        if key in node:
            nodes = [translated(child) for child in node[key]]
            return {group: [one for one in nodes if one is not None]}
    return condition(f"raw.{node['field']}", node["op"], node.get("value"))


NEVER = {"activity_type": {"isset": True, "eq": "never"}}


def condition(path, operator, value):
    match operator, value:
        case "truthy", _:
            return {path: {"isset": True, "neq": ["false", "0"]}}
        case "eq", None:
            return {path: {"isset": False}}
        case "in", []:
            return NEVER
        case (("eq" | "in"), _):
            return {path: {"eq": value}}
        case "contains", _:
            return {path: {"substring": value}}
    return {path: {operator: value}}


@pytest.fixture(scope="module")
def matcher(tmp_path_factory):
    directory = tmp_path_factory.mktemp("rules")
    for rule in RULES:
        text = line({"name": rule["rule_id"], "filters": translated(rule["filter"])})  # JSON is YAML
        (directory / f"{rule['rule_id']}.yaml").write_bytes(text)
    return Matcher(load([directory]))


@pytest.mark.parametrize("rule", RULES, ids=[rule["rule_id"] for rule in RULES])
def test_a_rule_gives_the_verdicts_of_its_own_engine(matcher, rule):
    got = {test["name"]: rule["rule_id"] in met(matcher, test["log"]) for test in rule["tests"]}
    expected = {test["name"]: test["expected"] != ((rule["rule_id"], test["name"]) in OTHERWISE) for test in rule["tests"]}
    assert got == expected


def met(matcher, record):
    return {policy.id for policy in matcher.match(Activity(raw=json.dumps(record)))}
