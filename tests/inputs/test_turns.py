"""Whatever a file claims to hold, others have their turn, and every turn is bounded: in bytes, and so in time."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import struct
import tarfile
from pathlib import Path

import pytest
import zstandard

from casbd.inputs import turn
from casbd.inputs.turn import Turn
from tests.inputs.samples import OLD, line, lines

TURN = 1 << 18
MANY = 16 << 20
OLDER = 1_600_000_000


def long_name(data):
    """A gzip member with a name of megabytes in its header (RFC 1952, FNAME)."""
    return b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" + b"n" * MANY + b"\0" + gzip.compress(data)[10:]


ENDLESS = b"a" * MANY
HOSTILE = {
    "a line": ENDLESS,
    "a number": b'{"n": 1}\n{"n": ' + b"1" * MANY,
    "a number in an array": b'[{"n": 1}, ' + b"1" * MANY,
    "brackets": b"[" * MANY,
    "a text": b'[{"n": 1}, "' + ENDLESS,
    "a cell": b'n,m\n1,2\n1,"' + ENDLESS,
    "zero bytes": b"\0" * MANY,
    "blanks": b" " * MANY,
    "a line of two bytes each": b"\xff\xfe" + b"a\0" * (MANY // 2),
    "gzip": gzip.compress(ENDLESS),
    "bzip2": bz2.compress(ENDLESS),
    "xz": lzma.compress(ENDLESS),
    "zstd": zstandard.compress(ENDLESS),
    "gzip, empty members": gzip.compress(line(1)) + gzip.compress(b"") * 10_000 + gzip.compress(line(2)),
    "bzip2, empty streams": bz2.compress(line(1)) + bz2.compress(b"") * 10_000 + bz2.compress(line(2)),
    "xz, empty streams": lzma.compress(line(1)) + lzma.compress(b"") * 5_000 + lzma.compress(line(2)),
    "zstd, empty frames": zstandard.compress(line(1)) + zstandard.compress(b"") * 5_000 + zstandard.compress(line(2)),
    "zstd, empty skippable frames": zstandard.compress(line(1)) + b"\x50\x2a\x4d\x18\0\0\0\0" * 5_000 + zstandard.compress(line(2)),
    "zstd, a long skippable frame": b"\x28\xb5\x2f\xfd\0\x58\1\0\0\x50\x2a\x4d\x18" + struct.pack("<I", MANY) + bytes(MANY),
    "zstd, empty blocks": b"\x28\xb5\x2f\xfd\0\x58" + b"\0\0\0" * 400_000 + b"\1\0\0",
    "xz, zero bytes behind": lzma.compress(line(1)) + bytes(MANY),
    "gzip, zero bytes behind": gzip.compress(line(1)) + bytes(MANY),
    "gzip, a long name": long_name(line(1)),
    "gzip, empty blocks": b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\0\0\0\xff\xff" * 400_000 + b"\3\0" + bytes(8),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_others_have_their_turn_and_it_comes_to_an_end(reader, tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    os.utime(tmp_path / "a", (OLDER, OLDER))
    (tmp_path / "b").write_bytes(lines(range(10, 15)))
    os.utime(tmp_path / "b", (OLD, OLD))
    one = reader("?", max_record=1 << 20, turn_bytes=TURN)
    came, turns = None, 0
    while (chunk := one.chunk()) or one.inputs.busy:
        turns += 1
        assert one.inputs._turn._left > -(9 << 20), "one turn took more than two records, and a step of zstd"
        if chunk:
            one.commit(chunk)
            if came is None and b'"n": 10' in b"".join(chunk.records):
                came = turns
        assert turns < 1000
    assert came is not None
    assert came < 8
    assert {json.loads(record)["n"] for record in one.records if b"padding" in record} >= {*range(10, 15)}


@pytest.mark.parametrize("name", [name for name in HOSTILE if ("empty" in name and "blocks" not in name) or "long name" in name])
def test_what_is_in_strange_files_is_read(reader, tmp_path, name):
    (tmp_path / "a").write_bytes(HOSTILE[name])
    assert reader("a", turn_bytes=TURN).numbers() == ([1] if "name" in name else [1, 2])


def test_the_position_moves_over_an_endless_line(reader, tmp_path):
    (tmp_path / "a").write_bytes(ENDLESS + b"\n" + line(1))
    one = reader("a", max_record=1 << 20, turn_bytes=TURN)
    places = []
    for _ in range(20):
        if chunk := one.chunk():
            one.commit(chunk)
            places.append(chunk.position.offset)
    assert places == sorted({*places})
    one.stop()
    one.start()
    assert one.numbers() == [1]
    assert [place for place, reason in one.rejects if "longer than" in reason] == [0]


def test_a_hole_of_a_terabyte_is_passed_by(reader, tmp_path):
    with (tmp_path / "a").open("wb") as file:
        file.write(lines(range(3)))
        file.truncate(1 << 40)
    with (tmp_path / "b").open("wb") as file:
        file.truncate(1 << 40)
        file.seek(1 << 40)
        file.write(lines(range(3, 6)))
    one = reader("?")
    assert sorted(one.numbers()) == [0, 1, 2, 3, 4, 5]
    with (tmp_path / "a").open("ab") as file:
        file.write(line(6))
    assert one.numbers() == [6]
    assert one.rejects == []
    one.stop()
    one.start()
    assert one.numbers() == []


def test_a_hole_that_was_written_to_is_not_passed_by(reader, tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"\0" * 100_000 + lines(range(3)))
    monkeypatch.setattr("casbd.inputs.compression.Plain.end_of_hole", lambda *_: 100_000 + len(line(0)))
    assert reader("a").numbers() == [0, 1, 2]


@pytest.mark.parametrize("how", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_a_position_far_in_a_compressed_file_is_found_again_in_many_turns(reader, tmp_path, how):
    (tmp_path / "a").write_bytes(how(lines(range(20_000))))
    one = reader("a", turn_bytes=TURN)
    for _ in range(15):
        if chunk := one.chunk():
            one.commit(chunk)
    read = len(one.records)
    assert 5_000 < read < 20_000
    one.stop()
    one.start()
    assert one.inputs.next_chunk() is None
    assert one.inputs.busy
    assert [json.loads(record)["n"] for record in one.read()] == [*range(read, 20_000)]


@pytest.mark.parametrize("name", ["x.log.1.gz", "y.gz"])
def test_a_log_that_was_compressed_meanwhile_is_found_in_many_turns(reader, tmp_path, name):
    """Also where the path does not meet it."""
    log = tmp_path / "x.log"
    log.write_bytes(lines(range(20_000)))
    one = reader("x.log" if name[0] == "x" else "*", turn_bytes=TURN)
    for _ in range(15):
        if chunk := one.chunk():
            one.commit(chunk)
    one.stop()
    read = len(one.records)
    assert read > 5_000
    (tmp_path / name).write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    log.write_bytes(lines(range(30_000, 30_003)))
    one.start()
    assert sorted(json.loads(record)["n"] for record in one.read()) == [*range(read, 20_000), *range(30_000, 30_003)]


def test_a_large_record_takes_as_many_turns_as_it_needs(reader, tmp_path):
    record = json.dumps({"n": 1, "padding": "x" * (5 << 20)}).encode()
    (tmp_path / "a").write_bytes(record + b"\n")
    (tmp_path / "b").write_bytes(gzip.compress(record))
    one = reader("?", turn_bytes=TURN)
    assert one.numbers() == [1, 1]
    assert one.rejects == []


def test_a_log_that_went_and_takes_more_than_a_turn_to_compare_is_told(reader, tmp_path, monkeypatch):
    """The turn's end ended the daemon."""
    (tmp_path / "in").mkdir()
    content = b"".join(json.dumps({"n": n, "padding": os.urandom(500).hex()}).encode() + b"\n" for n in range(500))
    (tmp_path / "in/a.gz").write_bytes(gzip.compress(content))
    one = reader("in/*")
    one.commit(one.chunk())
    one.commit(one.chunk())
    assert one.records
    one.stop()
    (tmp_path / "in/a.gz").rename(tmp_path / "b.gz")
    one.start()
    one.read()
    one.scan()
    monkeypatch.setattr(turn, "SECONDS", -1.0)
    assert "b.gz" in str(one.inputs.unread())


def tarred(numbers):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz", compresslevel=1) as archive:
        for n in numbers:
            content = line(n) + b" " * (2 << 20) + line(n + 1000)
            info = tarfile.TarInfo(f"{n}.json")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def test_archives_are_listed_in_many_turns(reader, tmp_path):
    for number in range(12):
        (tmp_path / f"{number}.tar.gz").write_bytes(tarred(range(3 * number, 3 * number + 3)))
    (tmp_path / "z.json").write_bytes(line(5000))
    one = reader("*", turn_bytes=TURN)
    first = next(n for n in range(20) if (chunk := one.chunk()) and b'"n": 5000' in chunk.records[0])
    assert first < 8, "the archives do not keep others waiting"
    one.stop()
    one.start()
    assert sorted(one.numbers()) == [*range(36), *range(1000, 1036), 5000]
    assert [unread.why for unread in one.inputs.unread()] == []


def test_what_costs_much_and_gives_nothing_rests(reader, tmp_path):
    """An unfinished array that is fed a byte a second took a whole processor."""
    seconds = iter(n / 10 for n in range(10_000_000))
    path = tmp_path / "a"
    path.write_bytes(b'[{"n": 1, "text": "' + b"x" * (1 << 20))
    one = reader("a", monotonic=lambda: next(seconds))
    reads = 0
    source = Path(path).open("ab", buffering=0)  # noqa: SIM115
    with source:
        for _ in range(50):
            source.write(b"x")
            one.inputs._scan()
            reads += any(file.queued for file in one.inputs._inputs[0].files.values())
            assert one.inputs.next_chunk() is None
        assert 1 <= reads < 25
        source.write(b'"}]')
    for _ in range(100):
        if chunk := one.inputs.next_chunk():
            assert len(chunk.records) == 1
            return
    raise AssertionError("what rested was never read")


def test_a_turn_ends_by_time_as_well():
    seconds = [0.0]
    now = Turn(lambda: seconds[0])
    assert not now.over
    seconds[0] = turn.SECONDS + 0.01
    assert now.over
    now.begin()
    assert not now.over
