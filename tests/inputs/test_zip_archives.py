"""ZIP archives whose files are not what they claim: each step is bounded, and what is missing is reported."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import zipfile
import zlib

import pytest
import zstandard

from casbd.inputs.archive_formats import open_contents
from casbd.inputs.fence import open_regular
from casbd.inputs.turn import LaterError, Turn
from tests.inputs.samples import OLD, line

TURN = 1 << 18


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
