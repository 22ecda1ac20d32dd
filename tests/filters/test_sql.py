"""The filter tree as SQL: it lets through every row that the predicate lets through, and of what SQL knows no other."""

import duckdb
import naive
import pyarrow as pa
import pytest
from generated import activities, nodes
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import to_builtins

from casbd.filters.compile import compile_filter
from casbd.filters.condition_text import parse_condition
from casbd.filters.sql import may, must
from casbd.filters.tree import Condition, conditions
from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.store.log.columns import BLOCK, PLACE, schema

NOW = naive.NOW
CONNECTION = duckdb.connect(config={"threads": 1})


def rows(some):
    """Activities as a table of DuckDB's."""
    columns = schema()
    values = [[getattr(activity, name) for activity in some] for name in FIELDS] + [[0] * len(some)] * 2
    things = [*FIELDS].index("objects")
    values[things] = [[tuple(to_builtins(thing)) for thing in objects] for objects in values[things]]
    arrays = [pa.array(own, type=column.type) for column, own in zip(columns, values, strict=True)]
    assert columns.names[-2:] == [BLOCK, PLACE]
    return pa.Table.from_arrays(arrays, schema=columns)


def let_through(node, some, now=lambda: NOW, kind=may):
    """The positions of the activities that SQL lets through."""
    where = kind(node, now)
    CONNECTION.register("log", rows(some).append_column("position", pa.array(range(len(some)))))
    found = CONNECTION.execute(f"SELECT position FROM log WHERE {where.text}", where.parameters).fetchall()
    return {position for (position,) in found}


def met(node, some):
    holds = compile_filter(node, now=lambda: NOW)
    return {position for position, activity in enumerate(some) if holds(activity)}


KNOWN = ("eq", "contains", "substring", "startswith", "endswith", "isset", "gt", "gte", "lt", "lte", "range", "within_days")


def is_known(condition: Condition) -> bool:
    """Whether SQL says just what the condition says, of texts that are ASCII."""
    plain = all(not isinstance(value, str) or value.isascii() for value in condition.values)
    return plain and condition.operator in KNOWN and condition.role == "actor" and not condition.path


def is_ascii(activity):
    texts = (activity.activity_type, activity.action_type, activity.app, activity.user, activity.ip_address, *activity.user_groups)
    things = (text for thing in activity.objects for text in (thing.id, thing.name, thing.type))
    return all(text is None or text.isascii() for text in (*texts, *things))


@settings(max_examples=250)
@given(nodes, st.lists(activities, min_size=1, max_size=6))
def test_it_lets_through_what_the_predicate_does(node, some):
    found, expected = let_through(node, some), met(node, some)
    surely = let_through(node, some, kind=must)
    assert surely <= expected <= found
    if all(map(is_known, conditions(node))):
        plain = {position for position, activity in enumerate(some) if is_ascii(activity)}
        assert found & plain == expected & plain == surely & plain


@settings(max_examples=60)
@given(nodes, st.lists(activities, min_size=1, max_size=4))
def test_without_a_present_it_lets_through_no_less(node, some):
    assert let_through(node, some) <= let_through(node, some, None) | let_through(node, some)
    assert let_through(node, some, None, must) <= met(node, some) <= let_through(node, some, None)


@pytest.mark.parametrize(
    ("condition", "activity", "through"),
    [
        ("user eq STRASSE", Activity(user="straße"), True),
        ("user eq straße", Activity(user="STRASSE"), True),
        ("user neq strasse", Activity(user="STRAßE"), True),  # it might be another one, for all that SQL knows
        ("user eq a", Activity(user="b"), False),
        ("object_name contains salary", Activity(object_name="Finance/Salary_2026.xlsx"), True),
        ("object_name contains salar", Activity(object_name="Finance/Salary_2026.xlsx"), False),
        ("object_name contains a b", Activity(object_name="x\x1ca\tb-c"), True),
        ("object_name substring '%", Activity(object_name="it's 100'%"), True),
        ("object_name substring 10_%", Activity(object_name="100%"), False),
        ("user_groups eq Board", Activity(user_groups=("x", "board")), True),
        ("user_groups neq Board", Activity(user_groups=("x", "board")), False),
        ("user_groups isset false", Activity(), True),
        ("user_groups isset false", Activity(user_groups=("x",)), False),
        ("city neq Oslo", Activity(), True),
        ("is_admin_operation eq true", Activity(is_admin_operation=False), False),
        ("is_admin_operation neq true", Activity(), True),
        ("asn range 1,5", Activity(asn=5), True),
        ("asn gt 5", Activity(asn=5), False),
        ("latitude lt 0", Activity(latitude=-1.5), True),
        ("timestamp within_days 1", Activity(timestamp=NOW), True),
        ("timestamp within_days 1", Activity(timestamp=0), False),
        ("objects substring SALARY", Activity(objects=(ActivityObject("1", None, "File"), ActivityObject(None, "salary.xlsx"))), True),
        ("objects substring salary", Activity(objects=(ActivityObject("1", None, "File", "salary"),)), False),
        ("objects neq file", Activity(objects=(ActivityObject("1", None, "File"),)), False),
        ("objects substring salary", Activity(), False),
        ("raw substring Evil", Activity(raw='{"x": "evil"}'), True),
        ("raw substring Evil", Activity(raw='{"x": "z"}'), False),
        ("raw substring Evil", Activity(raw='{"x": "\u0130"}'), True),
        ("raw.x eq y", Activity(raw='{"x": "z"}'), True),  # only the predicate looks into records, where the value is short
        ("raw.x eq Evil.example", Activity(raw='{"x": "z"}'), False),
        ("raw.x eq Evil.example", Activity(raw='{"y": "eVil.example"}'), True),
        ("raw.x neq evil.example", Activity(raw='{"x": "z"}'), True),
        ("raw.x substring abc", Activity(raw='{"x": "\\u0061bc"}'), True),
        ("raw.x substring abc", Activity(raw='{"x": "äbc"}'), True),
        ("raw.x eq kelvin", Activity(raw='{"x": "\\u212aelvin"}'), True),
        ("raw.** substring a/bcd", Activity(raw='{"x": "a\\/bcd"}'), True),
        ("raw.** substring a/bcd", Activity(raw='{"x": "a\\/bce"}'), False),
        ("raw.x substring a/b", Activity(raw='{"x": "z"}'), True),
        ("raw.x eq 50126", Activity(raw='{"x": 50126}'), True),
        ("raw.x eq 50126", Activity(raw='{"x": 50127}'), False),
        ("raw.x element {a: {eq: Evil.example}, b: {neq: z}}", Activity(raw='{"x": "z"}'), False),
        ("raw.x element {a: {eq: Evil.example}, b: {neq: z}}", Activity(raw='{"y": "evil.example"}'), True),
        ("raw.x element {any_of: [{a: {eq: Evil.example}}, {b: {gt: 5}}]}", Activity(raw='{"x": "z"}'), True),
        ("raw.x nelement {a: {eq: Evil.example}}", Activity(raw='{"x": "evil.example"}'), True),
        ("user matches ^a", Activity(user="b"), True),
        ("user isset true", Activity(user=""), False),
        ("user isset false", Activity(user=""), True),
        ("asn gt 1" + "0" * 50, Activity(asn=5), False),
        ("asn lt 1" + "0" * 50, Activity(asn=5), True),
    ],
)
def test_what_is_let_through(condition, activity, through):
    assert (let_through(parse_condition(condition), [activity]) == {0}) is through


@pytest.mark.parametrize("negated", [False, True])
@pytest.mark.parametrize("field", ["activity_id", "ip_tags"])
def test_many_values_say_what_few_do(field, negated):
    """More than can be parameters one by one without its taking minutes."""
    some = [Activity(activity_id=name, ip_tags=(name,)) for name in ("Id-7", "id-4999", "other", "ȷd-7", "id-5000")] + [Activity()]
    many = Condition(field, "eq", tuple(f"iD-{n}" for n in range(5000)), negated)
    assert let_through(many, some, kind=may) >= met(many, some) >= let_through(many, some, kind=must)
    assert len(met(many, some)) == (4 if negated else 2)
