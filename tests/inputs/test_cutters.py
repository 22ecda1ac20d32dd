"""What each container's cutter does with some text at hand: where it stops, and where it goes on behind what was too long."""

from __future__ import annotations

import gzip
import json

import pytest

from casbd.inputs import containers
from casbd.inputs.cursor import context
from casbd.inputs.cutting import Context


@pytest.mark.parametrize(
    ("skipping", "text", "records", "used", "still"),
    [
        (Context("ndjson"), b"of it\n1\n2", [(6, b"1")], 8, False),
        (Context("ndjson"), b"\n1\n", [(1, b"1")], 3, False),
        (Context("ndjson"), b"of it", [], 5, True),
        (Context("csv", columns=["a", "b"]), b"of it\n1,2\n", [(6, b'{"a":"1","b":"2"}')], 10, False),
        (Context("csv", columns=["a", "b"]), b"of it", [], 5, True),
        (Context("json", level="array", mark='{"a"'), b'of it, {"a": 1}', [(7, b'{"a": 1}')], 15, False),
        (Context("json", level="array", mark='{"a"'), b'{"a": 1}', [(0, b'{"a": 1}')], 8, False),
        (Context("json", level="array", mark='{"a"'), b"of it, {", [], 5, True),  # the last bytes may begin the mark
        (Context("json", level="array", mark='{"a"'), b"{", [], 0, True),
        (Context("json", level="array"), b'of it\n{"a": 1}', [(6, b'{"a": 1}')], 14, False),
        (Context("json", level="array"), b"of it", [], 5, True),
    ],
)
def test_behind_a_record_that_was_too_long(skipping, text, records, used, still):
    skipping.skipping = True
    cutter = containers.restore(skipping)
    cut = cutter.cut(text, at_end=False, final=False)
    assert list(zip(cut.places, cut.records, strict=True)) == records
    assert (cut.used, cutter.context.skipping) == (used, still)


@pytest.mark.parametrize(
    ("text", "records", "used"),
    [
        (b'{"a": 1}\0\0', [(0, b'{"a": 1}')], 10),  # zero bytes and blanks are no part of a record
        (b' {"a": 1} ', [(0, b'{"a": 1}')], 10),
        (b'{"a": 1', [], 0),
        (b'{"a": 1}\n{"b', [(0, b'{"a": 1}')], 9),
        (b"\0\0\n", [], 3),
    ],
)
def test_a_last_line_counts_when_it_is_a_whole_object(text, records, used):
    cut = containers.restore(Context("ndjson")).cut(text, at_end=True, final=False)
    assert (list(zip(cut.places, cut.records, strict=True)), cut.used) == (records, used)


@pytest.mark.parametrize(
    ("text", "container", "delimiter"),
    [
        (b"time,user\n", "csv", ","),
        (b"time;user\n", "csv", ";"),
        (b"time\tuser\n", "csv", "\t"),
        (b"time|user\n", "csv", "|"),
        (b"AuditData\n", "csv", ","),
        (b"#TYPE System.Object\ntime;user\n", "csv", ";"),
        (b"#TYPE System.Object\n", None, ""),
        (b"time\n", "ndjson", ","),  # one column alone is any line
        (b"time,time\n", "ndjson", ","),
        (b"ti\0me,user\n", "ndjson", ","),
        (b"time,{user}\n", "ndjson", ","),
        (b"time,us\xffer\n", "ndjson", ","),
        (b"2026-01-31T12:00:00Z,anna\n", "ndjson", ","),
        (b"time," + b"x" * 200 + b"\n", "ndjson", ","),
        (b"time," + b"x" * 199 + b"\n", "csv", ","),
        (b'{"a":1}', "ndjson", ","),
        (b'{"a":', None, ""),
        (b'{"a":1}{"a":2}', "json", ","),
        (b'{"a":1}{"a":2}\n', "json", ","),
        (b'{\n"a":1}', "json", ","),
        (b'{"a":x}\n{"b":', "ndjson", ","),
        (b"[1", "json", ","),
        (b"[x]\n", "ndjson", ","),
        (b"x", None, ""),
        (b"x\n", "ndjson", ","),
        (b" \n", None, ""),
        (b"x" * (1 << 16), "ndjson", ","),
        (b"x" * ((1 << 16) - 1), None, ""),
    ],
)
def test_which_container_a_beginning_is(text, container, delimiter):
    cutter = containers.recognise(text, at_end=True, encoding="utf-8")
    assert (cutter and (cutter.context.container, cutter.context.delimiter)) == (container and (container, delimiter))


@pytest.mark.parametrize(
    ("text", "final", "records"),
    [
        (b'1, "a, b", true ,null', False, [(0, b"1"), (3, b'"a, b"'), (11, b"true")]),
        (b'1, "a, b", true ,null', True, [(0, b"1"), (3, b'"a, b"'), (11, b"true"), (17, b"null")]),
        (b'1, "a', True, [(0, b"1")]),
    ],
)
def test_elements_that_are_no_objects_are_records_too(text, final, records):
    cut = containers.restore(Context("json", level="array")).cut(text, at_end=True, final=final)
    assert list(zip(cut.places, cut.records, strict=True)) == records


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_first_record_that_is_too_long_costs_itself_in_any_encoding(reader, tmp_path, encoding):
    (tmp_path / "f").write_bytes(('{"a": "' + "x" * 100_000 + '"}\n{"n": 1}\n').encode(encoding))
    one = reader("f", form="test", chunk_bytes=1000, max_record=20_000)
    assert one.numbers() == [1]
    assert one.rejects == [(0, "longer than 20000 bytes")]


def test_blanks_at_the_ends_of_cells_are_a_part_of_them(reader, tmp_path):
    (tmp_path / "f").write_bytes(b"a,b\n1 , 2 \t\r\n")
    assert [json.loads(record) for record in reader("f").read()] == [{"a": "1 ", "b": " 2 \t"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_table_goes_on_in_its_own_encoding(reader, tmp_path, encoding, delimiter):
    def rows(*numbers):
        return "".join(f"2026-01-31T12:00:00Z{delimiter}ä{number}\n" for number in numbers).encode(encoding)

    (tmp_path / "f").write_bytes(f"time{delimiter}user\n".encode(encoding) + rows(1, 2))
    one = reader("f")
    one.read()
    (tmp_path / "f").rename(tmp_path / "f.1")
    (tmp_path / "f").write_bytes(rows(3))
    one.read()
    with (tmp_path / "f").open("ab") as file:
        file.write(rows(4))
    one.stop()
    one.start()
    one.read()
    assert [json.loads(record)["user"] for record in one.records] == ["ä1", "ä2", "ä3", "ä4"]


def test_the_position_holds_how_to_go_on(reader, tmp_path):
    (tmp_path / "real").write_bytes(b'[{"n": 1}]')
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "plain.16").write_bytes('[{"m": 1}]'.encode("utf-16-le"))
    (tmp_path / "packed").write_bytes(gzip.compress(b'{"n": 2}\n'))
    (tmp_path / "plain").write_bytes(b'{"n": 3}\n')
    one = reader("[lp]*")
    one.read()
    assert {chunk.path.rpartition("/")[2]: context(chunk.position) for chunk in one.committed} == {
        "link": Context("json", closers=1, level="array", mark='{"n"', target=str(tmp_path / "real")),
        "packed": Context("ndjson", ended=True),
        "plain": Context("ndjson"),
        "plain.16": Context("json", "utf-16-le", closers=2, level="array", mark='{"m"'),
    }
    assert {(chunk.input, chunk.format, chunk.position.format) for chunk in one.committed} == {("in", "test", "test")}
    assert [chunk.position.offset for chunk in one.committed if "link" in chunk.path] == [10]
