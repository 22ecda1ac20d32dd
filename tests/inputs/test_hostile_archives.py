"""Archives that claim what is not true, or bytes that only begin like one: memory and time are bounded."""

from __future__ import annotations

import gzip
import io
import random
import struct
import tarfile
import tracemalloc

import pytest
import zstandard

from casbd.inputs import archive_contents, tar_archives, zip_archives
from tests.inputs.samples import lines, tarred, unread, zipped
from tests.inputs.test_archives import KINDS


def peak(one):
    tracemalloc.start()
    found = unread(one)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60_000_000
    return found


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "zip of zst"])
def test_a_bomb_fills_no_memory(reader, tmp_path, kind):
    bomb = (b" " * 999_999 + b"\n") * 100 + b'{"n":1}\n'
    packed = {
        "zip": lambda: zipped({"a": bomb}),
        "tar.gz": lambda: gzip.compress(tarred({"a": bomb})),
        "zip of zst": lambda: zipped({"a": zstandard.compress(bomb)}),
    }
    (tmp_path / "a").write_bytes(packed[kind]())
    one = reader("a")
    assert peak(one) == {}
    assert len(one.records) == 1


def test_a_header_that_claims_gigabytes(reader, tmp_path):
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 8 << 30
    (tmp_path / "a").write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(200 << 20)))
    found = peak(reader("a"))
    assert found["a"][0] == "waiting"
    assert "longer than" in found["a"][1]


def test_a_directory_that_is_too_large(reader, tmp_path, monkeypatch):
    monkeypatch.setattr(zip_archives, "_LONGEST_DIRECTORY", 1000)
    (tmp_path / "a").write_bytes(zipped({f"{n}.json": b"" for n in range(100)}))
    assert "longer than" in peak(reader("a"))["a"][1]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_too_many_files(reader, tmp_path, monkeypatch, pack):
    for kind in (zip_archives, tar_archives, archive_contents):
        monkeypatch.setattr(kind, "MOST_FILES", 30)
    (tmp_path / "a").write_bytes(pack({f"{n}.json": lines([n]) for n in range(50)}))
    one = reader("a")
    assert peak(one)["a"] == ("unread", "it holds more than 30 files, and the others are not read")
    assert len(one.records) == 30


def test_more_than_may_be_decompressed(reader, tmp_path, monkeypatch):
    monkeypatch.setattr(tar_archives, "MOST_LISTED", 10_000)
    (tmp_path / "a").write_bytes(KINDS["tar.gz"])
    one = reader("a")
    assert "4 GiB" in peak(one)["a"][1]
    assert 0 < len(one.records) < 250


def test_headers_that_lead_in_a_circle(reader, tmp_path, monkeypatch):
    for kind in (tar_archives, archive_contents):
        monkeypatch.setattr(kind, "MOST_FILES", 100)
    header = bytearray(tarfile.TarInfo("x").tobuf())
    header[124:136] = b"\xff" * 4 + struct.pack(">q", -1024)  # its size: back to the header before
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    directory = tarfile.TarInfo("d")
    directory.type = tarfile.DIRTYPE
    (tmp_path / "a").write_bytes(directory.tobuf() * 2 + bytes(header) + bytes(1024))
    assert "more than 100 files" in peak(reader("a"))["a"][1]


def test_many_long_headers_fill_no_memory(reader, tmp_path):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for n in range(1500):
            info = tarfile.TarInfo(f"{n}.json")
            info.pax_headers = {"comment": "x" * 60_000}
            archive.addfile(info)
    (tmp_path / "a").write_bytes(gzip.compress(data.getvalue(), 1))
    assert peak(reader("a")) == {}


def test_any_bytes_that_begin_like_an_archive(reader, tmp_path):
    chance = random.Random(1)
    for kind in ("zip", "tar", "tar.gz"):
        for _ in range(40):
            data = bytearray(KINDS[kind])
            for _ in range(chance.randrange(1, 30)):
                data[chance.randrange(4, len(data))] = chance.randrange(256)
            (tmp_path / "a").write_bytes(data)
            one = reader("a")
            unread(one)
            one.stop()


def test_a_name_in_a_tar_archive_that_is_no_utf_8(reader, tmp_path):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.USTAR_FORMAT, encoding="latin-1") as archive:
        info = tarfile.TarInfo("größe.json")
        info.size = len(lines([1]))
        archive.addfile(info, io.BytesIO(lines([1])))
    (tmp_path / "a").write_bytes(data.getvalue())
    one = reader("a")
    assert one.numbers() == [1]
    assert one.committed[0].path == f"{tmp_path}/a/gr??e.json"
