"""Many policies over the same fields: what decides them together says of each what its own filter says."""

import json
import random
from itertools import product

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casbd.filters.compile import compile_filter
from casbd.filters.tree import AllOf, AnyOf, Condition, NoneOf
from casbd.model.activity import Activity
from casbd.policies.matcher import Matcher
from casbd.policies.policy import Policy

NOW = 1_770_000_000_000
NAMES = ["payroll-7.xlsx", "Payroll 7", "merger_77", "straße/plan", "STRASSE", "7", "", "\ud800payroll"]
VALUES = ["SecurityCenter", "security:center", '{"k":1234}', '":1234', "true", "50137", "straße", "7"]
HELD = [
    *VALUES,
    50137,
    1.5,
    True,
    None,
    {"k": 1234},
    {"K": "SECURITYcenter"},
    ["x", "securitycenter"],
    json.dumps({"k": "Security:Center"}),
]

names = st.one_of(st.none(), st.sampled_from(NAMES))
members = st.dictionaries(st.sampled_from(["W", "w", "Op"]), st.sampled_from(HELD), max_size=2)
activities = st.builds(
    Activity,
    action_type=st.sampled_from(["Read", "Write", None]),
    user=st.sampled_from(["a@x.example", "b@x.example", None]),
    object_name=names,
    object_id=names,
    raw=st.one_of(st.builds(json.dumps, members, indent=st.sampled_from([None, 1]), ensure_ascii=st.booleans()), st.just("no json")),
)
on_names = st.builds(
    Condition,
    st.sampled_from(["object_name", "object_id"]),
    st.sampled_from(["eq", "contains", "substring", "startswith", "endswith", "matches"]),
    st.lists(st.sampled_from(["payroll", "payroll-7", "7", "strasse", "merger"]), min_size=1, max_size=2).map(tuple),
    st.booleans(),
)
on_records = st.builds(
    Condition,
    st.just("raw"),
    st.sampled_from(["eq", "eq", "substring", "endswith"]),
    st.sampled_from(VALUES).map(lambda value: (value,)),
    st.sampled_from([False, False, True]),
    st.sampled_from([("W",), ("W", "k"), ("op",)]),
)
on_others = st.one_of(
    st.builds(Condition, st.just("action_type"), st.just("eq"), st.sampled_from([("read",), ("Write",)]), st.booleans()),
    st.builds(
        Condition, st.just("user"), st.sampled_from(["eq", "startswith"]), st.sampled_from([("a@x.example",), ("b",)]), st.booleans()
    ),
    st.builds(Condition, st.sampled_from(["object_name", "user"]), st.just("isset"), st.just(()), st.booleans()),
)
one_of_them = st.one_of(on_names, on_records, on_others)
several = st.lists(one_of_them, min_size=1, max_size=3).map(tuple)
filters = st.one_of(one_of_them, st.builds(AllOf, several), st.builds(AnyOf, several), st.builds(NoneOf, several))


def policies_of(nodes):
    return [Policy(id=f"p{number:03}", name="", filters=node) for number, node in enumerate(nodes)]


def met_one_by_one(policies, activity):
    return [policy.id for policy in policies if compile_filter(policy.filters, now=lambda: NOW)(activity)]


@settings(max_examples=150)
@given(st.lists(filters, min_size=10, max_size=40), st.lists(activities, min_size=1, max_size=5))
def test_all_together_say_what_each_filter_says(nodes, some):
    policies = policies_of(nodes)
    matcher = Matcher(policies, now=lambda: NOW)
    for activity in some + some:
        assert [policy.id for policy in matcher.match(activity)] == met_one_by_one(policies, activity)


def sampled(number, seed):
    """So many policies of the shapes that operators write, and activities that meet some of them."""
    chosen = random.Random(seed)
    shapes = [
        lambda n: AllOf((Condition("app", "eq", (f"App {n % 5}",)), Condition("object_name", "contains", (f"plan-{n}", f"sale-{n}")))),
        lambda n: AllOf((Condition("source", "eq", ("m365",)), Condition("raw", "eq", ("Center",), False, ("Workload",)), one_field(n))),
        lambda n: AllOf((Condition("action_type", "eq", (f"Do {n % 9}",)), Condition("user", "eq", (f"u{n % 20}",), n % 2 == 0))),
        lambda n: AnyOf((Condition("object_id", "endswith", (f"/{n}",)), Condition("raw", "substring", (f"drop{n}",), False, ("To",)))),
        lambda n: AllOf((Condition("app", "eq", (f"App {n % 5}",), True), Condition("object_name", "substring", (f"x{n}x",), n % 7 == 0))),
    ]

    def one_field(n):
        return Condition("raw", "eq", (f"op {n % 30}",), False, ("Operation",))

    def activity():
        n = chosen.randrange(number)
        record = {"Workload": chosen.choice(["Center", "Exchange", "CENTER"]), "Operation": f"Op {n % 30}", "To": f"a-drop{n}@x.example"}
        return Activity(
            app=f"App {n % 6}",
            action_type=f"Do {n % 11}",
            source=chosen.choice(["m365", "okta"]),
            user=f"U{n % 25}",
            object_name=chosen.choice([None, f"Plan-{n}.docx", f"the sale {n}", f"x{n}x", "nothing"]),
            object_id=chosen.choice([None, f"/sites/{n}", "/"]),
            raw=json.dumps({key: value for key, value in record.items() if chosen.random() < 0.8}),
        )

    return policies_of([shapes[n % len(shapes)](n) for n in range(number)]), [activity() for _ in range(150)]


@pytest.mark.parametrize("number", [10, 100, 1000])
def test_of_ten_to_a_thousand_each_is_met_by_what_meets_its_filter(number):
    policies, some = sampled(number, seed=number)
    each = [compile_filter(policy.filters, now=lambda: NOW) for policy in policies]
    matcher = Matcher(policies)
    found = 0
    for activity in some:
        expected = [policy.id for policy, meets in zip(policies, each, strict=True) if meets(activity)]
        assert [policy.id for policy in matcher.match(activity)] == expected
        found += len(expected)
    assert found > 30


def test_names_without_a_text_that_is_looked_for_leave_nothing_to_ask():
    """A thousand parts of names cost no more than one, where the names have none of them."""
    policies = policies_of([Condition("object_name", "contains", (f"plan {n}", f"secret{n}")) for n in range(500)])
    matcher = Matcher(policies)
    found = {"other": [], None: [], "Plan-7": ["p007"], "SECRET499 plan": ["p499"]}
    assert {name: [policy.id for policy in matcher.match(Activity(object_name=name))] for name in found} == found
    assert matcher._remembered[matcher._key(Activity(object_name="one more"))] == ()
    assert len(matcher._remembered) == 2


def test_ever_new_names_fill_no_memory():
    policies = policies_of([Condition("object_id", "startswith", (f"team{n}/",)) for n in range(20)])
    matcher = Matcher(policies)
    for number, begin in product(range(500), ("team3/", "other/")):
        assert [policy.id for policy in matcher.match(Activity(object_id=f"{begin}{number}"))] == (["p003"] if begin == "team3/" else [])
    assert len(matcher._remembered) == 2


def test_more_texts_than_a_glance_looks_for_are_asked_as_any_others():
    policies = policies_of([Condition("object_name", "substring", (f"n{n:04}" * 30,)) for n in range(300)])
    matcher = Matcher(policies)
    assert "object_name" not in matcher._in_key
    assert [policy.id for policy in matcher.match(Activity(object_name="N0007" * 31))] == ["p007"]
    assert matcher.match(Activity(object_name="n0007")) == ()


def test_a_long_name_is_asked_about_as_ever():
    policies = policies_of([Condition("object_name", "endswith", (f"end{n}",), n == 9) for n in range(10)])
    matcher = Matcher(policies)
    assert [policy.id for policy in matcher.match(Activity(object_name="x"))] == ["p009"]
    assert [policy.id for policy in matcher.match(Activity(object_name="x" * 50_000 + "END3"))] == ["p003", "p009"]


@pytest.mark.parametrize("parts", [3, 30])
def test_names_that_must_be_equal_to_something_are_found_beside_many_parts(parts):
    policies = policies_of([Condition("object_id", operator, (f"part{n}",)) for n in range(parts) for operator in ("eq", "endswith")])
    others = policies_of([Condition("object_id", "eq", ("Straße",)), Condition("object_id", "eq", ("other",))])
    matcher = Matcher([*policies, *(msgspec.structs.replace(policy, id=f"q{policy.id}") for policy in others)])
    found = {
        "nothing": [],
        "STRASSE": ["qp000"],
        "a part2": ["p005"],
        "PART2": ["p004", "p005"],
        "OTHER": ["qp001"],
        "\ud800part1": ["p003"],
    }
    assert {name: [policy.id for policy in matcher.match(Activity(object_id=name))] for name in found} == found


@pytest.mark.parametrize("path", [("W",), ("W", "k")])
@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("value", VALUES)
def test_a_value_in_a_record_is_found_however_it_is_written(value, held, path):
    """Also where the record is looked at before it is decoded."""
    policies = policies_of([AllOf((Condition("raw", "eq", (value,), False, path), by_id)) for by_id in on_ids(5)])
    matcher = Matcher(policies)
    for blanks, ascii_only in product((None, 1), (False, True)):
        activity = Activity(raw=json.dumps({"w": held, "ID": 3}, indent=blanks, ensure_ascii=ascii_only))
        assert [policy.id for policy in matcher.match(activity)] == met_one_by_one(policies, activity)


def test_a_record_without_what_a_table_looks_for_is_not_decoded():
    policies = policies_of([AllOf((Condition("raw", "eq", ("Rare:Center",), False, ("W",)), named)) for named in on_ids(20)])
    matcher = Matcher(policies)
    decoded = []
    reader = matcher._compiler.reader
    matcher.match(Activity(raw='{"W":"Common","Id":"7"}'))
    decoded.append(reader._decoded)
    assert [policy.id for policy in matcher.match(Activity(raw='{"W": "rare:CENTER", "Id": 7}'))] == ["p007"]
    decoded.append(reader._decoded)
    assert decoded == [False, True]


def on_ids(number):
    return [Condition("raw", "eq", (str(n),), False, ("Id",)) for n in range(number)]
