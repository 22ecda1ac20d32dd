"""Every way in which something of an input is not read has its word: what, why, how much, and what to do."""

from __future__ import annotations

import gzip
import json
import os
import socket

import pytest

from casbd.clock import now
from casbd.inputs import Inputs
from casbd.inputs.discovery import Discovery
from casbd.model.chunk import InputSpec
from tests.inputs.samples import OLD, line, lines, unread


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'"hello":1\n' * 40, "no format claims its records"),
        (b"Hello world.", "no record can be cut from it"),
        (b"Hello\rworld.\r", "no format claims"),
        (b"\x00\x01\x02\xff" * 100, "no record can be cut from it"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "a 7-Zip archive"),
        (b"Rar!\x1a\x07\1\0", "a RAR archive"),
        (b"\x04\x22\x4d\x18dddddd\n", "compressed with LZ4"),
        (b"PAR1\x15\x04\n{}", "a Parquet file"),
        (b"SQLite format 3\0....\n", "an SQLite database"),
        (gzip.compress(lines(range(500)), mtime=0)[:-20], "damaged or not yet whole"),
        (gzip.compress(b"7z\xbc\xaf\x27\x1c\0\4", mtime=0), "a 7-Zip archive"),
        (b"\x1f\x8b\x08", "damaged or not yet whole"),
    ],
)
@pytest.mark.parametrize("old", [False, True])
def test_files_that_give_nothing_or_not_all(reader, tmp_path, content, why, old):
    (tmp_path / "f").write_bytes(content)
    if old:
        os.utime(tmp_path / "f", (OLD, OLD))
    one = reader("f")
    found = unread(one)
    assert why in found["f"][1]
    passing = "damaged" in why or "cut" in why  # somebody may just be writing it
    assert found["f"][0] == ("waiting" if passing and not old else "unread")
    (report,) = one.inputs.unread()
    assert report.size
    assert report.advice
    assert "f: " in one.inputs.problems()["in"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n \n",
        b"   ",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        lines(range(3)),
        lines(range(3)).rstrip(),
        json.dumps([{"n": 1}, {"n": 2}]).encode(),
        json.dumps({"value": [{"n": 1}], "@odata.nextLink": "x"}, indent=1).encode() + b"\n\n",
        b"time,user\n",
        b"time,user\n2026-01-31,a\n\n",
        b"time,user\n2026-01-31,a",
        json.dumps([{"n": 1}], indent=1).encode("utf-16"),
        gzip.compress(lines(range(3)), mtime=0),
        gzip.compress(b"", mtime=0),
    ],
)
@pytest.mark.parametrize("old", [False, True])
def test_what_is_read_or_empty_is_no_news(reader, tmp_path, content, old):
    (tmp_path / "f").write_bytes(content)
    if old:
        os.utime(tmp_path / "f", (OLD, OLD))
    assert unread(reader("f", form="test")) == {}


@pytest.mark.parametrize("rest", [line(3)[:30], b'[{"n": 1}, {"n":', b"hello"])
def test_an_unfinished_last_line(reader, tmp_path, rest):
    log = tmp_path / "f"
    log.write_bytes(lines(range(3)) + rest)
    one = reader("f", form="test")
    assert unread(one, final=False) == {}  # somebody is writing it
    minutes = now() / 1000 - 1800
    os.utime(log, (minutes, minutes))
    assert unread(one, final=False) == {}  # or has the rest of it in a buffer
    os.utime(log, (OLD, OLD))
    assert unread(one, final=False) == {"f": ("unread", "its last record is not whole")}  # nobody is any more
    assert one.inputs.unread()[0].size == len(rest)
    os.utime(log)
    assert unread(one) == {"f": ("waiting", "its last record is not whole")}


def test_what_the_wildcards_meet_that_is_no_file(reader, tmp_path):
    for name in ("good", ".hidden"):
        (tmp_path / name).write_bytes(line(1))
    (tmp_path / "directory").mkdir()
    (tmp_path / "nowhere").symlink_to("gone")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        one = reader("*")
        assert unread(one) == {
            ".hidden": ("left_out", "it is hidden"),
            "directory": ("left_out", "it is a directory"),
            "nowhere": ("waiting", "it is a link that leads nowhere"),
            "pipe": ("unread", "it is a named pipe; only files are followed"),
            "socket": ("unread", "it is a socket; only files are followed"),
        }
    assert len(one.records) == 1
    assert ".hidden" not in one.inputs.problems()["in"]


def test_directories_are_looked_into_by_two_stars(reader, tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/f.json").write_bytes(line(1))
    (tmp_path / "other").mkdir()
    (tmp_path / "a/link").symlink_to(tmp_path / "other")
    assert unread(reader("**/*.json")) == {"link": ("left_out", "`**` does not follow links to directories")}
    assert unread(reader("**/*")) == {"link": ("left_out", "`**` does not follow links to directories")}


def test_a_path_that_meets_nothing(reader, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "deep/er").mkdir(parents=True)
    kind, why = unread(reader("empty/*.json"))["*.json"]
    assert (kind, "no file matches" in why) == ("waiting", True)
    assert unread(reader("empty/x.json"))["x.json"][0] == "waiting"
    kind, why = unread(reader("emtpy/*.json"))["emtpy"]
    assert kind == "unread"
    assert "there is no such directory" in why
    one = reader("deep/*")
    assert unread(one)["*"][0] == "unread"
    assert [u.advice for u in one.inputs.unread() if u.kind == "unread"] == [
        "it meets directories alone: `/**/*` at its end looks into them"
    ]


def test_an_empty_directory_whose_files_were_read_is_no_news(reader, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/f").write_bytes(line(1))
    one = reader("in/*")
    one.read()
    (tmp_path / "in/f").unlink()
    assert unread(one) == {}
    one.stop()
    one.start()
    assert unread(one) == {}


def test_a_directory_that_may_not_be_looked_into(reader, tmp_path, monkeypatch):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_bytes(line(1))
    real = os.scandir

    def scandir(path):
        if str(path) == f"{tmp_path}/d":  # root may look into everything
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert unread(reader("d/*"))["d"] == ("unread", "Permission denied")


def test_many_names_are_bounded(tmp_path):
    for n in range(1200):
        (tmp_path / f".{n}").touch()
    assert len(Discovery(f"{tmp_path}/*").passed_over) == 1000


def test_what_breaks_the_reader_is_that_files_trouble(tmp_path, caplog):
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_bytes(b'{"n": 1}\n')
    specs = [InputSpec(name=name, path=str(tmp_path / f"{name}.json"), format=form) for name, form in (("a", "auto"), ("b", "test"))]
    inputs = Inputs(specs, [], lambda sample: sample[99], now)  # an IndexError that nothing is prepared for
    chunks = [*iter(inputs.next_chunk, None)]
    assert [chunk.input for chunk in chunks] == ["b"]
    assert [one.input for one in inputs.unread()] == ["a"]
    assert [(one.why, one.advice) for one in inputs.unread()] == [("internal error: IndexError", "please report it")]
    (event,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert event.message == "a file broke its reader: please report it"
    assert (event.input, event.path, event.offset, event.error) == ("a", str(tmp_path / "a.json"), 0, "IndexError")
    assert event.place.startswith(__file__), "where in the code, and nothing of what is in the file"
    inputs.close()
