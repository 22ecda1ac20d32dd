import re

import pytest

from casbd.filters.condition_text import parse_condition, parse_conditions
from casbd.filters.tree import AllOf, Condition
from casbd.records.record_path import ITSELF


def inner(name, *values, operator="eq", negated=False, more=None):
    """A condition in a list's element."""
    return Condition("raw", operator, values, negated, (name,) if more is None else (name, more))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user eq a@example.com", Condition("user", "eq", ("a@example.com",))),
        ("activity_type eq Failed log on", Condition("activity_type", "eq", ("Failed log on",))),
        ("activity_type neq Log on, Log out", Condition("activity_type", "eq", ("Log on", "Log out"), negated=True)),
        ('user eq "Doe, \\"Jane\\" \\\\",b', Condition("user", "eq", ('Doe, "Jane" \\', "b"))),
        ('user_agent contains " x "', Condition("user_agent", "contains", (" x ",))),
        ("  country   eq   no ", Condition("country", "eq", ("NO",))),
        ("device_type eq mobile", Condition("device_type", "eq", ("Mobile",))),
        ("asn eq 64496,64497", Condition("asn", "eq", (64496, 64497))),
        ("latitude range 1,2.5", Condition("latitude", "range", ((1, 2.5),))),
        ("timestamp gte 2026-02-01", Condition("timestamp", "gte", (1_769_904_000_000,))),
        ("timestamp range 2026-02-01,2026-02-01T00:00:01Z", Condition("timestamp", "range", ((1_769_904_000_000, 1_769_904_001_000),))),
        ("timestamp within_days 7", Condition("timestamp", "within_days", (7,))),
        ("is_impersonated eq TRUE", Condition("is_impersonated", "eq", (True,))),
        ("user isset false", Condition("user", "isset", (), negated=True)),
        ("user isset true", Condition("user", "isset")),
        ("ip_address ncidr 10.0.0.0/8,::1", Condition("ip_address", "cidr", ("10.0.0.0/8", "::1/128"), negated=True)),
        ("user matches ^admin", Condition("user", "matches", ("^admin",))),
        ("raw.Parameters.ForwardTo eq x", Condition("raw", "eq", ("x",), path=("Parameters", "ForwardTo"))),
        ('raw."a b.c"[0].d eq 5', Condition("raw", "eq", ("5",), path=("a b.c", 0, "d"))),
        ("raw.size gt 5", Condition("raw", "gt", (5,), path=("size",))),
        ("raw.flag eq true", Condition("raw", "eq", ("true",), path=("flag",))),
        ("matched_policies eq mass-delete", Condition("matched_policies", "eq", ("mass-delete",))),
        (
            "raw.P element {Name: {eq: a}, Value: {ncontains: [b, c]}}",
            Condition(
                "raw", "element", (AllOf((inner("Name", "a"), inner("Value", "b", "c", operator="contains", negated=True))),), path=("P",)
            ),
        ),
        ('raw.P nelement {"a.b": {gt: 5}}', Condition("raw", "element", (inner("a", 5, operator="gt", more="b"),), True, ("P",))),
        ("raw.P element .: {eq: x}", Condition("raw", "element", (Condition("raw", "eq", ("x",), path=(ITSELF,)),), path=("P",))),
        ('user eq "line\nbreak"', Condition("user", "eq", ("line\nbreak",))),
    ],
)
def test_one_condition(text, expected):
    assert parse_condition(text) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("contry eq NO", "did you mean `country`"),
        ("country eqq NO", "did you mean `eq`"),
        ("asn contains 5", "allowed: eq, neq, isset, gt"),
        ("asn eq five", "is no number"),
        ("asn eq", "is no number"),
        ("user eq", "empty text"),
        ("user eq a,,b", "empty text"),
        ('user eq "a', "list of values"),
        ('user eq "a" b', "list of values"),
        ('user eq a"b', "list of values"),
        ("user", "FIELD OP VALUE"),
        ("", "FIELD OP VALUE"),
        ("country eq Norway", "two letters"),
        ("device_type eq Phone", "allowed: Mobile, Other, PC, Tablet"),
        ("timestamp gt soon", "is no time"),
        ("latitude range 1", "[from, to]"),
        ("latitude range 2,1", "did you mean [1, 2]"),
        ("user isset maybe", "true"),
        ("user isset true,false", "one value"),
        ("user matches (a", "RE2 refuses"),
        ("raw..a eq x", "is no path"),
        ("user eq \ud800", "surrogate"),
        ("user element {a: {eq: b}}", "`element` does not apply to a text field"),
        ("raw.P element", "expected fields with operators (such as Name: {eq: ForwardTo})"),
        ("raw.P element ForwardTo", "expected fields with operators"),
        ("raw.P element {Name: {eq: ForwardTo}", "as in a rule file: {Name: {eq: ForwardTo}"),
        ("raw.P element {Name: ForwardTo}", "did you mean `Name: {eq: ForwardTo}`"),
        ("raw.P element {Name: {eqq: ForwardTo}}", "did you mean `eq`"),
        ("raw.P element {a..b: {eq: x}}", "is no path into an element"),
        ("raw.P element {a: {matches: (}}", "RE2 refuses"),
    ],
)
def test_mistakes_tell_what_is_allowed(text, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        parse_condition(text)


class TestWhomItIsAbout:
    @pytest.mark.parametrize("role", ["actor", "object", "any"])
    def test_all_filters_on_a_user_and_no_other(self, role):
        found = parse_conditions(["user eq a", f"  user_role eq {role}", "app eq x", "user_domain neq b"])
        assert [(one.field, one.role) for one in found] == [("user", role), ("app", "actor"), ("user_domain", role)]

    def test_not_of_filters_that_are_no_text(self):
        node = Condition("user_groups", "eq", ("Finance",))
        assert parse_conditions([node, "user eq a", "user_role eq object"])[0] is node

    def test_twice_the_same(self):
        assert len(parse_conditions(["user eq a", "user_role eq any", "user_role eq any"])) == 1

    @pytest.mark.parametrize(
        ("filters", "told"),
        [
            (["user_role eq object"], "beside no filter on a user"),
            (["user_role eq object", "app eq x"], "beside no filter on a user"),
            (["user eq a", "user_role eq victim"], "user_role eq object"),
            (["user eq a", "user_role neq object"], "user_role eq object"),
            (["user eq a", "user_role"], "user_role eq object"),
            (["user eq a", "user_role eq object,any"], "user_role eq object"),
            (["user eq a", "user_role eq object", "user_role eq actor"], "more than once: actor, object"),
            (["user_type eq Admin", "user_role eq object"], "`user_type` of an object is not known"),
        ],
    )
    def test_mistakes(self, filters, told):
        with pytest.raises(ValueError, match=re.escape(told)):
            parse_conditions(filters)
