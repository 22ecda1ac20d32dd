"""Each step of following a file: nothing lost, and nothing read twice without need."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from casbd.inputs.discovery import Discovery
from casbd.model.chunk import InputSpec


def line(n: int) -> bytes:
    return json.dumps({"n": n, "padding": "x" * 150}).encode() + b"\n"


def write(path: Path, numbers: Iterable[int]) -> None:
    with path.open("ab") as file:
        for n in numbers:
            file.write(line(n))


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


def test_older_files_first(reader, tmp_path):
    for n in (3, 1, 2):
        write(tmp_path / f"{n}.json", [n])
        os.utime(tmp_path / f"{n}.json", (n, n))
    assert reader("*.json").numbers() == [1, 2, 3]


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
