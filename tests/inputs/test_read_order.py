"""Which file of an input is read next, and for how long."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from itertools import groupby

import pytest

from casbd.inputs import read_queue

OLD = 1_700_000_000


def lines(numbers):
    return b"".join(b'{"n": %d}\n' % n for n in numbers)


def names(one):
    """Whose chunks came one after the other, and how many of each in a row."""
    one.scan()
    paths = []
    while chunk := one.inputs.next_chunk():
        one.commit(chunk)
        if chunk.records:
            paths.append(chunk.path[-1])
    return [(path, len([*run])) for path, run in groupby(paths)]


def test_a_long_file_lets_others_have_their_turn(reader, tmp_path):
    for number, name in enumerate("abc"):
        (tmp_path / name).write_bytes(b'{"%s": 1}\n' % name.encode() * 40)
        os.utime(tmp_path / name, (OLD + number, OLD + number))
    order = names(reader("?", chunk_bytes=5))
    assert [name for name, _ in order] == [*"abc" * 2]
    assert {number for _, number in order[:3]} == {read_queue._IN_A_ROW + 1}


def test_only_some_files_are_read_in_turns(reader, tmp_path):
    """The ninth comes when the first eight have been read to their end, so that few need to be open."""
    for number, name in enumerate("abcdefghij"):
        (tmp_path / name).write_bytes(b'{"%s": 1}\n' % name.encode() * 40)
        os.utime(tmp_path / name, (OLD + number, OLD + number))
    order = [name for name, _ in names(reader("?", chunk_bytes=5))]
    assert order == [*"abcdefgh" * 2, *"ij" * 2]


@pytest.mark.parametrize(("scans", "begun"), [(1, False), (3, False), (4, True)])
def test_a_file_that_changes_whenever_it_is_looked_at_holds_up_younger_ones_for_three_scans(reader, tmp_path, monkeypatch, scans, begun):
    for number, name in enumerate("ab"):
        (tmp_path / name).write_bytes(b'{"%s": 1}\n' % name.encode())
        os.utime(tmp_path / name, (OLD + number, OLD + number))
    monkeypatch.setattr(read_queue, "look_at_beginning", lambda file: file.snapshot.path[-1] != "a")
    one = reader("?")
    for _ in range(scans):
        one.inputs._scan()
    assert [file.queued for file in one.inputs._inputs[0].files.values()] == [begun, begun]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_that_was_read_to_its_end_is_not_read_again_after_a_restart(reader, tmp_path, pack):
    (tmp_path / "f").write_bytes(pack(lines(range(100))))
    one = reader("f")
    assert len(one.numbers()) == 100
    one.stop()
    one.start()
    assert one.chunk() is None
    assert one.inputs.progress() == ((tmp_path / "f").stat().st_size,) * 2
    one.stop()
    with (tmp_path / "f").open("ab") as file:
        file.write(pack(lines([100])))
    one.start()
    assert one.numbers() == [100]


@pytest.mark.parametrize("while_down", [True, False])
@pytest.mark.parametrize("how", ["rename", "copytruncate"])
def test_a_log_that_was_resumed_and_rotated_is_read_to_its_end(reader, tmp_path, while_down, how):
    """Its position counts where nothing was read since the restart, too."""
    log = tmp_path / "x.log"
    log.write_bytes(lines(range(10)))
    one = reader("x.log")
    one.read()
    one.stop()
    one.start()
    if not while_down:
        assert one.chunk() is None
    with log.open("ab") as file:
        file.write(lines([10]))
    if how == "rename":
        log.rename(tmp_path / "x.log.1")
    else:
        shutil.copyfile(log, tmp_path / "x.log.1")
    if while_down:
        one.stop()
        one.start()
    log.write_bytes(lines(range(20, 50)))
    assert sorted(one.numbers()) == [10, *range(20, 50)]


def test_a_copy_that_is_being_written_is_not_taken_for_a_generation_that_was_missed(reader, tmp_path):
    log = tmp_path / "x.log"
    log.write_bytes(lines(range(1000, 2000)))
    one = reader("x.log")
    one.read()
    content = log.read_bytes() + lines([2000])
    for size in (5000, len(content)):
        (tmp_path / "x.log.1").write_bytes(content[:size])
        log.write_bytes(lines(range(3000, 3001)))
        one.read()
    assert sorted(json.loads(record)["n"] for record in one.records) == [*range(1000, 2001), 3000]
    assert one.rejects == []
