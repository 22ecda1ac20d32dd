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
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest
import zstandard

from casbd.inputs import turn
from casbd.inputs.archive_formats import open_contents
from casbd.inputs.compression import Compressed, open_source
from casbd.inputs.fence import open_regular
from casbd.inputs.turn import LaterError, Turn

TURN = 1 << 18
MANY = 16 << 20
OLD, OLDER = 1_700_000_000, 1_600_000_000


def line(n):
    return json.dumps({"n": n, "padding": "x" * 50}).encode() + b"\n"


def lines(numbers):
    return b"".join(map(line, numbers))


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


def test_members_that_are_added_to_a_compressed_file_are_read(reader, tmp_path):
    (tmp_path / "a").write_bytes(gzip.compress(line(1)))
    one = reader("a")
    assert one.numbers() == [1]
    with (tmp_path / "a").open("ab") as file:
        file.write(gzip.compress(line(2)))
    assert one.numbers() == [2]


def test_a_dictionary_of_gigabytes_is_refused_and_told(reader, tmp_path):
    """781 KB of such streams took 4.2 GB."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]
    data = bytearray(lzma.compress(lines(range(100)), filters=filters))
    # The size of the dictionary: one byte of the block header (xz-file-format.txt, 5.3.1), and the header's CRC behind it.
    place = data.index(b"\x21\x01") + 2
    data[place] = 40  # 4 GiB - 1
    header = 12
    size = (data[header] + 1) * 4
    data[header + size - 4 : header + size] = zlib.crc32(bytes(data[header : header + size - 4])).to_bytes(4, "little")
    (tmp_path / "a").write_bytes(data)
    one = reader("a")
    assert one.numbers() == []
    (unread,) = one.inputs.unread()
    assert unread.why == "decompressing it takes more than 128 MiB of memory"
    assert "xz -9" in unread.advice


def test_nor_is_a_window_of_gigabytes_taken(reader, tmp_path):
    """A frame header (RFC 8878, 3.1.1.1): no checksum, no size, a window of 512 MiB; a raw block that is the last."""
    line = lines([1])
    (tmp_path / "a").write_bytes(b"\x28\xb5\x2f\xfd\x00" + bytes([19 << 3]) + (len(line) << 3 | 1).to_bytes(3, "little") + line)
    one = reader("a")
    assert one.numbers() == []
    (unread,) = one.inputs.unread()
    assert unread.why == "decompressing it takes more than 128 MiB of memory"


def test_a_large_record_takes_as_many_turns_as_it_needs(reader, tmp_path):
    record = json.dumps({"n": 1, "padding": "x" * (5 << 20)}).encode()
    (tmp_path / "a").write_bytes(record + b"\n")
    (tmp_path / "b").write_bytes(gzip.compress(record))
    one = reader("?", turn_bytes=TURN)
    assert one.numbers() == [1, 1]
    assert one.rejects == []


def zipped(content, packed=None, method=zipfile.ZIP_DEFLATED, claims=None):
    """A ZIP archive of one file. packed: what stands for the content there, whatever it is. claims: the size that it says."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.json", content if packed is None else packed)
        info = archive.infolist()[0]
        info.compress_type, info.CRC = method, zlib.crc32(content)
        info.file_size = len(content) if claims is None else claims
        if packed is None:
            info.compress_type = zipfile.ZIP_STORED
    return data.getvalue()


def deflated(content, before=b""):
    squeezing = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return before + squeezing.compress(content) + squeezing.flush()


EMPTY_BLOCKS = b"\0\0\0\xff\xff" * 400_000


def test_a_file_in_a_zip_archive_of_nothing_but_empty_blocks_is_read_in_many_turns(tmp_path):
    """The library's reader goes on until something comes out: a gigabyte took 50 s in one step."""
    (tmp_path / "a.zip").write_bytes(zipped(line(1), deflated(line(1), EMPTY_BLOCKS)))
    now = Turn(lambda: 0.0, 4096)
    turns = 0
    with open_contents(str(tmp_path / "a.zip"), now, open_regular) as contents:
        (entry,) = contents.contents().entries
        file = contents.open(entry)
        found = b""
        while len(found) < len(line(1)):
            now.begin()
            try:
                found += file.read1(1000)
            except LaterError:
                turns += 1
    assert found == line(1)
    assert turns == pytest.approx(len(EMPTY_BLOCKS) / (1 << 14) / 4, rel=0.2)  # four steps of 16 KiB


@pytest.mark.parametrize("inside", [bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_others_have_their_turn_beside_a_zip_archive_of_empty_blocks(reader, tmp_path, inside):
    content = inside(line(1))
    (tmp_path / "a.zip").write_bytes(zipped(content, deflated(content, EMPTY_BLOCKS)))
    (tmp_path / "b.json").write_bytes(line(2))
    assert sorted(reader("*", turn_bytes=1 << 14).numbers()) == [1, 2]


@pytest.mark.parametrize(
    "data",
    [
        zipped(line(1), claims=1 << 40),
        zipped(line(1), deflated(line(1)), claims=1 << 40),
        zipped(line(1), deflated(line(1))[:-4]),
        zipped(line(1), EMPTY_BLOCKS),
        zipped(line(1), b""),
    ],
    ids=["stored", "deflated", "cut off", "nothing else", "nothing"],
)
def test_a_file_in_a_zip_archive_that_is_shorter_than_it_claims_is_told(reader, tmp_path, data):
    (tmp_path / "a.zip").write_bytes(data)
    os.utime(tmp_path / "a.zip", (OLD, OLD))
    one = reader("*", turn_bytes=TURN)
    one.read()
    assert [(unread.path, unread.kind) for unread in one.inputs.unread()] == [(str(tmp_path / "a.zip/a.json"), "unread")]


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


def test_an_answer_that_takes_long_is_put_off_and_nothing_is_held(tmp_path):
    (tmp_path / "a").write_bytes(gzip.compress(b"a" * (64 << 20)))
    tracemalloc.start()
    source = open_source(str(tmp_path / "a"), now := Turn(lambda: 0.0, TURN))
    assert isinstance(source, Compressed)
    turns = 0
    while True:
        now.begin()
        try:
            assert source.read(60 << 20, 10) == b"a" * 10
        except LaterError:
            turns += 1
        else:
            break
    assert turns == pytest.approx((60 << 20) / TURN, rel=0.2)
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()
    source.close()


def test_a_turn_ends_by_time_as_well():
    seconds = [0.0]
    now = Turn(lambda: seconds[0])
    assert not now.over
    seconds[0] = turn.SECONDS + 0.01
    assert now.over
    now.begin()
    assert not now.over
