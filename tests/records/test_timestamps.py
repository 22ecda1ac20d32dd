"""Times as exports write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.records import timestamps

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MARCH = 1_617_021_524_000
"""2021-03-29T12:38:44Z"""


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("2021-03-29T12:38:44", MARCH),
        ("2021-03-29T12:38:44Z", MARCH),
        ("2021-03-29 12:38:44", MARCH),
        (" 2021-03-29T12:38:44 ", MARCH),
        ("2021-03-29T12:38:44.1234567", MARCH + 123),
        ("2021-03-29T12:38:44.9999999Z", MARCH + 999),
        ("2021-03-29T12:38:44.5", MARCH + 500),
        ("2021-03-29T14:38:44+02:00", MARCH),
        ("2021-03-29T18:08:44.25+05:30", MARCH + 250),
        ("2021-03-29T12:38", MARCH - 44_000),
        ("2021-03-29", MARCH - 44_000 - 38 * 60_000 - 12 * 3_600_000),
        ("2021-03-29T18+05:30", MARCH - 44_000 - 8 * 60_000),
    ],
)
def test_forms(text, milliseconds):
    assert timestamps.parse(text) == milliseconds


NOVEMBER = 1_795_169_101_000
"""2026-11-20T10:05:01Z"""


@pytest.mark.parametrize(
    "text",
    [
        "/Date(1795169101000)/",
        r"\/Date(1795169101000)\/",
        "/Date(1795169101000+0200)/",
        r"\/Date(1795169101000-0800)\/",
        "Date(1795169101000)",
        "11/20/2026, 10:05:01 AM",
        "11/20/2026 10:05:01.000 AM",
        "11/20/2026, 10:05:01\u202fAM",
        "\u200e11/\u200e20/\u200e2026, 10:05:01 a.m.",
        "Nov 20 2026 10:05:01",
        "Nov 20 2026 10:05:01.000 UTC",
        "Nov 20 2026 03:05:01 GMT-07:00",
        "Nov 20 2026 05:05:01 EST",
        "Nov 20 2026 11:05:01.000 CET",
        "Nov 20 2026 12:05:01 CEST",
        "Nov 20 2026 11:05:01 Europe/Oslo",
        "November 20, 2026 at 10:05:01 AM",
        "Friday, November 20, 2026 10:05:01 AM",
        "Fri, 20 Nov 2026 10:05:01 +0000",
        "Fri, 20 Nov 2026 10:05:01 GMT",
        "Fri Nov 20 10:05:01 2026",
        "Fri Nov 20 05:05:01 EST 2026",
        "Fri Nov 20 2026 11:05:01 GMT+0100 (Central European Standard Time)",
        "20/Nov/2026:12:05:01 +0200",
        "20-Nov-2026 10:05:01",
        "2026/11/20 10:05:01",
        "2026-11-20 10:05:01 UTC",
        "2026-11-20 10:05:01.000 +0000 UTC",
        "2026-11-20 03:05:01 -0700",
        "20261120T100501Z",
    ],
)
def test_other_forms(text):
    assert timestamps.parse(text) == NOVEMBER
    assert timestamps.read(text) == NOVEMBER


@pytest.mark.parametrize(
    ("text", "clock"), [("12:00:00 AM", "00:00"), ("12:05 PM", "12:05"), ("1:05:00.123 PM", "13:05"), ("11:59:59 PM", "23:59")]
)
def test_the_clock_of_twelve_hours(text, clock):
    assert timestamps.iso(timestamps.parse(f"11/20/2026, {text}"))[11:16] == clock


def test_a_zone_that_the_text_tells_counts_more_than_a_given_one():
    zone = timezone(timedelta(hours=2))
    for text in ("Nov 20 2026 12:05:01", "11/20/2026, 12:05:01 PM", "2026-11-20T12:05:01", "2026-11-20T10:05:01Z", "1795169101"):
        assert timestamps.read(text, zone) == NOVEMBER
    assert timestamps.read("Nov 20 2026 05:05:01 EST", zone) == NOVEMBER


def test_the_other_forms_are_read_to_the_millisecond():
    assert timestamps.parse("11/20/2026, 10:05:01.123 AM") == timestamps.parse("Nov 20 2026 10:05:01.1239999") == NOVEMBER + 123


@pytest.mark.parametrize(("nano", "milliseconds"), [({"nano": 88_000_000}, 88), ({"nano": 999_999_999}, 999), ({}, 0)])
def test_javas_instants(nano, milliseconds):
    assert timestamps.read({"epochSecond": MARCH // 1000} | nano) == MARCH + milliseconds


NONE = [None, True, [], {}, {"value": 1}, {"value": {"value": "2026-11-20"}}, b"2026-11-20", "12345678"]
NONE += [{"epochSecond": "1617021524"}, {"epochSecond": 0}, {"epochSecond": MARCH // 1000, "nano": "x"}]


@pytest.mark.parametrize("value", NONE)
def test_values_that_are_no_time(value):
    with pytest.raises(ValueError):  # noqa: PT011  the standard library words some of them
        timestamps.read(value)


@given(st.text(max_size=90) | st.text(alphabet="0123456789/:,. +-APMDateNovZGT()\\", max_size=90))
def test_any_text_is_a_time_or_a_value_error(text):
    try:
        assert timestamps.OLDEST <= timestamps.read(text) < timestamps.NEWEST
    except ValueError:
        return


@pytest.mark.parametrize(
    "text",
    [
        "20/11/2026, 1:05:00 PM",
        "11/20/2026 13:05",
        "11/20/2026, 13:05:00 PM",
        "11/20/2026, 0:05:00 AM",
        "Nov 20 10:05:01",
        "Nov 31 2026 10:05:01",
        "Xyz 20 2026 10:05:01",
        "Nov 20 2026 10:05:01 IST",
        "Nov 20 2026 10:05:01 GMT-99:00",
        "Nov 20 2026 10:05:01 ../../etc/passwd",
        "Nov 20 2026 10:05:01 2026",
        "Nov 20 2026" + " " * 100 + "10:05:01",
        "/Date(12)/",
        "/Date(-1795169101000)/",
        "11/20/26, 1:05 PM",
        "",
        "yesterday",
        "Not Available",
        "2021-02-30T00:00:00",
        "2021-03-29T25:00:00",
        "2021-03-29T12:60:00",
        "2021-03-29T12:38:60",
        "20210329T123844Z:05",
        "1999-12-31T23:59:59",
        "2100-01-01T00:00:00",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "\ud800",
        "２０２１-03-29T12:38:44",
        "1" * 100_000,
    ],
)
def test_anything_else_is_no_time(text):
    with pytest.raises(ValueError):  # noqa: PT011  the standard library words some of them
        timestamps.parse(text)


@given(
    st.integers(timestamps.OLDEST + 86_400_000, timestamps.NEWEST - 86_400_001),
    st.none() | st.integers(-23 * 60, 23 * 60),
    st.sampled_from(["T", " "]),
)
def test_every_millisecond_in_every_zone(moment, minutes, separator):
    zone = UTC if minutes is None else timezone(timedelta(minutes=minutes))
    text = (EPOCH + timedelta(milliseconds=moment)).astimezone(zone).isoformat(separator, "milliseconds")

    assert timestamps.parse(text) == moment
    if minutes is None:
        assert timestamps.parse(text.removesuffix("+00:00")) == moment


@given(st.integers(timestamps.OLDEST, timestamps.NEWEST - 1))
def test_numbers_are_seconds_or_milliseconds(moment):
    assert timestamps.from_epoch(moment) == moment
    assert timestamps.from_epoch(moment / 1000) == moment


@pytest.mark.parametrize("number", [0, -1, 1, 10**400, float("nan"), float("inf"), float("-inf"), timestamps.NEWEST])
def test_numbers_that_are_no_time(number):
    with pytest.raises(ValueError, match="is not between 2000 and 2100"):
        timestamps.from_epoch(number)


def test_the_memory_of_minutes_is_bounded(monkeypatch):
    monkeypatch.setattr(timestamps, "_minutes", {str(n): 0 for n in range(100_001)})
    timestamps.parse("2021-03-29T12:38:44")
    assert len(timestamps._minutes) == 1
