"""When the directories are looked at, what that wakes, and how far the reading has come."""

from __future__ import annotations

import gzip
import os

import pytest

from casbd.inputs.changes import Changes
from casbd.inputs.following import RESCAN, RESCAN_POLLING
from casbd.inputs.open_files import may_be_open

LINE = b'{"n": 1}\n'


def test_at_the_start_all_is_looked_at_at_once(reader, tmp_path):
    (tmp_path / "f").write_bytes(LINE)
    assert reader("*").inputs.next_chunk()


def test_everything_that_is_there_is_given_whatever_turns_it_takes(reader, tmp_path):
    (tmp_path / "f").write_bytes(LINE * 1000)
    one = reader("*", chunk_bytes=100, turn_bytes=2000)
    assert sum(len(chunk.records) for chunk in one.inputs.everything()) == 1000


def test_directories_beside_hidden_ones_are_looked_into(reader, tmp_path):
    for number in range(20):
        (tmp_path / f".hidden{number}").mkdir()
        (tmp_path / f"d{number}").mkdir()
        (tmp_path / f"d{number}/f.json").write_bytes(b'{"n": %d}\n' % number)
        (tmp_path / f".hidden{number}/f.json").write_bytes(LINE)
    assert sorted(reader("**/*.json").numbers()) == [*range(20)]


@pytest.mark.parametrize(("poll", "seconds"), [(False, RESCAN), (True, RESCAN_POLLING)])
def test_without_events_a_new_file_is_found_by_the_next_scan(reader, tmp_path, poll, seconds):
    one = reader("*", poll=poll)
    assert one.inputs.next_chunk() is None
    (tmp_path / "f").write_bytes(LINE)
    one.time = seconds - 0.01
    assert one.inputs.next_chunk() is None
    assert not one.inputs.wait(0)
    one.time = seconds
    assert one.inputs.wait(60), "the scan is due"
    assert one.inputs.next_chunk()


def test_a_new_name_has_all_looked_at_at_once(reader, tmp_path):
    one = reader("*")
    one.inputs.next_chunk()
    (tmp_path / "f").write_bytes(LINE)
    one.inputs._changes.names_changed()
    assert one.inputs.wait(60)
    assert one.inputs.next_chunk()


def test_a_file_that_was_written_to_is_looked_at_alone(reader, tmp_path, monkeypatch):
    (tmp_path / "f").write_bytes(LINE)
    one = reader("*")
    assert one.numbers() == [1]
    monkeypatch.setattr(one.inputs, "_scan", lambda: pytest.fail("all was looked at"))
    one.inputs._next_scan = float("inf")
    with (tmp_path / "f").open("ab") as file:
        file.write(b'{"n": 2}\n')
    one.inputs._changes.modified(str(tmp_path / "f"))
    assert one.inputs.next_chunk().records == [b'{"n": 2}']


def test_a_scan_that_took_long_is_not_repeated_at_once(reader, tmp_path):
    """Else a storm of events would have nothing read but directories."""
    one = reader("*")
    seconds = iter([0.0, 0.0])  # when it is due, and when it begins; it ends at 2
    monotonic, one.inputs._monotonic = one.inputs._monotonic, lambda: next(seconds, 2.0)
    one.inputs.next_chunk()
    one.inputs._monotonic = monotonic
    (tmp_path / "f").write_bytes(LINE)
    one.inputs._changes.names_changed()
    one.time = 9.9
    assert one.inputs.next_chunk() is None
    one.time = 10.0  # four times as long after its end
    assert one.inputs.next_chunk()


def test_what_the_observers_reported_is_taken_once():
    changes = Changes()
    assert changes.take() == (set(), False)
    changes.modified("/a")
    assert changes.wait(0)
    assert changes.take() == ({"/a"}, False)
    assert not changes.wait(0)
    changes.names_changed()
    assert changes.take() == (set(), True)
    assert changes.take() == (set(), False)
    for number in range(1001):
        changes.modified(f"/{number}")
    modified, names = changes.take()
    assert (len(modified), names) == (1000, True), "beyond a scan is cheaper"


def test_wake_ends_the_wait(reader):
    one = reader("*")
    one.inputs.next_chunk()
    assert not one.inputs.wait(0)
    one.inputs.wake()
    assert one.inputs.wait(60)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_each_file_is_shown_with_its_present_size_and_how_far_it_was_read(reader, tmp_path, pack):
    (tmp_path / "f").write_bytes(pack(LINE * 3))
    (tmp_path / "later").write_bytes(b"")
    one = reader("*", chunk_bytes=10)
    one.commit(one.chunk())
    with (tmp_path / "later").open("wb") as file:
        file.write(LINE)
    os.utime(tmp_path / "later", (2e9, 2e9))
    one.scan()
    one.inputs._scan()
    files = {file.path: (file.input, file.offset, file.size, file.format) for file in one.inputs.files()}
    assert files == {
        str(tmp_path / "f"): ("in", len(LINE), len(pack(LINE * 3)), "test"),
        str(tmp_path / "later"): ("in", 0, len(LINE), ""),
    }


@pytest.mark.parametrize(("allowed", "files"), [(-1, 256), (1024, 256), (100, 26), (10, 4), (60, 6)])
def test_half_of_what_the_process_may_open_beside_its_own_is_for_followed_files(monkeypatch, allowed, files):
    monkeypatch.setattr("resource.getrlimit", lambda _: (allowed, -1))
    assert may_be_open(256) == files
