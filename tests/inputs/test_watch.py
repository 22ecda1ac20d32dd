"""Being woken by real observers. The only tests here that wait, each for as short as it takes."""

from __future__ import annotations

import errno
import json
import logging
import threading
import time

import pytest

from casbd.clock import now
from casbd.inputs import Inputs
from casbd.inputs.changes import Changes
from casbd.inputs.watch import Watch
from casbd.model.chunk import InputSpec


@pytest.fixture
def watching(tmp_path):
    made = []

    def make(path: str, *, poll: bool = False) -> Inputs:
        inputs = Inputs([InputSpec(name="in", path=str(tmp_path / path), format="x", poll=poll)], [], lambda _: None, now)
        made.append(inputs)
        assert inputs.next_chunk() is None
        inputs.start_watching()
        return inputs

    yield make
    for inputs in made:
        inputs.close()


def following(inputs: Inputs, deadline: float = 10.0) -> list[int]:
    """What the next chunk has, woken as the pipeline is."""
    until = time.monotonic() + deadline
    while time.monotonic() < until:
        if chunk := inputs.next_chunk():
            return [json.loads(record)["n"] for record in chunk.records]
        inputs.wait(until - time.monotonic())
    return []


def test_a_line_is_there_a_few_milliseconds_after_it_was_written(watching, tmp_path):
    path = tmp_path / "x.log"
    path.touch()
    inputs = watching("x.log")
    latencies = []
    for n in range(20):
        with path.open("ab") as file:
            file.write(b'{"n":%d}\n' % n)
        written = time.monotonic()
        assert following(inputs) == [n]
        latencies.append(time.monotonic() - written)
    assert sorted(latencies)[len(latencies) // 2] < 0.5  # a few milliseconds, unless the machine is very busy


def test_new_files_renamed_files_and_new_directories(watching, tmp_path):
    inputs = watching("*/x.log")
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x.log").write_bytes(b'{"n":1}\n')
    assert following(inputs) == [1]
    (tmp_path / "a/x.log").rename(tmp_path / "a/x.log.1")
    (tmp_path / "a/x.log").write_bytes(b'{"n":2}\n')
    assert following(inputs) == [2]
    with (tmp_path / "a/x.log.1").open("ab") as file:
        file.write(b'{"n":3}\n')
    assert following(inputs) == [3]


def test_a_file_that_was_made_when_its_directory_had_been_looked_at_and_was_not_watched_yet(tmp_path, monkeypatch):
    """Not at the next full scan, five seconds later: a daemon that is ready reads what is written."""
    arm = Watch.arm

    def later(watch, directories):
        if directories := [*directories]:
            with (tmp_path / "x.log").open("a") as file:
                file.write('{"n":1}\n' * (not file.tell()))
        arm(watch, directories)

    monkeypatch.setattr(Watch, "arm", later)
    inputs = Inputs([InputSpec(name="in", path=str(tmp_path / "*.log"), format="x")], [], lambda _: None, now)
    inputs.start_watching()
    assert following(inputs, 4) == [1]
    inputs.close()


def test_polling(watching, tmp_path):
    inputs = watching("x.log", poll=True)
    (tmp_path / "x.log").write_bytes(b'{"n":1}\n')
    assert following(inputs) == [1]


def test_reading_wakes_nobody(watching, tmp_path):
    inputs = watching("x.log")
    (tmp_path / "x.log").write_bytes(b'{"n":1}\n')
    assert following(inputs) == [1]
    for _ in range(20):  # what is reported late of the writing leads to a scan or two
        while inputs.next_chunk():
            pass
        if not inputs.wait(0.05):
            return
    raise AssertionError("it wakes itself")


def test_wake_ends_a_wait(watching):
    inputs = watching("x.log")
    threading.Timer(0.01, inputs.wake).start()
    begun = time.monotonic()
    inputs.wait(4)
    assert time.monotonic() - begun < 3


def test_without_inotify_it_polls_and_says_so_once(tmp_path, monkeypatch, caplog):
    def refused() -> None:
        raise OSError(errno.EMFILE, "inotify instance limit reached")

    monkeypatch.setattr("casbd.inputs.watch._inotify", refused)
    (tmp_path / "a").mkdir()
    changes = Changes()
    watch = Watch(changes)
    with caplog.at_level(logging.WARNING):
        watch.arm([(str(tmp_path), False), (str(tmp_path / "a"), False)])
        watch.arm([(str(tmp_path), False), (str(tmp_path / "a"), False)])
    assert len(caplog.records) == 1
    changes.take()
    (tmp_path / "a/x").write_text("x")
    assert changes.wait(10)
    watch.close()


@pytest.mark.parametrize("poll", [False, True])
def test_exactly_the_directories_that_are_wanted_are_watched(tmp_path, poll):
    """Also one that was deleted and made again, whose old watch reports nothing any more."""
    directory, changes = tmp_path / "a", Changes()
    directory.mkdir()
    watch = Watch(changes)
    for number in range(2):
        watch.arm([(str(directory), poll)])
        changes.take()
        (directory / "x").write_text("x")
        assert changes.wait(10)
        another = tmp_path / f"another {number}"
        another.mkdir()  # before the other is gone, as its number may be given again at once
        (directory / "x").unlink()
        directory.rmdir()
        another.rename(directory)
    watch.arm([(str(directory), poll)])
    watch.arm([])
    changes.take()
    (directory / "x").write_text("x")
    assert not changes.wait(0.05)
    watch.close()
