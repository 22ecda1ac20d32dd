"""Filters and activities that Hypothesis makes: nulls, lists, case, Unicode, users acted on and the raw record included."""

import json

import naive
from hypothesis import strategies as st

from casbd.filters.tree import AllOf, AnyOf, Condition, NoneOf
from casbd.model.activity import Activity, ActivityObject
from casbd.records.record_path import EVERY, ITSELF

TEXTS = ["a", "A", "b", "ab", "a b", "B-a", "straße", "STRASSE", "10.0.0.1", "10.9.9.9", "2001:db8::1", "Log on", "log ON"]
text = st.sampled_from(TEXTS)
unknown_or = lambda strategy: st.one_of(st.none(), strategy)  # noqa: E731
kinds = unknown_or(st.sampled_from(["User", "user", "File"]))
objects = st.lists(st.builds(ActivityObject, id=unknown_or(text), name=unknown_or(text), type=kinds), max_size=2)
leaf = st.one_of(st.none(), text, st.just(""), st.integers(0, 5), st.booleans(), st.lists(text, max_size=2), st.just({}))
pairs = st.fixed_dictionaries({"Name": st.sampled_from(["x", "Y", "z"]), "Value": leaf})
member = st.one_of(
    leaf,
    st.fixed_dictionaries({}, optional={"x": leaf, "Y": leaf}),
    st.lists(st.one_of(st.fixed_dictionaries({"x": leaf}), pairs), max_size=3),
)
lists = st.lists(st.one_of(leaf, st.fixed_dictionaries({}, optional={"x": leaf, "Y": leaf}), pairs), max_size=4)
records = st.fixed_dictionaries({}, optional={"P": member, "q": member, "L": st.one_of(member, lists, lists.map(json.dumps))})

activities = st.builds(
    Activity,
    timestamp=st.integers(naive.NOW - 3 * 86_400_000, naive.NOW),
    activity_type=text,
    action_type=unknown_or(text),
    app=unknown_or(text),
    user=unknown_or(text),
    user_id=unknown_or(text),
    user_type=unknown_or(st.sampled_from(["System", "Guest"])),
    user_groups=st.lists(text, max_size=2).map(tuple),
    is_impersonated=unknown_or(st.booleans()),
    ip_address=unknown_or(text),
    asn=unknown_or(st.integers(0, 5)),
    objects=objects.map(tuple),
    result_detail=st.sampled_from([None, "50126", "50034", "InvalidReplyTo"]),
    source=st.sampled_from([None, "m365", "json"]),
    raw=records.map(json.dumps),
)

operators = st.sampled_from(["eq", "contains", "substring", "startswith", "endswith", "cidr", "matches", "isset"])
patterns = st.sampled_from(["^a", "b$", "a.b", "[ab]", "x"])
networks = st.sampled_from(["10.0.0.0/8", "10.0.0.1/32", "2001:db8::/32", "0.0.0.0/0"])


@st.composite
def text_conditions(draw, fields, paths=((),), roles=("actor",)):
    operator = draw(operators)
    values = {"cidr": networks, "matches": patterns, "isset": st.nothing()}.get(operator, text)
    found = draw(st.lists(values, min_size=1, max_size=3)) if operator != "isset" else []
    field, path, role = (draw(st.sampled_from(choices)) for choices in (fields, paths, roles))
    return Condition(field, operator, tuple(found), draw(st.booleans()), path, role)


@st.composite
def number_conditions(draw, field, path=()):
    operator = draw(st.sampled_from(["gt", "gte", "lt", "lte", "range"] + ([] if path else ["eq", "isset"])))
    number = st.integers(0, 5)
    bounds = st.tuples(number, number).map(sorted).map(tuple)
    values = draw(st.lists(bounds if operator == "range" else number, min_size=1, max_size=2)) if operator != "isset" else []
    return Condition(field, operator, tuple(values), draw(st.booleans()), path)


inner_conditions = st.one_of(
    text_conditions(["raw"], paths=(("X",), ("y",), ("Name",), ("value",), (ITSELF,), (EVERY,))),
    number_conditions("raw", ("x",)),
    st.builds(
        Condition,
        st.just("raw"),
        st.sampled_from(["same_as", "mentions"]),
        st.sampled_from([("user",), ("raw.P.x",)]),
        st.booleans(),
        st.just(("Y",)),
    ),
)


def groups(children):
    several = st.lists(children, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.builds(AllOf, several), st.builds(AnyOf, several), st.builds(NoneOf, several))


def element_conditions(paths, inner):
    filters = st.lists(st.recursive(inner, groups, max_leaves=4), min_size=1, max_size=2).map(tuple)
    return st.builds(Condition, st.just("raw"), st.just("element"), filters, st.booleans(), st.sampled_from(paths))


conditions = st.one_of(
    text_conditions(["activity_type", "action_type", "app", "user", "ip_address", "user_groups", "objects"]),
    text_conditions(["user", "user_id"], roles=("object", "any")),
    text_conditions(["raw"], paths=(("P",), ("p", "X"), ("Q", "y"), ("q", "missing"), (EVERY,), ("q", EVERY))),
    number_conditions("asn"),
    number_conditions("raw", ("P", "x")),
    element_conditions([("L",), ("p",), ("q", "y"), ("missing",)], inner_conditions),
    element_conditions([("L",)], element_conditions([("X",), (ITSELF,)], inner_conditions)),
    st.builds(Condition, st.just("is_impersonated"), st.just("eq"), st.sampled_from([(True,), (False,), (True, False)]), st.booleans()),
    st.builds(Condition, st.just("user_type"), st.just("eq"), st.sampled_from([("System",), ("guest",)]), st.booleans()),
    st.builds(
        Condition,
        st.just("result_detail"),
        st.just("means"),
        st.sampled_from([("wrong password",), ("no such user", "other")]),
        st.booleans(),
    ),
    st.builds(Condition, st.just("timestamp"), st.just("within_days"), st.sampled_from([(1,), (2, 1)]), st.booleans()),
)


nodes = st.recursive(conditions, groups, max_leaves=6)
