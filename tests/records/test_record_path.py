import json
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.records.opening import MOST_FOUND
from casbd.records.plain_parts import plain_part
from casbd.records.record_path import EVERY, Having, RawReader, find, parse_path, texts, write_path


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("a", ("a",)),
        ("Parameters.ForwardTo", ("Parameters", "ForwardTo")),
        ("items[0].id", ("items", 0, "id")),
        ("a[0][12]", ("a", 0, 12)),
        ("[0].a", (0, "a")),
        ('"a.b".c', ("a.b", "c")),
        (r'a."say \"x\" \\"', ("a", 'say "x" \\')),
        ("a b.c-d.@e", ("a b", "c-d", "@e")),
        ('""', ("",)),
        ("**", (EVERY,)),
        ("a.**", ("a", EVERY)),
        ('"**"', ("**",)),
        ("changes[field=email].newValue", ("changes", Having("field", "email"), "newValue")),
        ('a["x.y"="say \\"[x]\\""]', ("a", Having("x.y", 'say "[x]"'))),
        ("a[Name=Auth.Type (v1.2)][0]", ("a", Having("Name", "Auth.Type (v1.2)"), 0)),
        ("[b==c].d", (Having("b", "=c"), "d")),
    ],
)
def test_paths(text, steps):
    assert parse_path(text) == steps


@pytest.mark.parametrize(
    "text",
    ["", ".", ".a", "a.", "a..b", "a[x]", "a[-1]", "a]", 'a"b', '"a', "a[0]b", "a.[0]", "a[b=]", "a[=b]", "a[b=c]d", 'a[b="c]', "a[b.c=d]"],
)
def test_no_paths(text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        parse_path(text)


WORDS = st.text() | st.sampled_from(["a.b", "=", "a=b", "]", '"', "\\", " ", "**"])


@given(st.lists(WORDS | st.integers(0, 999_999_999) | st.builds(Having, WORDS, WORDS), min_size=1).map(tuple))
def test_a_path_that_was_written_is_read_again(steps):
    assert parse_path(write_path(steps)) == steps


CHANGES = [{"field": "email", "to": "x"}, {"Field": "EMAIL", "to": ["y"]}, {"field": "name", "to": "z"}, "email", {"to": 1}, None]


@pytest.mark.parametrize(
    ("record", "path", "values"),
    [
        ({"changes": CHANGES}, "changes[field=email].to", ["x", ["y"]]),
        ({"changes": [CHANGES]}, "changes[FIELD=Name].to", ["z"]),
        ({"changes": CHANGES}, "changes[field=phone].to", []),
        ({"changes": CHANGES[0]}, "changes[field=email].to", ["x"]),
        ({"changes": json.dumps(CHANGES)}, "changes[field=email][field=email].to", ["x", ["y"]]),
        ({"changes": [{"id": 7, "on": True, "to": 1}]}, "changes[id=7][on=true].to", [1]),
        ({"changes": [{"tags": ["a", "b"], "to": 1}]}, "changes[tags=b].to", [1]),
        ({"field": "email", "to": "x"}, "[field=email].to", ["x"]),
        ({"changes": "email"}, "changes[field=email]", []),
        (CHANGES, "[field=email].to", ["x", ["y"]]),
    ],
)
def test_elements_that_have_a_value(record, path, values):
    assert find(record, parse_path(path)) == values
    assert RawReader().find(json.dumps(record), parse_path(path)) == values


def test_of_elements_that_have_a_value_so_many_are_looked_at():
    changes = [*({"field": "name"} for _ in range(MOST_FOUND)), {"field": "email"}]
    path = parse_path("changes[field=email]")
    assert [find({"changes": part}, path) for part in (changes[1:], changes)] == [[{"field": "email"}], []]


@pytest.mark.parametrize(
    ("record", "path", "values"),
    [
        ({"a": 1, "b": [True, None, {"c": "x"}]}, "**", [1, True, "x"]),
        ({"a": 1, "b": [True, {"c": "x"}]}, "b.**", [True, "x"]),
        ({"a": '{"b": ["c", "[1]"]}'}, "**", ['{"b": ["c", "[1]"]}', "c", "[1]", 1]),
        ({"a": "[no JSON"}, "a.**", ["[no JSON"]),
        ({"**": "x", "y": "z"}, "**", ["x", "z"]),
        ({"**": "x", "y": "z"}, '"**"', ["x"]),
        ([{"Name": "a", "Value": "b"}], "a.**", ["b"]),
        ({}, "**", []),
    ],
)
def test_every_value(record, path, values):
    assert find(record, parse_path(path)) == values
    assert RawReader().find(json.dumps(record), parse_path(path)) == values


@given(st.text(), st.text(), st.text(), st.booleans())
def test_whatever_holds_a_text_may_hold_its_plain_part(before, text, after, ascii_only):
    written = json.dumps({"x": json.dumps([before + text + after], ensure_ascii=ascii_only)}, ensure_ascii=ascii_only)
    assert RawReader().may_hold(written, [plain_part(text)])


def test_most_that_does_not_hold_a_text_may_not():
    reader = RawReader()
    assert plain_part("https://evil.example/x") == "evil.example"
    assert [plain_part(text) for text in ("", "a/b", "äö", "STRAßE")] == ["", "", "", "strasse"]
    assert not reader.may_hold('{"x": "https:\\/\\/good.example"}', ["evil.example", "bad.example"])
    assert reader.may_hold('{"x": "EVIL.example"}', ["evil.example"])
    assert reader.may_hold('{"x": "\\u0065vil.example"}', ["evil.example"])


def test_one_reader_for_many_records():
    reader = RawReader()
    records = ['{"a": {"b": 1}}', '{"a": {"b": 2}}', "no JSON", '{"a": "{\\"b\\": 3}"}']
    for _ in range(2):
        assert [texts(reader.find(record, ("a", "b"))) for record in records] == [["1"], ["2"], [], ["3"]]
        assert [reader.find(record, ("missing",)) for record in records] == [[]] * 4


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", '{"a": [1]}', "[", '["b"]']),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.sampled_from(["a", "B", "Name", "Value"]), children, max_size=3),
    max_leaves=12,
)


@given(json_values, st.lists(st.sampled_from(["a", "b", "name", 0, 1]), min_size=1, max_size=3).map(tuple))
def test_a_reader_finds_what_the_record_holds(record, path):
    assert RawReader().find(msgspec.json.encode(record).decode(), path) == find(record, path)


@pytest.mark.parametrize("path", ["a.b", "**", "a.**"])
def test_so_many_values_are_looked_at(path):
    def found(number):
        objects = [*({"b": 1} for _ in range(number - 1)), {"b": "last"}]
        return texts(RawReader().find(json.dumps({"a": objects}), parse_path(path)))

    assert found(MOST_FOUND)[-1] == "last"
    assert len(found(MOST_FOUND + 1)) == MOST_FOUND
    assert "last" not in found(MOST_FOUND + 1)


def test_so_many_elements_are_looked_at():
    values = ["x"] * MOST_FOUND
    assert texts([[*values[1:], "last"]])[-1] == "last"
    assert "last" not in texts([[*values, "last"]])
    assert len(texts([values, values])) == MOST_FOUND
