"""The JSON Schema of rule files agrees with what is loaded: no good rule is underlined, and most mistakes are."""

from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from casbd.errors import Mistakes
from casbd.filters.operators import OPERATORS
from casbd.model.activity import FIELDS
from casbd.policies.loading import load
from casbd.policies.schema import schema

RULES = Path(__file__).parents[2] / "rules"
VALIDATOR = jsonschema.Draft202012Validator(schema())
GOOD = "name: x\nfilters: {country: {eq: [NO, SE]}}\n"


def parsed(text: str):
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    return yaml.load(text)


def underlined(text: str) -> bool:
    return not VALIDATOR.is_valid(parsed(text))


def test_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", sorted(RULES.glob("**/*.yaml")), ids=lambda path: path.stem)
def test_the_shipped_rules_are_good(path):
    assert [error.message for error in VALIDATOR.iter_errors(parsed(path.read_text()))] == []


@pytest.mark.parametrize(
    "more",
    [
        "match: {repeated: 3, within: 5m}",
        "match: {sequence: [{raw.P: {element: [{a: {eq: x}}, {any_of: [{.: {gt: 5}}]}]}}, {raw.Q: {nelement: {b: {eq: y}}}}], within: 1d}",
        "match: {repeated: 3, within: 5m, by: [user, ip_address], unique: object_id, single_app: true}",
        "match: {repeated: 3, within: 5m, unique: activity_id}",
        "alert: {daily_limit: 3, email: [a@b.c]}",
        "governance: [{action: suspend_user, connector: entra}]",
        "governance: [{action: page_the_boss, connector: own}]",
        "tests: [{name: a, activities: [{user: a, repeat: 3, every: 5s, at: 1m}], alerts: 0}]",
        "tests: [{name: a, activities: [{format: m365, raw: {Id: 1}}], alerts: [{user: a}]}]",
    ],
)
def test_all_keys_are_known(more):
    assert not underlined(GOOD + more)


@pytest.mark.parametrize(
    "text",
    [
        "filters: {country: {eq: NO}}",
        "name: x",
        GOOD + "severity: hihg",
        GOOD + "naem: x",
        GOOD + "match: {repeated: 0, within: 5m}",
        GOOD + "match: {repeated: 3, within: 5 minutes}",
        GOOD + "match: {repeated: 3, within: 5m, by: usr}",
        "name: x\nfilters: {contry: {eq: NO}}",
        "name: x\nfilters: {country: NO}",
        "name: x\nfilters: {country: {gt: NO}}",
        "name: x\nfilters: {device_type: {eq: Phone}}",
        "name: x\nfilters: {is_admin_operation: {eq: yes}}",
        "name: x\nfilters: {any_of: []}",
        "name: x\nfilters: {raw.a: {isset: 1}}",
        "name: x\nfilters: {raw.a: {element: {}}}",
        "name: x\nfilters: {raw.a: {element: x}}",
        "name: x\nfilters: {raw.a: {nelement: {Name: {eqq: x}}}}",
        "name: x\nfilters: {raw.a: {element: {Name: {element: {x: y}}}}}",
        GOOD + "governance: [{action: Suspend-User, connector: entra}]",
        GOOD + "alert: {evidence: [user]}",
        GOOD + f"alert: {{title: {'x' * 1001}}}",
        GOOD + "tests: [{name: a, activities: [{usr: a}], alerts: 0}]",
    ],
)
def test_mistakes_are_underlined(text):
    assert underlined(text)


TEXTS = ["NO", "x", "", "pc", "SUCCESS", "high", "2026-01-01", "10.0.0.0/8"]
VALUES = [*TEXTS, 7.0, 5, 0.5, True, [1, 2], ["a", "b"], [[1, 2]], ["2026-01-01", "2026-01-02"]]


@settings(max_examples=400)
@given(st.sampled_from([*FIELDS, "raw.a.b"]), st.sampled_from([*OPERATORS]), st.sampled_from(VALUES))
def test_what_loads_is_not_underlined(tmp_path_factory, field, operator, value):
    directory = tmp_path_factory.mktemp("rules")
    rule = {"name": "x", "filters": {field: {operator: value}}}
    with (directory / "x.yaml").open("w") as file:
        YAML(typ="safe").dump(rule, file)
    try:
        load([directory])
    except Mistakes:
        return
    assert VALIDATOR.is_valid(rule), (rule, [error.message for error in VALIDATOR.iter_errors(rule)])
