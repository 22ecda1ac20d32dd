"""Reloads: one at a time, beside the work, and no more of them than leave time for it."""

import threading

import pytest

from casbd.daemon.reload_thread import LEAST_REST, LONG, LONGEST_REST, SHARE, ReloadThread
from casbd.errors import Mistakes


class Building:
    """What is built: numbers, each as soon as the test lets it. now: seconds."""

    def __init__(self):
        self.now = 0.0
        self.built = 0
        self.fails = None
        self.may = threading.Semaphore(0)
        self.done = threading.Semaphore(0)
        self.reloading = ReloadThread(self._build, self.done.release, lambda: self.now)

    def _build(self):
        assert self.may.acquire(timeout=20)
        if self.fails is not None:
            raise self.fails
        self.built += 1
        return self.built

    def finish(self):
        self.may.release()
        assert self.done.acquire(timeout=20)


@pytest.fixture
def building():
    return Building()


def test_is_built_beside_the_work_and_taken_once(building):
    reloading = building.reloading
    assert not reloading.begin()
    reloading.ask()
    assert reloading.is_due
    assert reloading.begin()
    assert (reloading.take(), reloading.is_due, reloading.is_under_way) == (None, False, True)
    building.finish()
    assert reloading.is_due
    assert reloading.take() == 1
    assert (reloading.take(), reloading.is_under_way) == (None, False)


def test_what_is_asked_meanwhile_is_read_once_more(building):
    reloading = building.reloading
    reloading.ask()
    reloading.begin()
    for _ in range(1000):
        reloading.ask()
        assert not reloading.begin()
    building.finish()
    reloading.take()
    reloading.finished()
    building.now += LEAST_REST
    assert reloading.begin()
    building.finish()
    assert reloading.take() == 2
    reloading.finished()
    building.now += LONGEST_REST
    assert not reloading.begin()


@pytest.mark.parametrize("seconds", [0.01, 2, 10, 100])
def test_reloads_leave_time_for_the_work(building, seconds):
    reloading = building.reloading
    reloading.ask()
    reloading.begin()
    building.now += seconds
    building.finish()
    reloading.take()
    reloading.finished()
    reloading.ask()
    rest = min(max(seconds * (SHARE - 1), LEAST_REST), LONGEST_REST)
    building.now += rest - 0.01
    assert (reloading.is_due, reloading.begin()) == (False, False)
    building.now += 0.02
    assert (reloading.is_due, reloading.begin()) == (True, True)
    building.finish()


@pytest.mark.parametrize("error", [Mistakes([]), ZeroDivisionError(), OSError(), SystemExit()])
def test_what_is_raised_is_raised_where_it_is_taken(building, error):
    building.fails = error
    building.reloading.ask()
    building.reloading.begin()
    building.finish()
    with pytest.raises(type(error)):
        building.reloading.take()
    assert not building.reloading.is_under_way


def test_one_that_takes_long_is_told_once(building, caplog):
    building.reloading.ask()
    building.reloading.begin()
    building.now = LONG
    building.reloading.begin()
    assert not caplog.messages
    building.now += 1
    building.reloading.begin()
    building.reloading.begin()
    assert caplog.messages == ["a reload takes long; casbd goes on with what it has"]
    building.finish()
