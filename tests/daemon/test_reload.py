"""A reload inside a running service: nothing of what it replaces is kept."""

import gc
import sqlite3
import weakref
from contextlib import ExitStack

import pytest
from builders import reload

from casbd.clock import now
from casbd.daemon import reload_thread
from casbd.daemon.service import start
from casbd.store.state import replays

RULE = "name: failed\nfilters: {activity_type: {eq: Failed log on}, user: {matches: 'a+b'}}\n"
SIGMA = "title: T\nlogsource: {product: aws}\ndetection: {s: {eventName: x}, condition: s}\nlevel: high\n"


@pytest.fixture
def running(tmp_path, monkeypatch):
    monkeypatch.setattr(reload_thread, "LEAST_REST", 0.0)
    monkeypatch.setattr(reload_thread, "SHARE", 1)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text(RULE)
    (tmp_path / "rules" / "sigma.yaml").write_text(SIGMA)
    (tmp_path / "casbd.yaml").write_text("state_dir: state\nrules: [rules]\ninputs: [{name: a, path: in/*}]\n")
    with ExitStack() as undo:
        # A little ahead: what was written a moment ago may else be half of it, and is read once more.
        yield start(tmp_path / "casbd.yaml", undo, once=True, clock=lambda: now() + 1000)


@pytest.mark.parametrize("broken", [False, True])
def test_nothing_is_kept_of_what_was_replaced(running, tmp_path, broken):
    gc.disable()  # so that nothing goes by chance
    try:
        old = []
        for number in range(3):
            if broken:
                (tmp_path / "rules" / "own.yaml").write_text(f"name: {number}\n")
            else:
                old.append(weakref.ref(running.parts.engine))
                old.append(weakref.ref(running.parts.engine.matcher))
            reload(running)
            assert running.status.reloaded.ok is not broken
        assert [ref() for ref in old] == [None] * len(old)
        assert gc.collect() < 500
    finally:
        gc.enable()


def test_a_commit_that_takes_long_feeds_the_watchdog(running):
    assert running.parts.pipeline._alive == running.parts.notifier.alive


def test_the_files_with_mistakes_are_read_again_when_they_change_and_not_before(tmp_path, running):
    new = tmp_path / "rules" / "new.yaml"
    new.write_text("name: 1\n")
    running.reload.ask_if_changed()
    assert running.reload.is_under_way
    reload(running)
    assert not running.status.reloaded.ok
    running.reload.ask_if_changed()
    assert not running.reload.is_under_way
    new.write_text(RULE.replace("failed", "new"))
    running.reload.ask_if_changed()
    assert running.reload.is_under_way
    reload(running)
    assert running.status.reloaded.added == ("new",)


def test_an_output_that_is_new_asks_for_what_is_stored(running, tmp_path):
    with (tmp_path / "casbd.yaml").open("a") as file:
        file.write("outputs: [{name: siem, type: file, path: alerts, from: beginning}, {name: late, type: file, path: late}]\n")
    for _ in range(2):
        reload(running)
        assert [one.destination for one in replays.waiting(running.parts.store.connection)] == ["siem"]
    assert replays.begun(running.parts.store.connection) == {"siem", "late"}


@pytest.fixture
def told(running, monkeypatch):
    """The first of what systemd is told at once."""
    told = []
    monkeypatch.setattr(running.parts.notifier, "send", lambda *lines: told.append(lines[0]))
    return told


@pytest.mark.parametrize("text", [RULE, "name: 1\n"])
def test_systemd_is_told_when_it_begins_and_when_it_is_over(running, tmp_path, told, text):
    (tmp_path / "rules" / "own.yaml").write_text(text)
    reload(running)
    assert told == ["RELOADING=1", "READY=1"]


def test_one_that_cannot_be_stored_is_tried_again(running, told, monkeypatch):
    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(running.parts.pipeline, "use", full)
        with pytest.raises(sqlite3.OperationalError):
            reload(running)
    assert told == ["RELOADING=1", "READY=1"]
    assert running.status.reloaded.at is None, "nobody is told that it is done"
    assert running.reload.is_under_way
    reload(running)
    assert running.status.reloaded.ok
    assert told == ["RELOADING=1", "READY=1"] * 2


@pytest.mark.parametrize("line", ["state_dir: other", "workers: 2", "metrics: {port: 9}", "log_level: warning"])
def test_what_takes_effect_at_the_next_start_is_said(running, tmp_path, caplog, line):
    path = tmp_path / "casbd.yaml"
    kept = [one for one in path.read_text().splitlines() if not line.startswith(one.split(":")[0])]
    path.write_text("\n".join([*kept, line]) + "\n")
    reload(running)
    assert running.status.reloaded.ok
    said = [text for text in caplog.messages if "next start" in text]
    assert said == ["a new state_dir, metrics or workers takes effect at the next start"] * ("log_level" not in line)


def test_a_refused_one_changes_nothing(running, tmp_path):
    engine = running.parts.engine
    (tmp_path / "rules" / "own.yaml").write_text("name: 1\n")
    reload(running)
    assert running.parts.engine is engine
    (tmp_path / "rules" / "own.yaml").write_text(RULE)
    reload(running)
    assert running.status.reloaded.ok


def test_a_change_asks_for_one_and_no_more(running, tmp_path):
    running.reload.ask_if_changed()
    reload(running)
    assert not running.reload.is_under_way
    (tmp_path / "rules" / "own.yaml").write_text(RULE.replace("failed", "other"))
    running.reload.ask_if_changed()
    assert running.reload.is_under_way


def test_one_that_a_bug_breaks_is_told_and_the_last_configuration_stays(running, monkeypatch):
    engine = running.parts.engine
    with monkeypatch.context() as broken:
        broken.setattr("casbd.daemon.reload.Engine", lambda _: 10**400 / 2)
        reload(running)
    assert running.parts.engine is engine
    assert "internal error: OverflowError" in running.status.reloaded.mistakes[0]
    reload(running)
    assert running.status.reloaded.ok
