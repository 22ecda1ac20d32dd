"""Each step of following a file: nothing lost, and nothing read twice without need."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import resource
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from watchdog.events import FileModifiedEvent

from casbd.inputs.discovery import Discovery
from casbd.inputs.followed_input import FollowedInput
from casbd.model.chunk import InputSpec


def line(n: int) -> bytes:
    return json.dumps({"n": n, "padding": "x" * 150}).encode() + b"\n"


def write(path: Path, numbers: Iterable[int]) -> None:
    with path.open("ab") as file:
        for n in numbers:
            file.write(line(n))


def copytruncate(path: Path, to: str) -> None:
    shutil.copyfile(path, path.with_name(to))
    os.truncate(path, 0)


def compress(path: Path, to: str, how: Callable[[bytes], bytes] = gzip.compress) -> None:
    path.with_name(to).write_bytes(how(path.read_bytes()))
    path.unlink()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "x.log"


def test_what_is_appended_is_read_once(reader, log):
    one = reader("x.log")
    assert one.numbers() == []
    write(log, range(10))
    assert one.numbers() == [*range(10)]
    write(log, range(10, 15))
    assert one.numbers() == [*range(10, 15)]
    assert one.numbers() == []


def test_a_file_is_read_from_its_beginning_and_in_several_chunks(reader, log):
    write(log, range(2000))
    assert reader("x.log", chunk_bytes=1000).numbers() == [*range(2000)]


def test_a_torn_last_line_waits(reader, log):
    one = reader("x.log")
    write(log, [1])
    with log.open("ab") as file:
        file.write(line(2)[:50])
    assert one.numbers() == [1]
    with log.open("ab") as file:
        file.write(line(2)[50:])
    assert one.numbers() == [2]


def test_a_tiny_file_is_read_at_once(reader, log):
    log.write_bytes(b'{"n":1}\n')
    assert reader("x.log").numbers() == [1]


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


def test_few_files_may_be_open(reader, tmp_path):
    """As with `ulimit -n 64`."""
    for number in range(100):
        (tmp_path / f"{number}.log").write_bytes(line(number))
    used = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 30, hard))
    try:
        one = reader("*.log")
        assert sorted(one.numbers()) == [*range(100)]
        assert one.inputs.unread() == []
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_deleted_and_made_again(reader, log):
    one = reader("x.log")
    write(log, range(5))
    one.numbers()
    log.unlink()
    assert one.numbers() == []
    write(log, range(10, 13))
    assert one.numbers() == [10, 11, 12]


def test_the_unread_rest_of_a_deleted_file(reader, log):
    one = reader("x.log")
    write(log, range(5))
    one.numbers()
    write(log, range(5, 8))
    log.unlink()
    assert one.numbers() == [5, 6, 7]


def test_replaced_by_another_file(reader, log):
    one = reader("x.log")
    write(log, range(50))
    one.numbers()
    write(log, range(50, 53))
    write(log.with_name("new"), range(100, 103))
    log.with_name("new").replace(log)
    assert sorted(one.numbers()) == [50, 51, 52, 100, 101, 102]


def test_replaced_by_a_longer_version_of_itself(reader, log):
    one = reader("x.log")
    write(log, range(50))
    one.numbers()
    write(log.with_name("new"), range(60))
    log.with_name("new").replace(log)
    assert one.numbers() == [*range(50, 60)]


def test_a_link_that_moves_on(reader, log, tmp_path):
    (tmp_path / "pods").mkdir()
    first, second = tmp_path / "pods/0.log", tmp_path / "pods/1.log"
    write(first, range(10))
    log.symlink_to(first)
    one = reader("x.log")
    assert one.numbers() == [*range(10)]
    write(first, [10])
    write(second, [20])
    log.unlink()
    log.symlink_to(second)
    assert sorted(one.numbers()) == [10, 20]
    one.stop()
    write(first, [11])
    write(second, [21])
    one.start()
    assert sorted(one.numbers()) == [11, 21]


def test_a_link_that_moved_while_down(reader, log, tmp_path):
    (tmp_path / "pods").mkdir()
    first, second = tmp_path / "pods/0.log", tmp_path / "pods/1.log"
    write(first, range(10))
    log.symlink_to(first)
    one = reader("x.log")
    one.numbers()
    one.stop()
    write(first, [10])
    write(second, [20])
    log.unlink()
    log.symlink_to(second)
    one.start()
    assert sorted(one.numbers()) == [10, 20]


def test_a_reused_inode_is_a_new_file(reader, log):
    """The same device and inode, but other content: also where it is longer than what was read."""
    one = reader("x.log")
    write(log, range(10))
    one.numbers()
    one.stop()
    log.write_bytes(b"".join(map(line, range(100, 150))))
    one.start()
    assert one.numbers() == [*range(100, 150)]


def test_the_same_first_records_in_two_files(reader, tmp_path):
    same = b"".join(map(line, range(50)))
    (tmp_path / "a.json").write_bytes(same + line(1000))
    (tmp_path / "b.json").write_bytes(same + line(2000))
    numbers = reader("*.json").numbers()
    assert {*numbers} == {*range(50), 1000, 2000}


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


@pytest.mark.parametrize("count", [3000])
def test_many_small_files(reader, tmp_path, count):
    directory = tmp_path / "drop"
    directory.mkdir()
    for n in range(count):
        (directory / f"{n}.json").write_bytes(line(n))
    one = reader("drop/*.json")
    # Scans are asked for only now and then, as by a daemon: ten seconds do not go by between two of these chunks.
    one.scan()
    numbers = []
    while chunk := one.inputs.next_chunk():
        one.commit(chunk)
        numbers += [json.loads(record)["n"] for record in chunk.records]
    assert sorted(numbers) == [*range(count)]
    assert len([*Path("/proc/self/fd").iterdir()]) < 400
    one.stop()
    one.start()
    assert one.numbers() == []


def test_older_files_first(reader, tmp_path):
    for n in (3, 1, 2):
        write(tmp_path / f"{n}.json", [n])
        os.utime(tmp_path / f"{n}.json", (n, n))
    assert reader("*.json").numbers() == [1, 2, 3]


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
    one.inputs._changes.on_any_event(FileModifiedEvent(str(log)))  # that of the copy's creation comes a moment later
    assert one.numbers() == [*range(20)]


def test_a_log_that_was_rotated_while_it_was_found(reader, log, monkeypatch):
    write(log, range(10))

    def rotate() -> None:
        copytruncate(log, "x.log.1")
        write(log, range(10, 20))

    once_after(monkeypatch, Discovery, "__init__", rotate)
    assert reader("x.log*").numbers() == [*range(20)]


def test_a_file_that_changes_whenever_it_is_found_is_read_all_the_same(reader, log, monkeypatch):
    write(log, range(10))
    discover = Discovery.__init__
    monkeypatch.setattr(Discovery, "__init__", lambda self, *args: (discover(self, *args), write(log, [10]), None)[2])
    chunk = reader("x.log").chunk()
    assert [json.loads(record)["n"] for record in chunk.records][:11] == [*range(11)]


def test_files_that_are_just_being_written_do_not_hold_up_the_others(reader, log, tmp_path, monkeypatch):
    """Whoever can make files in the directory must not be able to stop its reading."""
    write(log, range(100))
    numbers = iter(range(1000, 9000))
    discover = Discovery.__init__

    def discover_and_write(self, *args):
        (tmp_path / f"new{next(numbers)}.log").write_bytes(line(next(numbers)))
        discover(self, *args)
        for path in tmp_path.glob("new*"):
            write(path, [next(numbers)])

    monkeypatch.setattr(Discovery, "__init__", discover_and_write)
    one = reader("*.log", chunk_bytes=2000)
    read = [json.loads(record)["n"] for _ in range(40) if (chunk := one.chunk()) for record in chunk.records]
    assert [n for n in read if n < 100] == [*range(100)]


def test_directories_that_appear_later_and_globs_in_directories(reader, tmp_path):
    one, deep = reader("*/m365/*.json"), reader("**/*.json")
    assert one.numbers() == deep.numbers() == []
    (tmp_path / "a/m365").mkdir(parents=True)
    write(tmp_path / "a/m365/1.json", [1])
    write(tmp_path / "a/m365/.hidden.json", [2])
    assert one.numbers() == deep.numbers() == [1]
    assert "no file matches" in reader("missing/*.json").inputs.problems()["in"]


def test_other_inputs_leave_one_that_stays_alone(reader, log, tmp_path):
    """A deleted file that is still open could not be found again."""
    write(log, range(5))
    one = reader("x.log")
    assert one.numbers() == [*range(5)]
    with log.open("ab") as file:
        log.unlink()
        for n in range(5, 10):
            file.write(line(n))
    write(tmp_path / "y.log", range(100, 110))
    other = InputSpec(name="other", path=str(tmp_path / "y.log"))
    one.inputs.use([other, *one.specs], one.stored.values())
    assert sorted(one.numbers()) == [*range(5, 10), *range(100, 110)]
    one.inputs.use([other], one.stored.values())
    write(tmp_path / "y.log", [110])
    write(log, [10])
    assert one.numbers() == [110]
    one.inputs.use([other, *one.specs], one.stored.values())
    assert one.numbers() == [10]


def test_what_was_not_committed_is_read_again(reader, log):
    one = reader("x.log", chunk_bytes=1000)
    write(log, range(100))
    for _ in range(3):
        one.commit(one.chunk())
    for _ in range(4):
        one.chunk()  # in flight when the process dies
    one.stop()
    one.start()
    one.read()
    assert [json.loads(record)["n"] for record in one.records] == [*range(100)]


def test_going_back_after_a_failed_commit(reader, log):
    one = reader("x.log", chunk_bytes=1000)
    write(log, range(50))
    one.commit(one.chunk())
    one.chunk()
    one.chunk()
    log.rename(log.with_name("x.log.1"))
    write(log, range(50, 100))
    one.chunk()
    one.inputs.rewind(one.stored.values())
    one.read()
    assert sorted(json.loads(record)["n"] for record in one.records) == [*range(100)]


def test_a_file_that_may_not_be_read_is_told_and_tried_again(reader, log, monkeypatch):
    write(log, [1])
    one = reader("x.log")
    real, denied = os.open, [True]

    def opens(path: Any, *args: Any, **options: Any) -> int:
        if denied[0] and str(path) == log.name:  # it is opened in its directory
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **options)

    monkeypatch.setattr(os, "open", opens)
    assert one.numbers() == []
    assert one.inputs.problems() == {"in": f"{log}: Permission denied"}
    assert "read it" in one.inputs.unread()[0].advice
    denied[0] = False
    assert one.numbers() == [1]
    assert one.inputs.problems() == {}


def test_an_unknown_format_is_told_and_tried_again(reader, log):
    log.write_bytes(b"hello\n")
    one = reader("x.log")
    assert one.numbers() == []
    assert "no format claims its records" in one.inputs.problems()["in"]
    log.write_bytes(line(1))
    assert one.numbers() == [1]
    assert one.stored
    assert all(position.format == "test" for position in one.stored.values())


def test_files_tells_how_far(reader, log):
    write(log, range(3))
    one = reader("x.log")
    one.read()
    (file,) = one.inputs.files()
    assert (file.path, file.offset, file.size) == (str(log), log.stat().st_size, log.stat().st_size)
