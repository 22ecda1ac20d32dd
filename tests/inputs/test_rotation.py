"""Rotation: nothing of the rotated file is lost, nothing is read twice, and the old content comes before the new one."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from casbd.inputs.discovery import Discovery
from casbd.inputs.followed_input import FollowedInput
from tests.inputs.test_follow import line, write


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "x.log"


def copytruncate(path: Path, to: str) -> None:
    shutil.copyfile(path, path.with_name(to))
    os.truncate(path, 0)


def compress(path: Path, to: str, how: Callable[[bytes], bytes] = gzip.compress) -> None:
    path.with_name(to).write_bytes(how(path.read_bytes()))
    path.unlink()


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("glob", ["x.log", "x.log*", "*"])
@pytest.mark.parametrize("read_before", [0, 5, 20])
@pytest.mark.parametrize("rotation", ["rename", "dated", "before the suffix", "copytruncate", "gz", "zst", "bz2", "xz"])
def test_rotation(reader, log, down, glob, read_before, rotation):
    """The unread rest of the rotated file is read once, and the new file from its start."""
    one = reader(glob)
    write(log, range(100, 100 + read_before))
    assert len(one.numbers()) == read_before
    if down:
        one.stop()
    write(log, range(200, 210))
    if rotation == "copytruncate":
        copytruncate(log, "x.log.1")
    else:
        name = {"dated": "x.log-20260131", "before the suffix": "x-2026.log"}.get(rotation, "x.log.1")
        if rotation == "before the suffix" and glob == "x.log*":
            name = "x.log.1"
        log.rename(log.with_name(name))
        how = {"gz": gzip.compress, "zst": zstandard.compress, "bz2": bz2.compress, "xz": lzma.compress}.get(rotation)
        if how:
            compress(log.with_name(name), f"{name}.{rotation}", how)
    write(log, range(300, 310))
    if down:
        one.start()
    # What was never seen under a name that the glob matches is nobody's.
    unseen = glob == "x.log" and not read_before and (down or rotation == "copytruncate")
    assert sorted(one.numbers()) == [*([] if unseen else range(200, 210)), *range(300, 310)]
    assert one.numbers() == []


def test_append_stop_append_rotate_append_start(reader, log):
    one = reader("x.log")
    write(log, range(30))
    assert one.numbers() == [*range(30)]
    one.stop()
    write(log, range(30, 50))
    log.rename(log.with_name("x.log.1"))
    write(log, range(50, 90))
    one.start()
    assert sorted(one.numbers()) == [*range(30, 90)]


def test_two_rotations_while_down(reader, log):
    one = reader("x.log")
    write(log, range(30))
    one.numbers()
    one.stop()
    write(log, range(30, 40))
    log.rename(log.with_name("x.log.2"))
    write(log, range(40, 50))
    log.rename(log.with_name("x.log.1"))
    compress(log.with_name("x.log.2"), "x.log.2.gz")
    write(log, range(50, 60))
    one.start()
    assert sorted(one.numbers()) == [*range(30, 60)]
    assert one.numbers() == []


def test_the_writer_goes_on_in_the_renamed_file(reader, log):
    one = reader("x.log")
    write(log, range(10))
    with log.open("ab") as late:
        one.numbers()
        log.rename(log.with_name("x.log.1"))
        assert one.numbers() == []
        late.write(line(10))
        late.flush()
        assert one.numbers() == [10]
        write(log, [11])
        late.write(line(12))
        late.flush()
        assert sorted(one.numbers()) == [11, 12]
        log.with_name("x.log.1").rename(log.with_name("x.log.2"))
        late.write(line(13))
        late.flush()
        assert one.numbers() == [13]
    one.stop()
    write(log.with_name("x.log.2"), [14])
    one.start()
    assert one.numbers() == [14]


@pytest.mark.parametrize("more", [50, 200, 500])
@pytest.mark.parametrize("down", [False, True])
def test_copytruncate_that_regrows_past_the_old_position(reader, log, more, down):
    one = reader("x.log")
    write(log, range(100))
    one.numbers()
    if down:
        one.stop()
    write(log, range(100, 110))
    copytruncate(log, "x.log.1")
    write(log, range(1000, 1000 + more))
    if down:
        one.start()
    assert sorted(one.numbers()) == [*range(100, 110), *range(1000, 1000 + more)]


def test_copytruncate_by_a_writer_that_does_not_append(reader, log):
    """It goes on at its old place: a hole of zero bytes is left before."""
    one = reader("x.log")
    with log.open("wb") as file:
        file.write(b"".join(map(line, range(1000))))
        file.flush()
        one.numbers()
        os.truncate(log, 0)
        file.write(line(1000))
        file.flush()
        assert one.numbers() == [1000]
        assert one.rejects == []


def test_a_rotated_file_that_is_compressed_later_is_not_read_twice(reader, log):
    for glob in ("x.log", "*"):
        one = reader(glob)
        write(log, range(10))
        one.numbers()
        log.rename(log.with_name("x.log.1"))
        write(log, range(10, 20))
        assert one.numbers() == [*range(10, 20)]
        compress(log.with_name("x.log.1"), "x.log.1.gz")
        assert one.numbers() == []
        one.stop()
        one.start()
        assert one.numbers() == []
        for path in log.parent.iterdir():
            path.unlink()


def same_time(*paths: Path) -> None:
    """As the kernel's clock ticks every few milliseconds only."""
    for path in paths:
        os.utime(path, (1_790_000_000, 1_790_000_000))


def once_after(monkeypatch, cls, method, do):
    """Do something when a method has been called for the first time, before anything else happens."""
    real, done = getattr(cls, method), []

    def called(*arguments):
        result = real(*arguments)
        if not done:
            done.append(True)
            do()
        return result

    monkeypatch.setattr(cls, method, called)


def test_a_copy_goes_before_what_was_written_after_it_in_the_same_tick(reader, log):
    write(log, range(10))
    copytruncate(log, "x.log.1")
    write(log, range(10, 20))
    same_time(log, log.with_name("x.log.1"))
    assert reader("x.log*").numbers() == [*range(20)]


def test_a_log_that_was_empty_when_it_was_found_does_not_overtake_its_copy(reader, log, monkeypatch):
    write(log, range(10))
    copytruncate(log, "x.log.1")
    same_time(log, log.with_name("x.log.1"))
    once_after(monkeypatch, FollowedInput, "scan", lambda: write(log, range(10, 20)))
    assert reader("x.log*").numbers() == [*range(20)]


def test_a_log_that_was_rotated_before_its_first_lines_were_seen(reader, log):
    log.touch()
    one = reader("x.log*")
    assert one.numbers() == []
    write(log, range(10))
    copytruncate(log, "x.log.1")
    write(log, range(10, 20))
    one.inputs._changes.modified(str(log))  # that of the copy's creation comes a moment later
    assert one.numbers() == [*range(20)]


def test_a_log_that_was_rotated_while_it_was_found(reader, log, monkeypatch):
    write(log, range(10))

    def rotate() -> None:
        copytruncate(log, "x.log.1")
        write(log, range(10, 20))

    once_after(monkeypatch, Discovery, "__init__", rotate)
    assert reader("x.log*").numbers() == [*range(20)]


def test_a_rotated_file_whose_content_another_one_went_on_with_is_not_read(reader, log):
    """What is in it was read there."""
    one = reader("x.log")
    write(log, range(50))
    one.numbers()
    one.stop()
    write(log, range(50, 60))
    log.rename(log.with_name("x.log.1"))
    write(log, range(100))
    one.start()
    assert one.numbers() == [*range(50, 100)]
    assert one.numbers() == []


@pytest.mark.parametrize(
    ("name", "days", "is_read"),
    [("x.log.1", 1, True), ("x.log-20260131", 1, True), ("x.log.1", -1, False), ("x-errors.log", 1, False), ("y.log.1", 1, False)],
)
def test_which_file_beside_a_lost_log_is_a_generation_that_was_missed(reader, log, name, days, is_read):
    """One of the same log, written since the lost one was last read."""
    one = reader("x.log")
    write(log, range(10))
    one.numbers()
    one.stop()
    log.unlink()
    write(log.with_name(name), range(100, 110))
    os.utime(log.with_name(name), (log.parent.stat().st_mtime + days * 86_400,) * 2)
    one.start()
    assert one.numbers() == ([*range(100, 110)] if is_read else [])


def test_a_log_that_is_just_being_compressed_is_waited_for(reader, log):
    """Nobody goes on with it: after a minute it is read as far as it goes, which loses nothing."""
    one = reader("x.log*")
    write(log, range(1000))
    one.numbers()
    log.rename(log.with_name("x.log.1"))
    one.read()
    compress(log.with_name("x.log.1"), "x.log.1.gz")
    whole = log.with_name("x.log.1.gz").read_bytes()
    log.with_name("x.log.1.gz").write_bytes(whole[: len(whole) // 2])
    assert one.numbers() == []
    clock = one.inputs._clock
    one.inputs._clock = lambda: clock() + 61_000
    assert one.numbers()[:3] == [0, 1, 2]
