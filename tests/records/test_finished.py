"""What every activity has before anybody looks at it."""

import copy
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.model.activity import Activity, ActivityObject
from casbd.records import blanks, finished, long_texts
from casbd.records.finished import finish
from casbd.records.long_texts import LONGEST


def test_blanks_are_unknown_the_record_is_there_and_an_id():
    one, same = (Activity(activity_type="Log on", user=" \t") for _ in range(2))
    finish(one, b'{"a": 1}', '{"a": 1}')
    finish(same, b'{"a": 1}', '{"a": 1}')
    assert (one.user, one.raw) == (None, '{"a": 1}')
    assert one.activity_id == same.activity_id != ""


def test_what_the_format_told_stays():
    one = Activity(activity_id="1", raw="a record within another", user="a")
    finish(one, b"{}", "{}")
    assert (one.activity_id, one.raw, one.user) == ("1", "a record within another", "a")


def test_a_text_longer_than_any_name_is_bounded():
    one = Activity(activity_id="1", user="a" * (LONGEST + 1))
    record = b"x" * (LONGEST + 1)
    finish(one, record, record.decode())
    assert 0 < len(one.user or "") < LONGEST


TEXTS = st.none() | st.sampled_from(["", " ", "\u00a0", "\t\n", "x", " x", "\x7f", "é", "x" * LONGEST, "x" * (LONGEST + 1), "\ud800"])
FIELDS = [field for field in finished._FIELDS if field not in ("activity_id", "activity_type")]


def without_c(one, record):
    with patch.object(finished, "usual", lambda *_: False):
        finish(one, record, "raw")


@given(
    st.builds(
        Activity,
        activity_id=TEXTS.filter(lambda text: text not in (None, "\ud800")),
        activity_type=TEXTS.filter(lambda text: text is not None),
        objects=st.lists(st.builds(ActivityObject, TEXTS, TEXTS, TEXTS, TEXTS), max_size=3).map(tuple),
        **dict.fromkeys(FIELDS, TEXTS),
    ),
    st.sampled_from([b"{}", b"{}" * LONGEST]),
)
def test_c_and_python_finish_alike(activity, record):
    other = copy.copy(activity)
    finish(activity, record, "raw")
    without_c(other, record)
    assert activity == other


@pytest.mark.parametrize("field", finished._FIELDS)
def test_each_field_is_looked_at(field):
    for text in (" ", "x" * (LONGEST + 1)):
        one = Activity(activity_id="1")
        setattr(one, field, text)
        finish(one, b"x" * (LONGEST + 1), "raw")
        if field in (blanks.FIELDS if text == " " else long_texts.FIELDS):
            assert getattr(one, field) != text


def test_what_is_no_text_python_looks_at():
    c = pytest.importorskip("casbd.records._usual", reason="there was no compiler")
    assert not c.usual((5,), b"\0", LONGEST, (), ())
    with pytest.raises(IndexError):
        c.usual(("a",), b"\1", LONGEST, (), ())
