import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.wire.record_path import RawReader, find, parse_path, texts, write_path


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
    ],
)
def test_paths(text, steps):
    assert parse_path(text) == steps


@pytest.mark.parametrize("text", ["", ".", ".a", "a.", "a..b", "a[x]", "a[-1]", "a]", 'a"b', '"a', "a[0]b", "a.[0]"])
def test_no_paths(text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        parse_path(text)


@given(st.tuples(st.text(), st.one_of(st.text(), st.integers(0, 999_999_999))) | st.tuples(st.text()))
def test_a_path_that_was_written_is_read_again(steps):
    assert parse_path(write_path(steps)) == steps


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
