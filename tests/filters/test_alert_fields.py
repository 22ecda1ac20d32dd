"""Filters of alerts, in the words of rule files."""

import pytest
from msgspec.structs import replace

from casbd.filters.alert_fields import ALERT_FIELDS
from casbd.filters.compile import compile_alert_filter
from casbd.filters.tree import AllOf, Condition, NoneOf
from casbd.model.activity import FIELDS
from casbd.model.alert import Alert

ALERT = Alert(
    alert_id="0" * 32,
    policy_id="burst",
    policy_name="Burst",
    policy_type="repeated_activity",
    severity="high",
    category="threat_detection",
    title="Many failed log ons",
    user="eva@contoso.com",
    ip_address="203.0.113.7",
    activity_count=12,
    tags=("t1110", "Night"),
    created=1000,
)


def test_every_field_is_an_alerts_and_one_that_activities_have_too_is_of_the_same_kind():
    assert ALERT_FIELDS.keys() <= set(Alert.__struct_fields__)
    common = ALERT_FIELDS.keys() & FIELDS.keys()
    assert {"user", "app", "country"} <= common
    assert all(ALERT_FIELDS[name].kind == FIELDS[name].kind and ALERT_FIELDS[name].values == FIELDS[name].values for name in common)


@pytest.mark.parametrize(
    ("field", "operator", "value", "other"),
    [
        ("severity", "eq", "HIGH", "low"),
        ("user", "endswith", "@contoso.com", "@fabrikam.com"),
        ("ip_address", "cidr", "203.0.113.0/24", "10.0.0.0/8"),
        ("activity_count", "gte", 12, 13),
        ("tags", "eq", "night", "day"),
        ("title", "contains", "failed", "fail"),
        ("created", "lte", 1000, 999),
        ("country", "isset", None, None),
    ],
)
def test_they_mean_what_they_mean_of_activities(field, operator, value, other):
    def meets(wanted, alert=ALERT):
        return compile_alert_filter(Condition(field, operator, () if wanted is None else (wanted,)), now=lambda: 0)(alert)

    if operator == "isset":
        assert not meets(value)
        assert meets(value, replace(ALERT, country="NO"))
    else:
        assert meets(value)
        assert not meets(other)


def test_groups_hold_together():
    both = AllOf((Condition("severity", "eq", ("high",)), NoneOf((Condition("category", "eq", ("system",)),))))
    meets = compile_alert_filter(both, now=lambda: 0)
    assert meets(ALERT)
    assert not meets(replace(ALERT, category="system"))
