"""The session of a record is the same, whether it is picked or the whole record is read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.habits import session_ids
from casbd.model.activity import Activity
from casbd.records import picking
from casbd.records.record_path import RawReader, find, parse_path

FIELDS = ("raw.Context.Session", "raw.SessionId", "raw.one.two.three")
KEYS = st.sampled_from(
    ["Context", "context", "SessionId", "sessionid", "ſessionId", "one", "Session", "session", "two", "three", "Name", "Value"]
)
VALUES = st.recursive(
    st.sampled_from(["", "a", "SessionId", '"SessionId"', '{"Session": "inside"}', 7, 1.5, None, True, "é", "\ud800"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def expected(record):
    for field in FIELDS:
        values = find(json.loads(record, parse_float=str), parse_path(field[4:]))
        if len(values) == 1 and isinstance(values[0], str) and values[0]:
            return values[0]
    return None


@given(record=st.dictionaries(KEYS, VALUES, max_size=4), ascii_only=st.booleans())
def test_it_is_the_same_as_that_of_the_whole_record(record, ascii_only):
    raw = json.dumps(record, ensure_ascii=ascii_only)
    assert session_ids.session_ids(FIELDS)(Activity(raw=raw), RawReader()) == expected(raw)


@pytest.mark.parametrize(
    ("record", "session"),
    [
        ({"Context": {"Session": "s"}}, "s"),
        ({"Context": {"session": "s"}}, "s"),
        ({"CONTEXT": {"Session": "s"}, "SessionId": "other"}, "s"),
        ({"Context": '{"Session": "s"}'}, "s"),
        ({"Context": {"Session": ""}, "SessionId": "t"}, "t"),
        ({"Context": {"Session": 7}}, None),
        ({"Properties": [{"Name": "SessionId", "Value": "s"}]}, None),
        ({"Properties": [{"Name": "SessionId", "Value": "s"}], "sessionid": "t"}, "t"),
        ({"one": {"two": {"three": "s"}}}, "s"),
    ],
)
def test_what_is_written_otherwise_is_found_too(record, session):
    raw = json.dumps(record)
    assert session_ids.session_ids(FIELDS)(Activity(raw=raw), RawReader()) == session == expected(raw)


@pytest.mark.skipif(not picking.COMPILED, reason="nothing can be picked")
def test_of_usual_records_nothing_else_is_read():
    class Nothing:
        def find(self, text, path):
            raise AssertionError(path)

    raw = json.dumps({"Id": "1", "Context": {"Session": "s"}})
    assert session_ids.session_ids(FIELDS)(Activity(raw=raw), Nothing()) == "s"


def test_fields_are_read_as_they_are():
    assert session_ids.session_ids(("app", "raw.SessionId"))(Activity(app="Okta"), RawReader()) == "okta"
