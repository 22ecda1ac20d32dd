"""How long an input has been silent, whatever the clock is set to."""

import pytest

from casbd.daemon.silence import Silence

HOUR = 3_600_000
NOON = 1_800_000_000_000


@pytest.fixture
def uptime():
    return [100.0]


@pytest.fixture
def silence(uptime):
    return Silence(lambda: uptime[0])


def test_since_the_last_record_and_no_longer_than_casbd_runs(silence):
    assert silence.of("m365", NOON, NOON + HOUR, NOON - HOUR) == HOUR
    assert silence.of("m365", NOON, NOON + 3 * HOUR, NOON + HOUR) == 2 * HOUR


def test_a_clock_that_is_set_back_does_not_make_it_talk(silence, uptime):
    ahead = NOON + 365 * 24 * HOUR
    assert silence.of("m365", ahead, ahead, ahead) == 0
    uptime[0] += 7200
    assert silence.of("m365", ahead, NOON + 2 * HOUR, ahead) == 2 * HOUR
    assert silence.of("m365", NOON + 2 * HOUR, NOON + 2 * HOUR, ahead) == 0
