"""Files that are taken up and finished are logged once, and many of them as a number; how far the reading has come."""

from __future__ import annotations

import gzip
import logging
import zipfile

import pytest

from casbd.inputs.announcing import Announcing


def logged(caplog):
    return [(record.message, getattr(record, "number", None)) for record in caplog.records]


def test_a_file_is_taken_up_and_finished_once(reader, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    log = tmp_path / "x.log"
    log.write_bytes(b'{"n":1}\n' * 10_000)
    one = reader("x.log", chunk_bytes=1000)
    one.read()
    with log.open("ab") as file:
        file.write(b'{"n":2}\n')
    one.read()
    assert logged(caplog) == [("file taken up", None), ("file read to its end", None)]
    assert [(event.input, event.path, event.offset) for event in caplog.records] == [("in", str(log), 0), ("in", str(log), 80_000)]


def test_what_cannot_be_read_is_not_finished(reader, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    (tmp_path / "a").write_bytes(b"hello\n")
    (tmp_path / "b").write_bytes(gzip.compress(b'{"n":1}\n' * 10_000)[:-20])
    reader("*").read()
    assert logged(caplog) == [("file taken up", None)]


def test_many_files_are_logged_together(caplog):
    caplog.set_level(logging.INFO)
    announcing = Announcing("in")
    for n in range(50):
        announcing.log_file("taken up", f"/{n}", 0, 100_000 + n)
    assert len(caplog.records) == 20
    announcing.log_the_rest(105_000)
    assert len(caplog.records) == 20
    announcing.log_the_rest(110_000)
    assert logged(caplog)[20:] == [("more files taken up", 30)]
    assert caplog.records[20].input == "in"
    announcing.log_file("read to its end", "/0", 0, 110_001)
    announcing.log_the_rest(200_000)
    assert logged(caplog)[21:] == [("file read to its end", None)]


@pytest.mark.parametrize("kind", ["plain", "gz", "zip"])
def test_how_far_the_reading_has_come(reader, tmp_path, kind):
    import random

    data = b"".join(b'{"n":1,"x":"%s"}\n' % random.Random(n).randbytes(50).hex().encode() for n in range(5000))
    path = tmp_path / "f"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a", data)
            archive.writestr("b", data[::-1])
    else:
        path.write_bytes(gzip.compress(data) if kind == "gz" else data)
    one = reader("f", form="test", chunk_bytes=1 << 16)
    seen = []
    while one.chunk():
        seen.append(one.inputs.progress())
    total = path.stat().st_size if kind != "zip" else 2 * len(data)
    assert {of for _, of in seen} == {total}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert 0 < seen[0][0] < total
    assert one.inputs.progress() == (total, total)
