"""Compressed files: read as far as they go, in as much memory as is theirs."""

from __future__ import annotations

import gzip
import json
import lzma
import random
import tracemalloc
import zlib

import pytest
import zstandard

from casbd.inputs.compression import Compressed, open_source
from casbd.inputs.turn import LaterError, Turn
from tests.inputs.samples import line, lines
from tests.inputs.test_containers import COMPRESSIONS

TURN = 1 << 18


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


@pytest.mark.parametrize("compression", ["gzip", "zstd", "bz2", "xz"])
def test_a_truncated_compressed_file_is_read_as_far_as_possible_and_told(reader, tmp_path, compression):
    data = b"".join(b'{"n": %d, "x": "%s"}\n' % (n, random.Random(n).randbytes(100).hex().encode()) for n in range(12_000))
    whole = COMPRESSIONS[compression](data)
    (tmp_path / "f").write_bytes(whole[: len(whole) * 2 // 3])
    one = reader("f")
    one.read()
    assert 1000 < len(one.records) < 12_000
    assert "not yet whole" in one.inputs.problems()["in"]
    (tmp_path / "f").write_bytes(whole)
    one.read()
    assert [json.loads(record)["n"] for record in one.records] == [*range(12_000)]
    assert one.inputs.problems() == {}


def test_a_bomb_fills_no_memory(reader, tmp_path):
    (tmp_path / "f").write_bytes(zstandard.compress((b" " * 999_999 + b"\n") * 100 + b'{"n":1}\n'))
    one = reader("f")
    tracemalloc.start()
    assert one.numbers() == [1]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30_000_000
