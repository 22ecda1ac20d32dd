"""What became of files while casbd was down, or faster than it could read, and what of them was never read."""

from __future__ import annotations

import gzip
import os
import shutil

import pytest

from tests.inputs.samples import OLD, line, lines, unread


def begin(reader, log, numbers, more=()):
    log.write_bytes(lines(numbers))
    one = reader(log.name)
    one.read()
    one.stop()
    with log.open("ab") as file:
        file.write(lines(more))
    return one


@pytest.mark.parametrize("to", ["archive", "../archive", "archive/2026/11"])
@pytest.mark.parametrize("again", [True, False])
def test_a_rest_that_was_moved_to_another_directory(reader, tmp_path, to, again):
    log = tmp_path / "in/x.log"
    log.parent.mkdir()
    (log.parent / to).mkdir(parents=True)
    log.write_bytes(lines(range(30)))
    one = reader("in/x.log")
    one.read()
    one.stop()
    with log.open("ab") as file:
        file.write(lines(range(30, 50)))
    moved = log.rename(log.parent / to / "x.log.1")
    if again:
        log.write_bytes(lines(range(50, 60)))
    one.start()
    found = unread(one)
    assert found["x.log"] == ("unread", f"it was moved to {moved.resolve()} before it was read to its end")
    (report,) = [u for u in one.inputs.unread() if "moved" in u.why]
    assert report.size == len(lines(range(30, 50)))
    assert one.inputs.given_up() == []
    assert unread(one) == found  # it stays so until somebody does something
    moved.rename(log.parent / "x.log.1")
    assert [u for u in one.inputs.unread() if "moved" in u.why] == []
    assert sorted(one.numbers()) == [*range(30, 50)]
    assert unread(one) == {}


def test_a_file_that_was_read_to_its_end_may_be_moved(reader, tmp_path):
    log = tmp_path / "x.log"
    one = begin(reader, log, range(30))
    (tmp_path / "archive").mkdir()
    log.rename(tmp_path / "archive/x.log")
    log.write_bytes(lines(range(50, 60)))
    one.start()
    assert unread(one) == {}
    assert len(one.records) == 40


def test_a_small_compressed_file_that_was_read_may_be_moved(reader, tmp_path):
    """It is larger on disk than what is in it."""
    (tmp_path / "x.gz").write_bytes(gzip.compress(b'{"n":1}\n'))
    one = reader("*.gz")
    assert one.numbers() == [1]
    one.stop()
    (tmp_path / "done").mkdir()
    (tmp_path / "x.gz").rename(tmp_path / "done/x.gz")
    one.start()
    assert unread(one) == {}


def test_a_log_that_grew_and_is_gone(reader, tmp_path):
    """Nobody can know what was written to it after it was read last."""
    log = tmp_path / "x.log"
    log.write_bytes(lines(range(10)))
    one = reader("x.log")
    one.read()
    with log.open("ab") as file:
        file.write(line(10))
    one.read()
    one.stop()
    log.unlink()
    log.write_bytes(lines(range(50, 60)))
    one.start()
    kind, why = unread(one)["x.log"]
    assert kind == "unread"
    assert "another file is there now" in why
    gone = one.inputs.given_up()
    assert len(gone) == 1
    for position in gone:
        one.stored[position.input, position.device, position.inode, position.fingerprint] = position
    one.stop()
    one.start()
    assert unread(one) == {}  # once is enough


def test_another_file_with_the_inode_of_one_that_is_gone(reader, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "f").write_bytes(lines(range(500)))
    one = reader("f", chunk_bytes=1000)
    one.commit(one.chunk())
    one.stop()
    (tmp_path / "f").rename(tmp_path / "other/f")  # the same inode
    (tmp_path / "other/f").write_bytes(b"x" * 50_000)
    one.start()
    assert unread(one)["f"] == ("unread", "it was gone before it was read to its end")


@pytest.mark.parametrize("down", [True, False])
def test_exports_that_are_replaced_or_removed_are_no_news(reader, tmp_path, down):
    log = tmp_path / "export.json"
    one = begin(reader, log, range(30))
    if not down:
        one.start()
        one.read()
    log.unlink()
    if down:
        one.start()
    assert unread(one, final=False) == {}
    (tmp_path / "new").write_bytes(lines(range(60, 100)))
    (tmp_path / "new").replace(log)
    assert unread(one) == {}


def test_a_file_that_was_deleted_before_its_turn(reader, tmp_path):
    for n in range(20):
        (tmp_path / f"{n}.json").write_bytes(lines(range(n * 100, n * 100 + 50)))
        os.utime(tmp_path / f"{n}.json", (OLD + n, OLD + n))
    one = reader("*.json", chunk_bytes=1000)
    assert one.chunk()
    (tmp_path / "19.json").unlink()
    found = unread(one)
    assert found == {"19.json": ("unread", "it was gone before it was read to its end")}
    assert one.inputs.given_up() == []  # nothing of it was read, so no position is stored


def test_an_interrupted_file_that_was_deleted_meanwhile(reader, tmp_path):
    (tmp_path / "f").write_bytes(lines(range(500)))
    one = reader("f", chunk_bytes=1000)
    one.commit(one.chunk())
    one.stop()
    (tmp_path / "f").unlink()
    one.start()
    assert unread(one)["f"] == ("unread", "it was gone before it was read to its end")
    assert len(one.inputs.given_up()) == 1


def test_a_file_that_nobody_claims_may_be_taken_away(reader, tmp_path):
    (tmp_path / "good").write_bytes(line(1))
    (tmp_path / "bad").write_bytes(b"hello\n")
    one = reader("*")
    assert "bad" in unread(one)
    (tmp_path / "bad").unlink()
    assert unread(one) == {}


def test_copies_and_compressed_generations_are_no_news(reader, tmp_path):
    log = tmp_path / "x.log"
    one = begin(reader, log, range(30), range(30, 40))
    shutil.copyfile(log, tmp_path / "x.log.1")
    os.truncate(log, 0)
    log.write_bytes(lines(range(50, 60)))
    (tmp_path / "x.log.1.gz").write_bytes(gzip.compress((tmp_path / "x.log.1").read_bytes()))
    (tmp_path / "x.log.1").unlink()
    one.start()
    assert unread(one) == {}
    assert len(one.records) == 50
