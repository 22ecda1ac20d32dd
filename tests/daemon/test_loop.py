"""How the loop behaves when a batch is stored, and when it cannot be."""

import logging
import sqlite3
import time
from contextlib import ExitStack

import pytest
from builders import events, record

from casbd.daemon import loop
from casbd.daemon.service import start
from casbd.errors import CasbdError

EACH = "name: each\nfilters: {activity_type: {eq: Failed log on}}\n"


@pytest.fixture
def place(tmp_path):
    for folder in ("in", "rules"):
        (tmp_path / folder).mkdir()
    (tmp_path / "in/log").write_bytes(record() + b"\n")
    (tmp_path / "rules/each.yaml").write_text(EACH)
    (tmp_path / "casbd.yaml").write_text("state_dir: state\nrules: [rules]\ninputs: [{name: in, path: in/*, format: m365}]\n")
    return tmp_path


@pytest.fixture
def begin(place):
    """Starts one; ends it after the test."""
    with ExitStack() as undo:
        yield lambda **options: start(place / "casbd.yaml", undo, **options)


@pytest.fixture
def running(begin):
    return begin()


def full(_):
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    raise error


def busy(_):
    raise sqlite3.OperationalError("database is locked")


def test_it_tries_again_at_longer_and_longer_intervals(running, monkeypatch, caplog):
    pauses = []
    monkeypatch.setattr(running.loop, "pause", pauses.append)
    with monkeypatch.context() as broken:
        broken.setattr(running.parts.pipeline, "commit", full)
        for _ in range(6):
            assert not running.loop.commit([])
    assert pauses == [1, 2, 4, 8, 10, 10] == [*pauses[:-1], loop.MAX_BACKOFF_SECONDS]
    failed = ("ERROR", "a batch could not be stored; it will be read again", {"error": "database or disk is full"})
    assert events(caplog, "casbd.daemon.loop") == [failed] * 6
    assert running.loop.commit([])
    monkeypatch.setattr(running.parts.pipeline, "commit", full)
    running.loop.commit([])
    assert pauses[-1] == loop.MIN_BACKOFF_SECONDS


@pytest.mark.parametrize(("failure", "fed"), [(full, 1), (busy, 0)])
def test_the_watchdog_is_fed_where_a_new_start_would_not_help(running, monkeypatch, failure, fed):
    feeds = []
    monkeypatch.setattr(running.loop, "pause", lambda seconds: None)
    monkeypatch.setattr(running.parts.notifier, "alive", lambda: feeds.append(True))
    with monkeypatch.context() as broken:
        broken.setattr(running.parts.pipeline, "commit", failure)
        assert not running.loop.work()
    assert len(feeds) == fed
    assert running.loop.work(), "it is read again"
    assert len(feeds) == fed + 1


def test_the_watchdog_is_fed_while_reading_waits_for_a_destination(running, monkeypatch):
    """It may be down for days: a new start would not bring it back."""
    feeds, pauses = [], []
    monkeypatch.setattr(running.back_pressure, "is_on", lambda: True)
    monkeypatch.setattr(running.loop, "pause", pauses.append)
    monkeypatch.setattr(running.parts.notifier, "alive", lambda: feeds.append(True))
    assert not running.loop.work()
    assert (feeds, pauses) == ([True], [loop.TURN])


def test_a_run_to_the_end_ends_there(begin, monkeypatch):
    running = begin(once=True)
    monkeypatch.setattr(running.parts.pipeline, "commit", full)
    with pytest.raises(CasbdError, match=r"^a batch could not be stored: database or disk is full$"):
        running.loop.work()


def test_what_was_stored_is_said_and_delivered(running, monkeypatch, caplog):
    woken = []
    monkeypatch.setattr(running.parts.dispatcher, "wake", lambda: woken.append(True))
    caplog.set_level(logging.INFO)
    assert running.loop.work()
    assert ("INFO", "alerts raised", {"alerts": 1}) in events(caplog, "casbd.daemon.loop")
    assert woken == [True]
    assert not running.loop.work()
    assert woken == [True]


def test_progress_is_reported_now_and_then(begin, place, monkeypatch):
    passed, reports = [1000.0], []
    monkeypatch.setattr(loop, "monotonic", lambda: passed[0])
    running = begin(once=True, progress=lambda *numbers: reports.append(numbers))
    assert running.loop.work()
    size = (place / "in/log").stat().st_size
    assert reports == [(size, size, 1)]
    for seconds, number in ((0.25, 1), (0.1, 2), (0.2, 2)):
        passed[0] += seconds
        running.loop.commit([])
        assert reports == [(size, size, 1)] * number


class TestPause:
    def test_it_lasts_as_long_as_it_should(self, running):
        begun = time.monotonic()
        running.loop.pause(0.05)
        running.loop.pause(0.0)
        running.loop.pause(-1.0)
        assert 0.05 <= time.monotonic() - begun < 5  # a busy machine may take its time; without an end it would be 60

    def test_a_signal_ends_it(self, running):
        running.signals.stopping = True
        waits = []
        running.loop._pausing.wait = waits.append
        running.loop.pause(1000)
        assert waits == []

    def test_a_signal_is_seen_within_half_a_second(self, running):
        waits = []

        def wait(seconds):
            waits.append(seconds)
            running.signals.stopping = len(waits) == 3

        running.loop._pausing.wait = wait
        running.loop.pause(1000)
        assert waits == [0.5] * 3
