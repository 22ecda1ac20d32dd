"""Quiet hours: when they hold, and when they are over."""

from datetime import UTC, datetime

import pytest

from casbd.documents.quiet_hours import QuietHours


def end_of(written: str, now: str) -> str | None:
    end = QuietHours.read(written).end_of(int(datetime.fromisoformat(now).timestamp() * 1000))
    return None if end is None else datetime.fromtimestamp(end / 1000, UTC).strftime("%d %H:%M")


@pytest.mark.parametrize(
    ("written", "now", "expected"),
    [
        ("22:00-07:00", "2026-01-10T21:59:59Z", None),
        ("22:00-07:00", "2026-01-10T22:00:00Z", "11 07:00"),
        ("22:00-07:00", "2026-01-11T06:59:59Z", "11 07:00"),
        ("22:00-07:00", "2026-01-11T07:00:00Z", None),
        ("12:00-13:30", "2026-01-11T13:29:00Z", "11 13:30"),
        ("12:00-13:30", "2026-01-11T13:30:00Z", None),
        ("22:00-07:00 Europe/Oslo", "2026-01-10T21:30:00Z", "11 06:00"),
        ("22:00-07:00 Europe/Oslo", "2026-07-10T20:30:00Z", "11 05:00"),
        ("22:00 - 07:00 America/St_Johns", "2026-01-11T05:00:00Z", "11 10:30"),
        ("22:00-02:30 Europe/Oslo", "2026-03-28T22:00:00Z", "29 01:30"),  # 02:30 is not there that night
    ],
)
def test_quiet(written, now, expected):
    assert end_of(written, now) == expected


@pytest.mark.parametrize(
    "written", ["", "22-07", "24:00-07:00", "22:00-22:00", "22:00-07:00 Mars/Olympus", "22:00-07:00 ../etc/passwd", "a"]
)
def test_no_quiet_hours(written):
    with pytest.raises(ValueError, match=r"quiet hours|same time|no time zone"):
        QuietHours.read(written)


def test_when_clocks_are_set_back_it_ends_all_the_same():
    hours = QuietHours.read("22:00-02:30 Europe/Oslo")
    now = int(datetime(2026, 10, 25, 1, 10, tzinfo=UTC).timestamp() * 1000)  # 02:10 for the second time
    assert now < (hours.end_of(now) or 0) <= now + 3_600_000
