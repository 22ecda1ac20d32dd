"""Times on the command line: absolute and relative, of any zone, and days as the end of a span."""

import pytest

from casbd.cli._times import milliseconds
from casbd.records.timestamps import iso

NOW = 1_774_737_000_000
"""2026-03-28T22:30:00Z, when it is 23:30 in Oslo; the night after, clocks go forward there."""


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("now", "2026-03-28T22:30:00.000Z", None),
        ("-45s", "2026-03-28T22:29:15.000Z", None),
        ("-30m", "2026-03-28T22:00:00.000Z", None),
        ("-12h", "2026-03-28T10:30:00.000Z", None),
        ("-7d", "2026-03-21T22:30:00.000Z", None),
        ("-4w", "2026-02-28T22:30:00.000Z", None),
        ("today", "2026-03-28T00:00:00.000Z", "2026-03-28T23:59:59.999Z"),
        ("yesterday", "2026-03-27T00:00:00.000Z", "2026-03-27T23:59:59.999Z"),
        ("today Asia/Tokyo", "2026-03-28T15:00:00.000Z", "2026-03-29T14:59:59.999Z"),
        ("2026-01-31", "2026-01-31T00:00:00.000Z", "2026-01-31T23:59:59.999Z"),
        (" 2026-01-31 ", "2026-01-31T00:00:00.000Z", "2026-01-31T23:59:59.999Z"),
        ("2026-03-29 Europe/Oslo", "2026-03-28T23:00:00.000Z", "2026-03-29T21:59:59.999Z"),
        ("2026-01-31 +01:00", "2026-01-30T23:00:00.000Z", "2026-01-31T22:59:59.999Z"),
        ("2026-01-31T12:00", "2026-01-31T12:00:00.000Z", None),
        ("2026-01-31 12:00", "2026-01-31T12:00:00.000Z", None),
        ("2026-01-31T12:00:00.5Z", "2026-01-31T12:00:00.500Z", None),
        ("2026-01-31T12:00+01:00", "2026-01-31T11:00:00.000Z", None),
        ("2026-01-31T12:00 +0100", "2026-01-31T11:00:00.000Z", None),
        ("2026-01-31T12:00 Europe/Oslo", "2026-01-31T11:00:00.000Z", None),
        ("2026-07-31 12:00 Europe/Oslo", "2026-07-31T10:00:00.000Z", None),
        ("2026-01-31T12:00 UTC", "2026-01-31T12:00:00.000Z", None),
    ],
)
def test_what_can_be_written(text, begin, end):
    assert iso(milliseconds(text, NOW)) == begin
    assert iso(milliseconds(text, NOW, end=True)) == (end or begin)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "some day",
        "7d",
        "-7",
        "-7y",
        "-1.5d",
        "tomorrow",
        "2026-02-30",
        "2026-01-31T25:00",
        "2026-01-31T12:00 Europe/Nowhere",
        "2026-01-31T12:00 ../../etc/passwd",
        "2026-01-31T12:00 Europe",
        "2026-01-31T12:00Z Europe/Oslo",
        "2026-01-31 +99:00",
        "9999-12-31 x",
        "2026-01-31T12:00 Europe/Oslo please",
    ],
)
def test_what_cannot(text):
    with pytest.raises(ValueError, match="is no time; write 2026-01-31, "):
        milliseconds(text, NOW)


def test_the_last_day_there_is_has_no_end():
    with pytest.raises(ValueError, match="is no time"):
        milliseconds("9999-12-31", NOW, end=True)
