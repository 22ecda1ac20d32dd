"""Archives are read file by file, whatever they claim, and what of them is not read is said."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
import zstandard

from casbd.inputs.archives import Archives
from casbd.inputs.discovery import Discovery
from casbd.inputs.fence import Fence
from casbd.inputs.turn import Turn
from tests.inputs.samples import OLD, lines, tarred, unread, zipped

FILES = {f"logs/{n}.json": lines(range(n * 100, n * 100 + 50)) for n in range(5)}
NUMBERS = [n for data in FILES.values() for n in [json.loads(line)["n"] for line in data.splitlines()]]


KINDS = {
    "zip": zipped(FILES),
    "zip, stored": zipped(FILES, zipfile.ZIP_STORED),
    "tar": tarred(FILES),
    "tar, gnu": tarred(FILES, tarfile.GNU_FORMAT),
    "tar, ustar": tarred(FILES, tarfile.USTAR_FORMAT),
    "tar.gz": gzip.compress(tarred(FILES)),
    "tar.zst": zstandard.compress(tarred(FILES)),
    "tar.bz2": bz2.compress(tarred(FILES)),
    "tar.xz": lzma.compress(tarred(FILES), preset=0),
    "zip of compressed": zipped({name + ".gz": gzip.compress(data) for name, data in FILES.items()}),
    "tar of compressed": tarred({name + ".zst": zstandard.compress(data) for name, data in FILES.items()}),
    "tar.gz of compressed": gzip.compress(tarred({name + ".gz": gzip.compress(data) for name, data in FILES.items()})),
}


@pytest.mark.parametrize("chunk_bytes", [500, 1 << 16])
@pytest.mark.parametrize("kind", KINDS)
def test_every_file_of_an_archive_is_read_in_its_order(reader, tmp_path, kind, chunk_bytes):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a").write_bytes(KINDS[kind])
    one = reader("in/*", chunk_bytes=chunk_bytes)
    assert one.numbers() == NUMBERS
    assert unread(one) == {}
    assert {chunk.path.removesuffix(".gz").removesuffix(".zst") for chunk in one.committed} == {f"{tmp_path}/in/a/{name}" for name in FILES}
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "a"]  # nothing was written


@pytest.mark.parametrize("kind", KINDS)
def test_a_restart_after_every_chunk_changes_nothing(reader, tmp_path, kind):
    (tmp_path / "a").write_bytes(KINDS[kind])
    one = reader("a", chunk_bytes=1500)
    while chunk := one.chunk():
        one.commit(chunk)
        one.stop()
        one.start()
    assert sorted(json.loads(record)["n"] for record in one.records) == NUMBERS


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_the_same_content_in_another_archive_is_not_read_again(reader, tmp_path, kind):
    (tmp_path / "a").write_bytes(KINDS["zip"])
    one = reader("*")
    assert one.numbers() == NUMBERS
    (tmp_path / "b").write_bytes(KINDS[kind])
    (tmp_path / "0.json").write_bytes(FILES["logs/0.json"])
    assert one.numbers() == []
    (tmp_path / "a").rename(tmp_path / "c")
    assert one.numbers() == []
    assert unread(one) == {}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_a_growing_archive_waits_until_it_is_whole(reader, tmp_path, kind, share):
    data = KINDS[kind]
    (tmp_path / "a").write_bytes(data[: int(len(data) * share)])
    one = reader("a")
    assert one.numbers() == []
    assert [(u.kind, "not yet whole" in u.why) for u in one.inputs.unread()] == [("waiting", True)]
    with (tmp_path / "a").open("ab") as file:
        file.write(data[int(len(data) * share) :])
    assert one.numbers() == NUMBERS
    assert unread(one) == {}


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "zip"])
def test_an_archive_that_stays_damaged(reader, tmp_path, kind):
    """What can be read of it is, and what is missing is said."""
    many = {f"{n}.json": lines(range(n * 1000, n * 1000 + 500)) for n in range(20)}
    data = {"tar": tarred(many), "tar.gz": gzip.compress(tarred(many)), "zip": zipped(many)}[kind]
    (tmp_path / "a").write_bytes(data[: len(data) * 2 // 3])
    os.utime(tmp_path / "a", (OLD, OLD))
    one = reader("a")
    found = unread(one)
    assert found["a"][0] == "unread"
    assert "damaged" in found["a"][1]
    assert (len(one.records) > 5000) == (kind != "zip")  # whose directory is at its end


def test_an_archive_that_grows_by_a_file(reader, tmp_path):
    (tmp_path / "a.tar").write_bytes(tarred(dict([*FILES.items()][:3])))
    one = reader("*.tar")
    assert len(one.numbers()) == 150
    (tmp_path / "a.tar").write_bytes(KINDS["tar"])
    assert len(one.numbers()) == 100
    assert unread(one) == {}


def test_names_lead_nowhere(reader, tmp_path):
    (tmp_path / "in").mkdir()
    hostile = ["../../evil.json", "/etc/passwd.json", "a/../../b.json", "\x1b[31m.json", "x" * 3000 + ".json", "same.json"]
    files = {name: lines([number]) for number, name in enumerate(hostile)}
    (tmp_path / "in/a.zip").write_bytes(zipped(files))
    (tmp_path / "in/b.tar").write_bytes(tarred({name: data.replace(b"x", b"y") for name, data in files.items()}))
    one = reader("in/*")
    one.read()
    assert len(one.records) == 12
    assert all(chunk.path.startswith((f"{tmp_path}/in/a.zip/", f"{tmp_path}/in/b.tar/")) for chunk in one.committed)
    assert not any(".." in chunk.path.split("/") for chunk in one.committed)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.zip", "b.tar", "in"]


def test_two_files_of_one_name(reader, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x.json", lines(range(5)))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("x.json", lines(range(5, 10)))
    assert sorted(reader("a.zip").numbers()) == [*range(10)]


def test_what_is_in_an_archive_and_not_read(reader, tmp_path):
    data = bytearray(zipped({"good.json": lines([1]), "secret.json": lines([2])}))
    place = data.rindex(b"PK\1\2")  # the last entry of the directory, and its own header: both say encrypted
    data[place + 8] |= 1
    data[data.rindex(b"PK\3\4") + 6] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    (tmp_path / "b.zip").write_bytes(
        zipped({"inner.zip": KINDS["zip"], "bad.txt": b"hello\n", ".hidden": b"x", "__MACOSX/x": b"y", "r.rar": b"Rar!\x1a\x07\1\0"})
    )
    (tmp_path / "c.zip").write_bytes(zipped({"x.json": lines([3])}, zipfile.ZIP_LZMA))
    (tmp_path / "d.xlsx").write_bytes(zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}))
    (tmp_path / "e.tar").write_bytes(tarred({"inner.tar": KINDS["tar"]}))
    found = unread(reader("*"))
    assert {name: kind for name, (kind, _) in found.items()} == {
        "secret.json": "unread",
        "inner.zip": "unread",
        "bad.txt": "unread",
        ".hidden": "left_out",
        "x": "left_out",
        "r.rar": "unread",
        "x.json": "unread",
        "d.xlsx": "unread",
        "inner.tar": "unread",
    }
    assert "password" in found["secret.json"][1]
    assert "inside another archive" in found["inner.zip"][1]
    assert "inside another archive" in found["inner.tar"][1]
    assert "method" in found["x.json"][1]
    assert "Excel" in found["d.xlsx"][1]


def test_a_file_without_a_name_is_told_and_the_others_are_read(reader, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(""), lines([1]))
        archive.writestr("x.json", lines([2]))
    one = reader("a.zip")
    assert one.numbers() == [2]
    (report,) = one.inputs.unread()
    assert (report.kind, report.why) == ("unread", "a file in it has no name")


def test_links_and_devices_in_an_archive_are_not_followed(reader, tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, kind in (("link", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE), ("device", tarfile.CHRTYPE), ("dir", tarfile.DIRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    found = unread(reader("a.tar"))
    assert found == dict.fromkeys(("link", "hard", "device"), ("left_out", "it is a link or a device"))


def test_a_damaged_member_costs_what_comes_after_the_damage(reader, tmp_path):
    data = bytearray(zipped(FILES, zipfile.ZIP_STORED))
    place = data.index(b'"n": 230')
    data[place : place + 8] = b'"n": 777'
    (tmp_path / "a.zip").write_bytes(data)
    os.utime(tmp_path / "a.zip", (OLD, OLD))
    one = reader("a.zip")
    found = unread(one)
    assert "CRC" in found["2.json"][1]
    assert found["2.json"][0] == "unread"
    assert {n for n in NUMBERS if not 200 <= n < 300} <= {json.loads(record)["n"] for record in one.records}


def test_an_archive_that_is_written_to_while_it_is_read(reader, tmp_path):
    (tmp_path / "a").write_bytes(KINDS["zip"])
    one = reader("a", chunk_bytes=1000)
    assert one.chunk()
    (tmp_path / "a").write_bytes(zipped({"other.json": lines(range(900, 950))}))
    one.read()
    assert {*range(900, 950)} <= {json.loads(record)["n"] for chunk in one.committed for record in chunk.records}


def test_an_archive_that_goes_before_it_was_read(reader, tmp_path):
    (tmp_path / "a").write_bytes(zipped({f"{n}.json": lines(range(n * 100, n * 100 + 50)) for n in range(20)}))
    one = reader("a", chunk_bytes=1000)
    one.commit(one.chunk())
    (tmp_path / "a").unlink()
    found = unread(one)
    assert found["19.json"] == ("unread", "it was gone before it was read to its end")


def test_a_large_archive_is_not_listed_while_it_is_written(reader, tmp_path, monkeypatch):
    from casbd.inputs import archives

    monkeypatch.setattr(archives, "AT_ONCE", 100)
    (tmp_path / "a").write_bytes(KINDS["zip"])
    one = reader("a")
    assert one.numbers() == []
    assert [u.kind for u in one.inputs.unread()] == ["waiting"]
    os.utime(tmp_path / "a", (OLD, OLD))
    assert one.numbers() == NUMBERS
    (tmp_path / "b").write_bytes(zipped({"b.json": lines(range(900, 950))}))
    two = reader("b")
    assert unread(two) == {}
    assert len(two.records) == 50


def test_many_files_in_an_archive_share_its_descriptor(reader, tmp_path):
    (tmp_path / "a").write_bytes(gzip.compress(tarred({f"{n}.json": lines([n]) for n in range(1000)})))
    before = len([*Path("/proc/self/fd").iterdir()])
    one = reader("a")
    one.scan()
    numbers = []
    while chunk := one.inputs.next_chunk():
        one.commit(chunk)
        numbers += [json.loads(record)["n"] for record in chunk.records]
    assert numbers == [*range(1000)]
    assert len([*Path("/proc/self/fd").iterdir()]) < before + 5


def test_long_files_of_a_compressed_archive_are_not_read_in_turns(reader, tmp_path):
    """Each turn would begin at the archive's beginning again."""
    files = {f"{n}.json": lines(range(n * 1000, n * 1000 + 500)) for n in range(4)}
    (tmp_path / "a").write_bytes(gzip.compress(tarred(files)))
    one = reader("a", chunk_bytes=500)
    one.scan()
    numbers = []
    while chunk := one.inputs.next_chunk():  # a scan puts them in order again
        numbers += [json.loads(record)["n"] for record in chunk.records]
    assert len(numbers) == 2000
    assert numbers == sorted(numbers)


def test_a_log_becomes_an_archive_in_its_place(reader, tmp_path):
    log = tmp_path / "f"
    log.write_bytes(lines(range(10)))
    one = reader("f")
    one.read()
    assert len(KINDS["zip"]) > log.stat().st_size
    log.write_bytes(KINDS["zip"])
    one.read()
    assert sorted({json.loads(record)["n"] for record in one.records}) == sorted({*NUMBERS})
    assert unread(one) == {}


def test_an_archive_that_was_written_to_is_seen_at_once(reader, tmp_path):
    (tmp_path / "a").write_bytes(tarred(dict([*FILES.items()][:3])))
    one = reader("a")
    one.read()
    (tmp_path / "a").write_bytes(KINDS["tar"])
    one.inputs._changes.modified(str(tmp_path / "a"))
    assert one.inputs.next_chunk() is not None  # without waiting for the next scan


def test_files_whose_place_in_the_archive_moved(reader, tmp_path):
    """It was written anew in its place: what was opened before is somewhere else now."""
    (tmp_path / "a").write_bytes(tarred({"a.json": lines(range(10)), "b.json": lines(range(100, 110))}))
    one = reader("a")
    one.read()
    (tmp_path / "a").write_bytes(tarred({"a.json": lines(range(50)), "b.json": lines(range(100, 120))}))
    assert sorted(one.numbers()) == [*range(10, 50), *range(110, 120)]
    assert one.rejects == []


def test_an_archive_that_is_another_one_than_was_listed(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(KINDS["tar"])
    (first, *_) = Archives(Turn(), Fence(str(path))).expand(Discovery(str(path)).files, 0, final=True)
    path.write_bytes(tarred({"x": b"y"}))
    with pytest.raises(OSError, match="meanwhile"):
        first.part.open()
