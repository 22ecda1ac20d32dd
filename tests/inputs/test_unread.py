"""Every way in which something of an input is not read has its word: what, why, how much, and what to do."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import socket
from pathlib import Path

import pytest

from casbd.clock import now
from casbd.inputs import Inputs
from casbd.inputs.discovery import Discovery
from casbd.model.chunk import InputSpec

OLD = 1_700_000_000


def line(n):
    return json.dumps({"n": n, "padding": "x" * 50}).encode() + b"\n"


def lines(numbers):
    return b"".join(map(line, numbers))


def told(one, *, final=True):
    """What is unread after everything was read, by the file's name: kind and reason."""
    one.read()
    if final:
        one.inputs.finish()
        one.read()
    return {Path(u.path).name: (u.kind, u.why) for u in one.inputs.unread()}


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
        (gzip.compress(lines(range(500)))[:-20], "damaged or not yet whole"),
        (gzip.compress(b"7z\xbc\xaf\x27\x1c\0\4"), "a 7-Zip archive"),
        (b"\x1f\x8b\x08", "damaged or not yet whole"),
    ],
)
@pytest.mark.parametrize("old", [False, True])
def test_files_that_give_nothing_or_not_all(reader, tmp_path, content, why, old):
    (tmp_path / "f").write_bytes(content)
    if old:
        os.utime(tmp_path / "f", (OLD, OLD))
    one = reader("f")
    found = told(one)
    assert why in found["f"][1]
    passing = "damaged" in why or "cut" in why  # somebody may just be writing it
    assert found["f"][0] == ("waiting" if passing and not old else "unread")
    (unread,) = one.inputs.unread()
    assert unread.size
    assert unread.advice
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
        gzip.compress(lines(range(3))),
        gzip.compress(b""),
    ],
)
@pytest.mark.parametrize("old", [False, True])
def test_what_is_read_or_empty_is_no_news(reader, tmp_path, content, old):
    (tmp_path / "f").write_bytes(content)
    if old:
        os.utime(tmp_path / "f", (OLD, OLD))
    assert told(reader("f", form="test")) == {}


@pytest.mark.parametrize("rest", [line(3)[:30], b'[{"n": 1}, {"n":', b"hello"])
def test_an_unfinished_last_line(reader, tmp_path, rest):
    log = tmp_path / "f"
    log.write_bytes(lines(range(3)) + rest)
    one = reader("f", form="test")
    assert told(one, final=False) == {}  # somebody is writing it
    minutes = now() / 1000 - 1800
    os.utime(log, (minutes, minutes))
    assert told(one, final=False) == {}  # or has the rest of it in a buffer
    os.utime(log, (OLD, OLD))
    assert told(one, final=False) == {"f": ("unread", "its last record is not whole")}  # nobody is any more
    assert one.inputs.unread()[0].size == len(rest)
    os.utime(log)
    assert told(one) == {"f": ("waiting", "its last record is not whole")}


def test_what_the_wildcards_meet_that_is_no_file(reader, tmp_path):
    for name in ("good", ".hidden"):
        (tmp_path / name).write_bytes(line(1))
    (tmp_path / "directory").mkdir()
    (tmp_path / "nowhere").symlink_to("gone")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        one = reader("*")
        assert told(one) == {
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
    assert told(reader("**/*.json")) == {"link": ("left_out", "`**` does not follow links to directories")}
    assert told(reader("**/*")) == {"link": ("left_out", "`**` does not follow links to directories")}


def test_a_path_that_meets_nothing(reader, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "deep/er").mkdir(parents=True)
    kind, why = told(reader("empty/*.json"))["*.json"]
    assert (kind, "no file matches" in why) == ("waiting", True)
    assert told(reader("empty/x.json"))["x.json"][0] == "waiting"
    kind, why = told(reader("emtpy/*.json"))["emtpy"]
    assert kind == "unread"
    assert "there is no such directory" in why
    one = reader("deep/*")
    assert told(one)["*"][0] == "unread"
    assert [u.advice for u in one.inputs.unread() if u.kind == "unread"] == [
        "it meets directories alone: `/**/*` at its end looks into them"
    ]


def test_an_empty_directory_whose_files_were_read_is_no_news(reader, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/f").write_bytes(line(1))
    one = reader("in/*")
    one.read()
    (tmp_path / "in/f").unlink()
    assert told(one) == {}
    one.stop()
    one.start()
    assert told(one) == {}


def test_a_directory_that_may_not_be_looked_into(reader, tmp_path, monkeypatch):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_bytes(line(1))
    real = os.scandir

    def scandir(path):
        if str(path) == f"{tmp_path}/d":  # root may look into everything
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert told(reader("d/*"))["d"] == ("unread", "Permission denied")


def test_many_names_are_bounded(tmp_path):
    for n in range(1200):
        (tmp_path / f".{n}").touch()
    assert len(Discovery(f"{tmp_path}/*").passed_over) == 1000


class TestMissing:
    """What became of files while casbd was down, or faster than it could read."""

    def begin(self, reader, log, numbers, more=()):
        log.write_bytes(lines(numbers))
        one = reader(log.name)
        one.read()
        one.stop()
        with log.open("ab") as file:
            file.write(lines(more))
        return one

    @pytest.mark.parametrize("to", ["archive", "../archive", "archive/2026/11"])
    @pytest.mark.parametrize("again", [True, False])
    def test_a_rest_that_was_moved_to_another_directory(self, reader, tmp_path, to, again):
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
        found = told(one)
        assert found["x.log"] == ("unread", f"it was moved to {moved.resolve()} before it was read to its end") or not again
        (unread,) = [u for u in one.inputs.unread() if "moved" in u.why]
        assert unread.size == len(lines(range(30, 50)))
        assert one.inputs.given_up() == []
        assert told(one) == found  # it stays so until somebody does something
        moved.rename(log.parent / "x.log.1")
        assert [u for u in one.inputs.unread() if "moved" in u.why] == []
        assert sorted(one.numbers()) == [*range(30, 50)]
        assert told(one) == {}

    def test_a_file_that_was_read_to_its_end_may_be_moved(self, reader, tmp_path):
        log = tmp_path / "x.log"
        one = self.begin(reader, log, range(30))
        (tmp_path / "archive").mkdir()
        log.rename(tmp_path / "archive/x.log")
        log.write_bytes(lines(range(50, 60)))
        one.start()
        assert told(one) == {}
        assert len(one.records) == 40

    def test_a_small_compressed_file_that_was_read_may_be_moved(self, reader, tmp_path):
        """It is larger on disk than what is in it."""
        (tmp_path / "x.gz").write_bytes(gzip.compress(b'{"n":1}\n'))
        one = reader("*.gz")
        assert one.numbers() == [1]
        one.stop()
        (tmp_path / "done").mkdir()
        (tmp_path / "x.gz").rename(tmp_path / "done/x.gz")
        one.start()
        assert told(one) == {}

    def test_a_log_that_grew_and_is_gone(self, reader, tmp_path):
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
        kind, why = told(one)["x.log"]
        assert kind == "unread"
        assert "another file is there now" in why
        gone = one.inputs.given_up()
        assert len(gone) == 1
        for position in gone:
            one.stored[position.input, position.device, position.inode, position.fingerprint] = position
        one.stop()
        one.start()
        assert told(one) == {}  # once is enough

    def test_another_file_with_the_inode_of_one_that_is_gone(self, reader, tmp_path):
        (tmp_path / "other").mkdir()
        (tmp_path / "f").write_bytes(lines(range(500)))
        one = reader("f", chunk_bytes=1000)
        one.commit(one.chunk())
        one.stop()
        (tmp_path / "f").rename(tmp_path / "other/f")  # the same inode
        (tmp_path / "other/f").write_bytes(b"x" * 50_000)
        one.start()
        assert told(one)["f"] == ("unread", "it was gone before it was read to its end")

    @pytest.mark.parametrize("down", [True, False])
    def test_exports_that_are_replaced_or_removed_are_no_news(self, reader, tmp_path, down):
        log = tmp_path / "export.json"
        one = self.begin(reader, log, range(30))
        if not down:
            one.start()
            one.read()
        log.unlink()
        if down:
            one.start()
        assert told(one, final=False) == {}
        (tmp_path / "new").write_bytes(lines(range(60, 100)))
        (tmp_path / "new").replace(log)
        assert told(one) == {}

    def test_a_file_that_was_deleted_before_its_turn(self, reader, tmp_path):
        for n in range(20):
            (tmp_path / f"{n}.json").write_bytes(lines(range(n * 100, n * 100 + 50)))
            os.utime(tmp_path / f"{n}.json", (OLD + n, OLD + n))
        one = reader("*.json", chunk_bytes=1000)
        assert one.chunk()
        (tmp_path / "19.json").unlink()
        found = told(one)
        assert found == {"19.json": ("unread", "it was gone before it was read to its end")}

    def test_an_interrupted_file_that_was_deleted_meanwhile(self, reader, tmp_path):
        (tmp_path / "f").write_bytes(lines(range(500)))
        one = reader("f", chunk_bytes=1000)
        one.commit(one.chunk())
        one.stop()
        (tmp_path / "f").unlink()
        one.start()
        assert told(one)["f"] == ("unread", "it was gone before it was read to its end")
        assert len(one.inputs.given_up()) == 1

    def test_a_file_that_nobody_claims_may_be_taken_away(self, reader, tmp_path):
        (tmp_path / "good").write_bytes(line(1))
        (tmp_path / "bad").write_bytes(b"hello\n")
        one = reader("*")
        assert "bad" in told(one)
        (tmp_path / "bad").unlink()
        assert told(one) == {}

    def test_copies_and_compressed_generations_are_no_news(self, reader, tmp_path):
        log = tmp_path / "x.log"
        one = self.begin(reader, log, range(30), range(30, 40))
        shutil.copyfile(log, tmp_path / "x.log.1")
        os.truncate(log, 0)
        log.write_bytes(lines(range(50, 60)))
        (tmp_path / "x.log.1.gz").write_bytes(gzip.compress((tmp_path / "x.log.1").read_bytes()))
        (tmp_path / "x.log.1").unlink()
        one.start()
        assert told(one) == {}
        assert len(one.records) == 50


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
