"""The time of a record, as vendors and their tools write it."""

import pytest

from casbd.errors import BadRecord
from casbd.formats._times import time_of

MOMENT = 1_769_860_800_123
"""2026-01-31T12:00:00.123Z"""


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-31T12:00:00.123Z",
        "2026-01-31T13:00:00.1239999+01:00",
        1_769_860_800_123,
        1_769_860_800.123,
        "1769860800123",
        "1769860800.123",
        1_769_860_800_123_456,
        "1769860800123456789",
    ],
)
def test_of_any_form(written):
    assert time_of("when", written) == MOMENT


@pytest.mark.parametrize("written", [None, True, [], {}, "", "soon", "0", "-1", "946684799", 1e30, float("nan"), "9" * 19])
def test_of_none(written):
    with pytest.raises(BadRecord, match="when"):
        time_of("when", written)
