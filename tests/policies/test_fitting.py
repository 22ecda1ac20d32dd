"""Of which formats a policy's activities can be."""

import pytest
from builders import load_rules

from casbd.policies.fitting import formats_of, vocabularies

ALL = frozenset(vocabularies())
MAPPED = {"cef", "csv", "json", "mdca"}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"source": {"eq": ["okta", "Box"]}}, {"okta", "box"}),
        ({"source": {"neq": "okta"}}, ALL - {"okta"}),
        ({"app": {"eq": "AWS"}}, MAPPED | {"aws_cloudtrail", "defender_for_identity", "netskope"}),
        ({"app": {"neq": "AWS"}}, ALL),
        ({"activity_type": {"eq": "Share report"}}, MAPPED | {"m365"}),
        ({"activity_type": {"eq": "Log on"}}, ALL),
        ({"action_type": {"eq": "StopLogging"}}, {"aws_cloudtrail"}),
        ({"action_type": {"eq": "Disable Strong Authentication."}}, {"entra", "m365"}),
        ({"action_type": {"eq": "SomethingNew"}}, ALL - MAPPED),
        ({"action_type": {"neq": "StopLogging"}}, ALL),
        ({"raw.a": {"eq": "x"}, "source": {"eq": "gcp"}}, {"gcp"}),
        ({"any_of": [{"source": {"eq": "gcp"}}, {"source": {"eq": "box"}}]}, {"gcp", "box"}),
        ({"none_of": [{"source": {"eq": "gcp"}}]}, ALL),
    ],
)
def test_of_conditions(tmp_path, filters, expected):
    (policy,) = load_rules(tmp_path, {"one": {"filters": filters}})
    assert formats_of(policy) == expected


def test_what_no_table_knows_is_where_the_policys_tests_have_it(tmp_path):
    alerting = {"name": "a", "activities": [{"source": "m365", "action_type": "New-Thing"}], "alerts": 1}
    raw = {"name": "b", "activities": [{"format": "okta", "raw": {"eventType": "New-Thing"}}], "alerts": 1}
    quiet = {"name": "c", "activities": [{"source": "box", "action_type": "New-Thing"}], "alerts": 0}
    (policy,) = load_rules(tmp_path, {"one": {"filters": {"action_type": {"eq": "New-Thing"}}, "tests": [alerting, raw, quiet]}})
    assert formats_of(policy) == {"m365", "okta"}
