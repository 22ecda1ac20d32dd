"""A filter gets only so much time: one that takes more is not asked until it has saved up for it, and an honest one always is."""

import itertools

import pytest

from casbd.filters import bounded as module
from casbd.filters.bounded import Answer, Bounded, of_activities, of_alerts
from casbd.filters.effort import TooCostly
from casbd.filters.tree import AnyOf, Condition
from casbd.model.activity import Activity
from tests.filters.test_alert_fields import ALERT


class Time:
    """The thread's and the clock on the wall; asking takes as long as a test says."""

    def __init__(self):
        self.cpu = self.wall = 100.0

    def passes(self, seconds):
        self.wall += seconds

    def works(self, seconds):
        self.cpu += seconds
        self.wall += seconds


@pytest.fixture
def time(monkeypatch):
    time = Time()
    monkeypatch.setattr("casbd.filters.effort.thread_cpu", lambda: time.cpu)
    monkeypatch.setattr(module, "monotonic", lambda: time.wall)
    return time


def taking(time, seconds, characters=0):
    def make(_):
        return lambda _: time.works(seconds) or True

    return Bounded(make, lambda _: characters)


@pytest.mark.parametrize("characters", [0, 1_000_000])
def test_a_dear_one_that_stays_within_its_time_is_always_asked(time, characters):
    meets = taking(time, module.EACH_SECONDS + characters * module.CHARACTER_SECONDS, characters)
    for _ in range(100_000):
        assert meets.of([None] * 2) == [True, True]


def test_one_that_takes_more_is_not_asked_until_it_has_saved_up(time):
    meets = taking(time, 0.3)
    assert [meets.answer(None) for _ in range(6)] == [Answer.YES] * 4 + [Answer.UNDECIDED] * 2
    with pytest.raises(TooCostly):
        meets(None)
    time.passes(0.9 * module.SECONDS / module.SHARE)
    assert meets.answer(None) is Answer.UNDECIDED, "else it would be asked again and again, each time for nothing"
    time.passes(0.3 * module.SECONDS / module.SHARE)
    assert meets.answer(None) is Answer.YES


def test_in_the_long_run_it_has_a_small_part_of_the_time(time):
    meets = taking(time, 0.05)
    begun = time.cpu
    while time.wall < 10_000:
        meets.answer(None)
        time.passes(0.1)
    assert time.cpu - begun < 1.1 * module.SHARE * 10_000


def test_one_that_is_rarely_asked_may_take_long(time):
    meets = taking(time, 0.5)
    for _ in range(1000):
        assert meets(None)
        time.passes(0.5 / module.SHARE)


def test_what_says_before_that_it_takes_long_is_ended_in_the_middle(monkeypatch):
    """Each look at the clock takes a hundredth of a second, and between two of them only so much is done."""
    ticks = itertools.count()
    monkeypatch.setattr("casbd.filters.effort.thread_cpu", lambda: next(ticks) / 100)
    meets = of_activities(Condition("raw", "substring", tuple(f"y{one}" for one in range(3000))), lambda: 0)
    assert meets.answer(Activity(0, "1", raw="x" * 1_000_000)) is Answer.UNDECIDED


def test_alerts_are_asked_as_activities_are():
    either = AnyOf((Condition("app", "eq", ("Okta",)), Condition("severity", "eq", (ALERT.severity,))))
    assert of_alerts(either, lambda: 0)(ALERT)
    assert not of_alerts(Condition("app", "eq", ("Okta",)), lambda: 0)(ALERT)
