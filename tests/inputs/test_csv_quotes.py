"""CSV whose quotes open and never close, and rows without end: what follows is read, and the cost is linear."""

from __future__ import annotations

import json
import time

import pytest

from casbd.inputs.csv_rows import CsvRows
from casbd.inputs.cutting import Context

HEADER = b"id,time,user\n1,2,3\n"
LAST = b'\n7,8,"9"\n'
SIZE = 1 << 18
TEXTS = {
    "a quote that never closes": (b'1,2,"', b"abc,def\n"),
    "one in each line": (b"", b'1,2,"abc\n'),
    "quotes": (b"1,2,", b'"'),
    "three quotes a line": (b"", b'"""\n'),
    "quotes and commas": (b"", b'",'),
    "lines of them": (b"", b'",\n'),
    "what follows a closed quote": (b"", b'"a"b"\n'),
    "two lines together": (b"", b'"\n"a\n'),
    "a long beginning": (b'1,2,"\n', b'""\n'),
    "stray quotes": (b"", b'a"b\n'),
    "cells": (b"", b"a,"),
    "zero bytes": (b"", b"\0"),
    "cells of zero bytes": (b"", b"1,\0,2\n"),
    "marks of the byte order": (b"", b"\xef\xbb\xbf\n"),
}


def text(kind, size):
    before, unit = TEXTS[kind]
    return HEADER + before + unit * (size // len(unit)) + LAST


def seconds(reader, path, content):
    path.write_bytes(content)
    one = reader(path.name, chunk_bytes=1 << 20)
    begun = time.process_time()
    one.read()
    one.inputs.finish()
    one.read()
    return time.process_time() - begun, one


@pytest.mark.parametrize("kind", TEXTS)
def test_the_cost_is_linear_and_what_follows_is_read(reader, tmp_path, kind):
    short, _ = seconds(reader, tmp_path / "short", text(kind, SIZE))
    long, one = seconds(reader, tmp_path / "long", text(kind, 4 * SIZE + (1 << 20)))
    assert long < 0.2 + 8 * 2.5 * short, "eight times as much"
    found = [json.loads(record) for record in one.records if record.startswith(b'{"id"')]
    assert {"id": "7", "time": "8", "user": "9"} in found or kind in ("quotes", "quotes and commas")


@pytest.mark.parametrize("wrong", [b'"\n"a,2,3\n', b'"a"b\n', b'1,"\n"a,3\n', b'"\n"a\n"\n"a,2,3\n'])
def test_at_the_end_what_is_wrong_takes_no_other_rows_with_it(wrong):
    rows = CsvRows(Context("csv", columns=["id", "time", "user"]))
    cut = rows.cut(wrong + b'7,8,9\n10,11,"1\n2"', at_end=True, final=True)
    assert [json.loads(record)["user"] for record in cut.records][-2:] == ["9", "1\n2"]


@pytest.mark.parametrize(("columns", "rows", "unread"), [(1000, 3, []), (1_000_000, 0, ["no format claims its records"])])
def test_a_header_of_many_columns(reader, tmp_path, columns, rows, unread):
    header = ",".join(f"c{number}" for number in range(columns)).encode() + b"\n"
    (tmp_path / "b").write_bytes(HEADER)
    took, one = seconds(reader, tmp_path / "a", header + (b"1," * (columns - 1) + b"1\n") * 3)
    assert took < 10
    assert (len(one.records), [file.why for file in one.inputs.unread()]) == (rows, unread)
