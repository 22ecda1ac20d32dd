"""How the loop behaves when a batch cannot be stored."""

import sqlite3
from contextlib import ExitStack

import pytest
from builders import record

from casbd.daemon import loop
from casbd.daemon.service import start


@pytest.fixture
def running(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/log").write_bytes(record() + b"\n")
    (tmp_path / "casbd.yaml").write_text("state_dir: state\ninputs: [{name: in, path: in/*, format: m365}]\n")
    with ExitStack() as undo:
        yield start(tmp_path / "casbd.yaml", undo)


def test_it_tries_again_at_longer_and_longer_intervals(running, monkeypatch):
    def full(_):
        raise sqlite3.OperationalError("database or disk is full")

    pauses = []
    monkeypatch.setattr(running.loop, "pause", pauses.append)
    with monkeypatch.context() as broken:
        broken.setattr(running.parts.pipeline, "commit", full)
        for _ in range(6):
            assert not running.loop.commit([])
    assert pauses == [1, 2, 4, 8, 10, 10] == [*pauses[:-1], loop.MAX_BACKOFF_SECONDS]
    assert running.loop.commit([])
    monkeypatch.setattr(running.parts.pipeline, "commit", full)
    running.loop.commit([])
    assert pauses[-1] == loop.MIN_BACKOFF_SECONDS
