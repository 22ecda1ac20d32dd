"""Times as exports write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.wire import timestamps

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


@pytest.mark.parametrize(
    "text",
    [
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
