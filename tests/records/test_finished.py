"""What every activity has before anybody looks at it."""

from casbd.model.activity import Activity
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
