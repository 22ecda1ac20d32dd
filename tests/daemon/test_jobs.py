"""When periodic jobs are due."""

import pytest

from casbd.daemon.jobs import Schedule


class Uptime:
    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def uptime():
    return Uptime()


def test_each_is_due_when_its_time_has_passed(uptime):
    often, rarely = (lambda: None), (lambda: None)
    schedule = Schedule([(often, 1), (rarely, 10)], uptime)
    assert (schedule.due(), schedule.wait()) == ([], 1)
    uptime.seconds += 1
    assert (schedule.wait(), schedule.due(), schedule.wait()) == (0, [often], 1)
    uptime.seconds += 9
    assert (schedule.due(), schedule.due()) == ([often, rarely], [])


def test_what_was_missed_comes_once(uptime):
    def job():
        pass

    schedule = Schedule([(job, 1)], uptime)
    uptime.seconds += 3600
    assert (schedule.due(), schedule.wait()) == ([job], 1)
