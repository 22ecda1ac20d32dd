"""What is not read is reported with its whole text: why, and what to do about it. Operators act on these words."""

from __future__ import annotations

import gzip
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from casbd.inputs import archive_contents, tar_archives, zip_archives
from tests.inputs.samples import OLD, tarred, zipped

LINE = b'{"n": 1, "padding": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}\n'
COPY = "copy it again if nobody is writing it"
UNPACK = "unpack it into the same directory"
END = "end it with a line break if it is whole"


def said(one):
    """By name: why, what to do, and how bad it is."""
    one.read()
    return {Path(unread.path).name: (unread.why, unread.advice, unread.kind) for unread in one.inputs.unread()}


def broken(tar):
    """With a checksum that is another one."""
    return b"\xff" + tar[1:]


LONG_HEADER = tarfile.TarInfo("x")
LONG_HEADER.type, LONG_HEADER.size = tarfile.XHDTYPE, 1 << 17
LONG_HEADER = LONG_HEADER.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 18)


@pytest.mark.parametrize(
    ("content", "why", "advice"),
    [
        (b"hello\n", "no format claims its records", "`casbd inputs try FILE` shows a mapping to begin with"),
        (b"hello", "no record can be cut from it: it is no JSON or CSV, and has no whole line", END),
        (LINE + LINE[:20], "its last record is not whole", END),
        (b"7z\xbc\xaf\x27\x1c\0\4", "it is a 7-Zip archive, which casbd does not read", UNPACK),
        (b"PAR1\x15\x04\n{}", "it is a Parquet file, which casbd does not read", "export it as NDJSON or CSV"),
        (broken(tarred({"x": LINE})), "the archive is damaged or not yet whole", COPY),
        (gzip.compress(LINE * 99, mtime=0)[:-20], "damaged or not yet whole: the file ended inside a frame", COPY),
        (gzip.compress(LINE, mtime=0) + b"junk" * 99, "damaged or not yet whole: something else follows its end", COPY),
        (tarred({"x": LINE})[:-9000], "the archive is damaged or not yet whole: its end is missing", COPY),
        (LONG_HEADER, "the archive is damaged or not yet whole: a directory or header in it is longer than 65536 bytes", COPY),
        (zipped({"x": LINE})[:-9], "the archive is damaged or not yet whole: File is not a zip file", COPY),
        (zipped({"[Content_Types].xml": LINE}), "it is an Excel or another Office file, which casbd does not read", "save it as CSV"),
    ],
)
def test_a_file(reader, tmp_path, content, why, advice):
    (tmp_path / "f").write_bytes(content)
    os.utime(tmp_path / "f", (OLD, OLD))
    assert said(reader("f")) == {"f": (why, advice, "unread")}


def test_a_compressed_archive_that_is_cut_off(reader, tmp_path):
    (tmp_path / "f").write_bytes(gzip.compress(tarred({"x": os.urandom(5000)}))[:3000])
    os.utime(tmp_path / "f", (OLD, OLD))
    why = "the archive is damaged or not yet whole: the file ended inside a frame"
    assert said(reader("f"))["f"] == (why, COPY, "unread")


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_files_in_an_archive(reader, tmp_path, monkeypatch, pack):
    inside = {".x": LINE, "d/__MACOSX": LINE, "a.7z": b"7z\xbc\xaf\x27\x1c\0\4", "t": tarred({"x": LINE}), "a": LINE, "b": LINE}
    for kind in (zip_archives, tar_archives, archive_contents):
        monkeypatch.setattr(kind, "MOST_FILES", 3)
    (tmp_path / "f").write_bytes(pack(inside))
    assert said(reader("f")) == {
        ".x": ("it is hidden", "", "left_out"),
        "__MACOSX": ("it is hidden", "", "left_out"),
        "a.7z": ("it is a 7-Zip archive, which casbd does not read", UNPACK, "unread"),
        "t": ("it is a tar archive inside another archive, which casbd does not read", UNPACK, "unread"),
        "f": ("it holds more than 3 files, and the others are not read", UNPACK, "unread"),
    }


def test_files_of_a_zip_archive_that_cannot_be_decompressed(reader, tmp_path):
    data = bytearray(zipped({"": LINE, "secret": LINE}, zipfile.ZIP_BZIP2))
    data[data.rindex(b"PK\1\2") + 8] |= 1  # the second entry of the directory says that it is encrypted
    (tmp_path / "f").write_bytes(data)
    (tmp_path / "g").write_bytes(zipped({"bz2": LINE}, zipfile.ZIP_BZIP2))
    assert said(reader("?")) == {
        "f": ("a file in it has no name", UNPACK, "unread"),
        "secret": ("it is protected by a password", UNPACK, "unread"),
        "bz2": ("it is compressed by a method that casbd does not read (number 12)", UNPACK, "unread"),
    }


def test_what_a_compressed_tar_archive_holds_beyond_four_gigabytes(reader, tmp_path, monkeypatch):
    monkeypatch.setattr(tar_archives, "MOST_LISTED", 5000)
    (tmp_path / "f").write_bytes(gzip.compress(tarred({"a": LINE, "b": LINE * 99})))
    one = reader("f")
    assert said(one) == {"f": ("it holds more than 4 GiB, and what comes after them is not read", UNPACK, "unread")}
    assert len(one.records) == 1


def test_what_a_run_once_leaves_as_it_is_stopped(reader, tmp_path):
    (tmp_path / "f").write_bytes(LINE * 99)
    one = reader("f", chunk_bytes=100)
    one.commit(one.chunk())
    one.inputs.finish()
    (unread,) = one.inputs.unread()
    assert (unread.why, unread.advice, unread.kind) == ("its turn has not come yet", "run again", "waiting")
    assert unread.size == len(LINE) * 99 - one.committed[-1].position.offset


def test_a_tar_archive_whose_listing_takes_too_long(reader, tmp_path, monkeypatch):
    monkeypatch.setattr(tar_archives, "_MOST_TURNS", 0)
    (tmp_path / "f").write_bytes(tarred({"a": LINE}))
    why = "the archive is damaged or not yet whole: finding out what is in it takes too long"
    assert said(reader("f")) == {"f": (why, COPY, "waiting")}


def test_names_that_are_no_files(reader, tmp_path):
    (tmp_path / "in").mkdir()
    os.mkfifo(tmp_path / "in/pipe")
    (tmp_path / "in/.hidden").write_bytes(LINE)
    (tmp_path / "in/directory").mkdir()
    (tmp_path / "in/nowhere").symlink_to("gone")
    (tmp_path / "in/out").symlink_to("../x")
    (tmp_path / "x").write_bytes(LINE)
    with open(os.fsencode(tmp_path) + b"/in/\xff", "wb") as file:  # noqa: PTH123  a Path cannot be bytes
        file.write(LINE)
    assert said(reader("in/*")) == {
        "pipe": ("it is a named pipe; only files are followed", "leave it out of the path", "unread"),
        ".hidden": ("it is hidden", "a path whose name begins with a dot matches it", "left_out"),
        "directory": ("it is a directory", "`/**/*` at the end of a path looks into directories", "left_out"),
        "nowhere": ("it is a link that leads nowhere", "", "waiting"),
        "out": (f"it is a link that leads out of {tmp_path}/in", "`follow_links: true` at the input has it followed", "unread"),
        "\\xff'": ("the name is not UTF-8", "rename it", "unread"),
    }


def test_a_link_to_a_directory_below_two_stars(reader, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").symlink_to("a")
    assert said(reader("**/*.json"))["b"] == ("`**` does not follow links to directories", "name it in a path of its own", "left_out")


@pytest.mark.parametrize(
    ("path", "name", "why", "advice", "kind"),
    [
        ("gone/*", "gone", "there is no such directory, so no file matches {}/gone/*", "mend `path` or make it", "unread"),
        ("gone/x", "gone", "there is no such directory, so no file matches {}/gone/x", "mend `path` or make it", "unread"),
        ("*.json", "*.json", "no file matches", "the export may still come; else mend `path`", "waiting"),
        ("*", "*", "no file matches", "it meets directories alone: `/**/*` at its end looks into them", "unread"),
    ],
)
def test_a_path_that_meets_nothing(reader, tmp_path, path, name, why, advice, kind):
    (tmp_path / "directory").mkdir()
    assert said(reader(path))[name] == (why.format(tmp_path), advice, kind)


@pytest.mark.parametrize(
    ("error", "advice"),
    [(PermissionError(13, "Permission denied"), "let the user that casbd runs as read it"), (OSError(5, "Input/output error"), "")],
)
@pytest.mark.parametrize("call", ["stat", "open", "scandir"])
def test_what_the_system_refuses(reader, tmp_path, monkeypatch, error, advice, call):
    (tmp_path / "f").symlink_to("x")
    (tmp_path / "x").write_bytes(LINE)
    real = getattr(os, call)

    def refusing(path, *arguments, **options):
        if str(path) in ({"stat": str(tmp_path / "f"), "open": "x"}.get(call, str(tmp_path))):
            raise error
        return real(path, *arguments, **options)

    one = reader("*" if call == "scandir" else "f")
    monkeypatch.setattr(os, call, refusing)
    name = tmp_path.name if call == "scandir" else "f"
    assert said(one)[name] == (error.strerror, advice, "unread")
