"""Reading CEF, also as careless senders write it; and what casbd writes, read again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.model.activity import Activity, ActivityObject
from casbd.records.cef_reading import parse
from casbd.wire import cef

LINE = r"2026-01-31T12:00:00.000Z host CEF:0|Vendor|A \| B|1.0|100|one \\ name|5|"


def test_header_and_extension():
    found = parse(LINE + r"src=203.0.113.7 msg=two words, a\=b and\nanother line cs1Label=page cs1=https://example.com/?x\=1")
    assert found[:7] == ("2026-01-31T12:00:00.000Z host", "Vendor", "A | B", "1.0", "100", "one \\ name", "5")
    assert found.extension["msg"] == "two words, a=b and\nanother line"
    assert found.extension["src"] == "203.0.113.7"
    assert found.labelled() == {"page": "https://example.com/?x=1"}


@pytest.mark.parametrize(
    ("extension", "expected"),
    [
        ("", {}),
        ("src= dvc=203.0.113.7", {"src": "", "dvc": "203.0.113.7"}),
        ("cs1=https://example.com/a?b=c&d=e msg=x", {"cs1": "https://example.com/a?b=c&d=e", "msg": "x"}),
        ("destinationServiceName =Box suser=a", {"destinationServiceName": "Box", "suser": "a"}),
        ("c6a1Label=\"Device IPv6 Address\" c6a1=2001:db8::1", {"c6a1Label": '"Device IPv6 Address"', "c6a1": "2001:db8::1"}),
        ("ad.key[0]=1 ad.key[1]=2", {"ad.key[0]": "1", "ad.key[1]": "2"}),
    ],
)  # fmt: skip
def test_extensions_as_senders_write_them(extension, expected):
    assert parse(LINE + extension).extension == expected


@pytest.mark.parametrize("text", ["", "CEF:0", "CEF:0|a|b|c", "no CEF at all", "CEF:0|a|b|c|d|e|f"])
def test_what_is_none(text):
    with pytest.raises(ValueError, match="CEF header"):
        parse(text)


TEXT = st.text(st.characters(exclude_categories=("C", "Z")) | st.sampled_from(" =|\\"), min_size=1, max_size=20).map(str.strip)


@given(user=TEXT, name=TEXT, profile=st.sampled_from(["casbd", "mcas"]))
def test_what_casbd_writes_is_read_again(user, name, profile):
    objects = (ActivityObject(None, name or "x", None, "target"),)
    activity = Activity(1767268800000, "id-1", "Log on", "UserLoggedIn", "Box", user=user, ip_address="2001:db8::1", objects=objects)
    found = parse(cef.activity(activity, profile=profile))
    assert (found.class_id, found.extension["rt"], found.extension["externalId"]) == ("EVENT_CATEGORY_LOGIN", "1767268800000", "id-1")
    assert found.extension.get("suser", "") == user
    assert "2001:db8::1" in found.extension.values()


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    for line in (text, LINE + text):
        try:
            parse(line)
        except ValueError:
            assert line == text
