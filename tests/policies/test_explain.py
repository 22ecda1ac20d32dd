"""What a filter looks like explained, and what a policy means in English."""

import pytest
from builders import load_rules
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from casbd.filters.compile import compile_filter
from casbd.filters.condition_text import parse_condition
from casbd.filters.tree import AllOf, AnyOf, NoneOf
from casbd.model.activity import Activity, ActivityObject
from casbd.policies.explain import clause, explanation, sentence, steps_of, written
from casbd.policies.loading import load

NOON = 1_767_268_800_000


def steps(node, activity):
    return [(step.depth, step.condition, step.held, step.value) for step in steps_of(node, activity, lambda: NOON)]


def test_each_condition_with_what_the_activity_has():
    node = AllOf((parse_condition("country neq NO,SE"), AnyOf((parse_condition("user_groups eq Board"), parse_condition("asn gt 5")))))
    assert steps(node, Activity(country="SE", user_groups=("board", "x"))) == [
        (0, "all of", False, None),
        (1, "country neq NO, SE", False, "SE"),
        (1, "any of", True, None),
        (2, "user_groups eq Board", True, ("board", "x")),
        (2, "asn gt 5", False, None),
    ]


def test_values_in_the_record_and_of_whom_it_was_done_to():
    raw = '{"Parameters": [{"Name": "ForwardTo", "Value": "x@y.z"}]}'
    (step,) = steps_of(parse_condition("raw.Parameters.ForwardTo endswith y.z"), Activity(raw=raw), lambda: NOON)
    assert (step.held, step.value) == (True, ["x@y.z"])
    activity = Activity(user="me", objects=(ActivityObject("1", "her", "User", "target"), ActivityObject("2", "file", "File", "target")))
    policy_filter = parse_condition("user eq her")
    for role, value, held in (("actor", "me", False), ("object", ["her", "1"], True), ("any", ["me", "her", "1"], True)):
        (step,) = steps_of(type(policy_filter)("user", "eq", ("her",), role=role), activity, lambda: NOON)
        assert (step.value, step.held) == (value, held)


def test_the_elements_that_fit_or_those_that_there_are():
    raw = '{"P": [{"Name": "a", "Value": 1}, {"Name": "b", "Value": 2}, {"Name": "b", "Value": 3}]}'
    for value, held, shown in ((3, True, [3]), (4, False, [1, 2, 3])):
        condition = parse_condition(f"raw.P element {{Name: {{eq: b}}, Value: {{gte: {value}}}}}")
        (step,) = steps_of(condition, Activity(raw=raw), lambda: NOON)
        assert (step.held, [one["Value"] for one in step.value]) == (held, shown)


def test_an_element_in_words():
    condition = parse_condition("raw.P element {Name: {eq: ForwardTo}, any_of: [{Value: {neq: x}}, {.: {gt: 5}}]}")
    meets = "meets (the Name is ForwardTo and (the Value is not x or the element itself is above 5))"
    assert clause(condition) == f"some element of P in the record {meets}"
    assert clause(replace(condition, negated=True)) == f"no element of P in the record {meets}"


CONDITIONS = [
    "user eq a@b.c", "country neq NO, SE", "object_name ncontains salary", "user_agent matches curl/.*", "ip_address ncidr 10.0.0.0/8",
    "city isset true", "city isset false", "asn range 1 to 5", "timestamp gt 2026-01-01T00:00:00.000Z", "timestamp within_days 3",
    "is_admin_operation eq true", "raw.Parameters.ForwardTo isset true",
    'raw.P element {Name: {eq: "a"}, Value: {ncontains: ["b", "c, d"]}}',
    r'raw.P nelement {any_of: [{".": {eq: "x"}}, {a.b: {gt: 5}}, {"\"any_of\"": {isset: true}}]}',
    r'raw.P element {a: {isset: false}, none_of: [{"\"b c\"": {nelement: {x: {eq: "true"}}}}], all_of: [{a: {range: [1, 5]}}]}',
]  # fmt: skip


@pytest.mark.parametrize("text", CONDITIONS)
def test_is_written_as_on_the_command_line(text):
    given = text.replace(" to ", ",")
    assert written(parse_condition(given)) == text


def test_exceptions_are_conditions_too(tmp_path):
    (tmp_path / "one.yaml").write_text("name: One\nfilters: {app: {eq: Okta}}\n")
    (tmp_path / "exceptions.yaml").write_text(
        "exceptions: [{policy: one, filters: {user: {eq: backup}}, reason: INC-7, expires: 2026-02-01}]\n"
    )
    (policy,) = load([tmp_path])
    place = f"{tmp_path}/exceptions.yaml:1"
    told = [(step.depth, step.condition, step.held) for step in explanation(policy, Activity(app="okta", user="backup"), lambda: NOON)]
    assert told == [
        (0, "all of", False),
        (1, "app eq Okta", True),
        (1, f"not exempt until 2026-02-01T00:00:00.000Z ({place}): INC-7", False),
        (2, "user eq backup", True),
    ]
    assert "which has expired, is what meets" in sentence(policy, NOON + 10**11)
    assert sentence(policy).endswith("Exempt until 2026-02-01T00:00:00.000Z is what meets: the user is backup (INC-7).")


conditions = st.sampled_from(CONDITIONS).map(lambda text: parse_condition(text.replace(" to ", ",")))
groups = st.sampled_from([AllOf, AnyOf, NoneOf])
nodes = st.recursive(
    conditions, lambda inner: st.builds(lambda kind, some: kind(tuple(some)), groups, st.lists(inner, max_size=3)), max_leaves=8
)
activities = st.builds(
    Activity,
    timestamp=st.sampled_from([NOON, NOON - 10**9]),
    user=st.sampled_from([None, "A@b.c"]),
    country=st.sampled_from([None, "NO", "DK"]),
    city=st.sampled_from([None, "Oslo"]),
    is_admin_operation=st.sampled_from([None, True, False]),
    raw=st.sampled_from(["", '{"Parameters": {"ForwardTo": 1}}']),
)


@given(nodes, activities)
def test_says_what_the_stream_says(node, activity):
    told = [*steps_of(node, activity, lambda: NOON)]
    assert told[0].held == compile_filter(node, now=lambda: NOON)(activity)


@pytest.mark.parametrize(
    ("rule", "meaning"),
    [
        (
            {"severity": "high", "filters": {"country": {"neq": ["NO", "SE"]}, "is_admin_operation": {"eq": True}}},
            "Raises an alert of high severity for every activity where the country is neither NO nor SE"
            " and it is an administrative activity.",
        ),
        (
            {
                "filters": {"user_role": "object", "user": {"eq": "x"}},
                "match": {"repeated": 3, "within": "90s", "by": ["user", "ip_address"]},
            },
            "Raises an alert of medium severity for 3 activities of the same user and IP address within 90s"
            " where the user that is acted on is x.",
        ),
        (
            {"mode": "simulate", "enabled": False, "match": {"repeated": 5, "within": "1h", "by": "ip_address", "unique": "user"}},
            "Counts, without an alert, activities with 5 different values of user of the same IP address within 1h"
            " where the activity type is Failed log on. It is switched off.",
        ),
        (
            {
                "filters": {"app": {"eq": "Okta"}},
                "match": {
                    "sequence": [{"activity_type": {"eq": "Failed log on"}, "repeated": 5}, {"activity_type": {"eq": "Log on"}}],
                    "within": "1h",
                },
            },
            "Raises an alert of medium severity for activities of the same user within 1h: 5 where the activity type is Failed log on,"
            " then one where the activity type is Log on, all of them where the app is Okta.",
        ),
        (
            {
                "filters": {
                    "none_of": [{"city": {"isset": False}}],
                    "any_of": [{"app": {"eq": list("abcdefgh")}}, {"os": {"contains": "x"}}],
                }
            },
            "Raises an alert of medium severity for every activity where"
            " (the app is a or b or c or d or e or 3 more or the system has the word x) and it is not so that (the city is unknown).",
        ),
    ],
)
def test_in_english(tmp_path, rule, meaning):
    (policy,) = load_rules(tmp_path, {"one": rule})
    assert sentence(policy) == meaning
