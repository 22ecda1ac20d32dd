"""A month of the calendar."""

import pytest

from casbd.records.timestamps import iso
from casbd.reports.month import Month


def test_its_ends():
    month = Month.read("2026-12")
    assert (iso(month.since), iso(month.until)) == ("2026-12-01T00:00:00.000Z", "2026-12-31T23:59:59.999Z")
    assert (month.name, month.short, str(month)) == ("December 2026", "Dec", "2026-12")


@pytest.mark.parametrize(("months", "other"), [(1, "2027-01"), (-12, "2025-12"), (13, "2028-01"), (0, "2026-12")])
def test_months_later(months, other):
    assert str(Month(2026, 12).plus(months)) == other


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-00", "2026-1", "26-01", "2026-01-01", "٢٠٢٦-01"])
def test_no_month(text):
    with pytest.raises(ValueError, match="no month"):
        Month.read(text)


def test_of_a_moment():
    assert Month.of(Month(2026, 3).since - 1) == Month(2026, 2)
    assert Month.of(Month(2026, 3).since) == Month(2026, 3)
