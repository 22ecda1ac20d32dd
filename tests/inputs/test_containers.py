"""The same records in every container and encoding; broken ones cost only themselves; restarts anywhere change nothing."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from casbd.inputs import containers
from casbd.inputs.cutting import Context

RECORDS: list[dict[str, Any]] = [
    {
        "CreationTime": f"2026-01-31T12:00:{n:02}",
        "Id": f"{n:08}",
        "Text": 'a "quoted" text, with\nline breaks, [brackets}, ünïcödé 😀 and \\ escapes',
        "Parameters": [{"Name": "To", "Value": "a@example.com"}, {"Name": "x", "Value": None}],
        "Empty": {},
    }
    for n in range(40)
]
TEXTS = [json.dumps(record) for record in RECORDS]


def table(header: list[str], *, delimiter: str = ",", **options: Any) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n", **options)
    writer.writerow(header)
    for number, record in enumerate(TEXTS):
        cells = {"RecordType": "15", "CreationDate": "2026-01-31 12:00", "UserIds": "a@example.com", "Note": f"two\nlines, {number}"}
        writer.writerow([record if name.casefold() == "auditdata" else cells.get(name, "") for name in header])
    return text.getvalue()


NDJSON = "".join(f"{text}\n" for text in TEXTS)
PURVIEW = ["RecordId", "CreationDate", "RecordType", "Operation", "UserId", "AuditData", "AssociatedAdminUnits", "Note"]
POWERSHELL = ["PSComputerName", "RunspaceId", "RecordType", "CreationDate", "UserIds", "Operations", "auditData", "ResultIndex", "Note"]

CONTAINERS: dict[str, bytes] = {
    "ndjson": NDJSON.encode(),
    "crlf without final newline": NDJSON.replace("\n", "\r\n").rstrip().encode(),
    "bom": b"\xef\xbb\xbf" + NDJSON.encode(),
    "blank lines": NDJSON.replace("\n", "\n\n \n").encode(),
    "utf-16le": NDJSON.encode("utf-16-le"),
    "utf-16le, bom": b"\xff\xfe" + NDJSON.encode("utf-16-le"),
    "utf-16be, bom": b"\xfe\xff" + NDJSON.encode("utf-16-be"),
    "array, unescaped": json.dumps(RECORDS, ensure_ascii=False).encode(),
    "array": json.dumps(RECORDS).encode(),
    "array, pretty": json.dumps(RECORDS, indent=2).encode(),
    "array, utf-16": b"\xff\xfe" + json.dumps(RECORDS, indent=2, ensure_ascii=False).encode("utf-16-le"),
    "array, an element a line": ("[\n" + ",\n".join(TEXTS) + "\n]\n").encode(),
    "arrays, one a line": (json.dumps(RECORDS[:20]) + "\n" + json.dumps(RECORDS[20:]) + "\n").encode(),
    "wrapper value": json.dumps({"@odata.context": "https://x", "value": RECORDS, "@odata.nextLink": "y"}).encode(),
    "wrapper Records": json.dumps({"Records": RECORDS}).encode(),
    "wrapper activities": json.dumps({"activities": RECORDS}, indent=1).encode(),
    "wrapper entries": json.dumps({"chunk_size": 40, "next_stream_position": "1", "entries": RECORDS, "more": {"a": []}}).encode(),
    "wrapper entries, more after it": json.dumps({"ok": True, "entries": RECORDS, "response_metadata": {"next_cursor": ""}}).encode(),
    "wrapper logEvents": json.dumps({"messageType": "DATA", "subscriptionFilters": ["a", "b"], "logEvents": RECORDS}).encode(),
    "wrappers, one a line": "".join(json.dumps({"records": part}) + "\n" for part in (RECORDS[:20], RECORDS[20:])).encode(),
    "pretty objects": "\n".join(json.dumps(record, indent=4) for record in RECORDS).encode(),
    "objects without separators": "".join(TEXTS).encode(),
    "csv, purview": table(PURVIEW).encode(),
    "csv, powershell": b"\xef\xbb\xbf#TYPE System.Management.Automation.PSObject\r\n" + table(POWERSHELL, quoting=csv.QUOTE_ALL).encode(),
    "csv, semicolons": table(POWERSHELL, delimiter=";").encode(),
    "csv, utf-16": table(PURVIEW).encode("utf-16"),
    "csv, only auditdata": table(["AuditData"]).encode(),
    "csv, no final newline": table([*PURVIEW[-2:], "AuditData"]).rstrip("\r\n").encode(),
}
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "gzip, two members": lambda data: gzip.compress(data[:999]) + gzip.compress(data[999:]),
    "zstd": zstandard.compress,
    "bz2": bz2.compress,
    "xz": lambda data: lzma.compress(data, preset=0),
}


def parsed(records: list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(record) for record in records]


def check(one: Any, expected: list[dict[str, Any]] = RECORDS) -> None:
    one.read()
    one.inputs.finish()
    one.read()
    assert parsed(one.records) == expected
    assert one.rejects == []


@pytest.mark.parametrize("chunk_bytes", [20, 1 << 20])
@pytest.mark.parametrize("lines", [1, 3])
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_lines_with_the_time_of_a_log_service_before_the_record(reader, tmp_path, chunk_bytes, lines, end):
    text = [f'2026-11-20T10:05:0{n}.000Z {{"n": {n}, "a": "x,y"}}' for n in range(lines)]
    (tmp_path / "f").write_text("\n".join(text) + end)
    one = reader("f", chunk_bytes=chunk_bytes)
    one.read()
    assert (one.records, one.rejects) == ([line.encode() for line in text], [])


def test_the_last_line_waits_until_the_record_behind_the_time_is_whole(reader, tmp_path):
    (tmp_path / "f").write_text('2026-11-20T10:05:01.000Z {"n": 1}\n2026-11-20T10:05:02.000Z {"n": ')
    one = reader("f")
    one.read()
    assert len(one.records) == 1
    with (tmp_path / "f").open("a") as file:
        file.write("2}")
    one.read()
    assert one.records[1:] == [b'2026-11-20T10:05:02.000Z {"n": 2}']


@pytest.mark.parametrize("chunk_bytes", [100, 3000, 1 << 20])
@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_gives_the_same_records(reader, tmp_path, name, chunk_bytes):
    (tmp_path / "f").write_bytes(CONTAINERS[name])
    check(reader("f", chunk_bytes=chunk_bytes))


@pytest.mark.parametrize("name", CONTAINERS)
def test_offsets_are_those_of_the_file(reader, tmp_path, name):
    (tmp_path / "f").write_bytes(CONTAINERS[name])
    one = reader("f", chunk_bytes=3000)
    check(one)
    encoding = "utf-16-be" if "be" in name else "utf-16-le" if "utf-16" in name else "utf-8"
    offsets = [offset for chunk in one.committed for offset in chunk.offsets]
    assert offsets == sorted({*offsets})
    if "csv" not in name:
        for offset, record in zip(offsets, one.records, strict=True):
            text = CONTAINERS[name][offset : offset + 4 * len(record)].decode(encoding, "ignore").lstrip()
            assert text.encode().startswith(record)
    (position,) = one.stored.values()
    assert position.offset <= len(CONTAINERS[name])
    assert not CONTAINERS[name][position.offset :].decode(encoding).strip("\r\n }") or "wrapper" in name


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("name", ["ndjson", "utf-16le, bom", "array, pretty", "csv, purview"])
def test_compressed(reader, tmp_path, name, compression):
    (tmp_path / "f").write_bytes(COMPRESSIONS[compression](CONTAINERS[name]))
    check(reader("f", chunk_bytes=2000))


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_restart_after_every_chunk_changes_nothing(reader, tmp_path, name):
    (tmp_path / "f").write_bytes(CONTAINERS[name])
    one = reader("f", chunk_bytes=1500)
    while chunk := one.chunk():
        one.commit(chunk)
        one.stop()
        one.start()
    check(one)


@pytest.mark.parametrize("step", [1, 700, 5001])
@pytest.mark.parametrize("name", CONTAINERS)
def test_written_bit_by_bit(reader, tmp_path, name, step):
    """Whatever is there when casbd looks, only whole records are read."""
    data = CONTAINERS[name]
    head = len(data) - 300 if step == 1 else 0
    (tmp_path / "f").write_bytes(data[:head])
    one = reader("f")
    one.read()
    with (tmp_path / "f").open("ab", buffering=0) as file:
        for start in range(head, len(data), step):
            file.write(data[start : start + step])
            one.read()
    check(one)


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_file_in_latin_1_stops_nothing(reader, tmp_path, end):
    (tmp_path / "f").write_bytes('{"größe": 1}'.encode("latin-1") + end.encode())
    one = reader("f", form="test")
    assert one.read() == ['{"größe": 1}'.encode("latin-1")]  # a reject of the format's, with its reason


@pytest.mark.parametrize("name", ["ndjson", "utf-16le"])
def test_bad_lines_cost_only_themselves(reader, tmp_path, name):
    bad = ["{", '{"a": [', "}}}}", '"', "[" * 100_000, "\x00\x01\x02", '{"a": "' + "x" * 300_000 + '"}']
    lines = [line for text, junk in zip(TEXTS, [*bad, *bad, *bad, *bad, *bad, *bad], strict=False) for line in (junk, text)]
    (tmp_path / "f").write_bytes("".join(f"{line}\n" for line in lines).encode("utf-16-le" if "16" in name else "utf-8"))
    one = reader("f", form="test", max_record=200_000)
    one.read()
    good = [record for record in one.records if record.decode() in TEXTS]
    assert [record.decode() for record in good] == TEXTS
    assert {reason for _, reason in one.rejects} == {"longer than 200000 bytes"}


@pytest.mark.parametrize("name", ["ndjson", "array", "array, pretty"])
def test_a_record_that_is_too_long_is_a_reject(reader, tmp_path, name):
    indent = 2 if "pretty" in name else None
    texts = [json.dumps(record, indent=indent) for record in RECORDS[:6]]
    texts[3] = json.dumps({"CreationTime": "x" * 100_000}, indent=indent)
    text = "\n".join(texts) + "\n" if name == "ndjson" else "[" + ", ".join(texts) + "]"
    (tmp_path / "f").write_text(text)
    one = reader("f", chunk_bytes=1000, max_record=20_000)
    while chunk := one.chunk():
        one.commit(chunk)
        one.stop()
        one.start()
    assert [record.decode() for record in one.records] == texts[:3] + texts[4:]
    before = text.index(texts[2]) + len(texts[2])
    assert one.rejects == [(before + (name == "ndjson"), "longer than 20000 bytes")], "once, though it restarts after each chunk"


@given(st.binary(max_size=400), st.booleans())
def test_no_bytes_make_it_crash(data, final):
    for encoding in ("utf-8", "utf-16-le"):
        cutter = containers.recognise(data, at_end=True, encoding=encoding)
        if cutter:
            cut = cutter.cut(data, at_end=True, final=final)
            assert 0 <= cut.used <= cut.used + cut.closers <= len(data)
            assert len(cut.records) == len(cut.places)


@given(
    st.lists(st.sampled_from([b"[", b"]", b"{", b"}", b'"', b",", b'{"a":1}', b'{"a"', b"\n", b"\\", b"x", b'{"value":[', b"a,b\n"])),
    st.data(),
)
def test_cutting_in_pieces_cuts_the_same(parts, data):
    """However much of the text is there at a time, the records are the same."""
    text = b"".join(parts)
    container = data.draw(st.sampled_from(["ndjson", "json"]))
    whole = containers.restore(Context(container)).cut(text, at_end=False, final=False)
    cutter, records, start, end = containers.restore(Context(container)), [], 0, 0
    while end < len(text):
        end = data.draw(st.integers(end + 1, len(text)))
        cut = cutter.cut(text[start:end], at_end=False, final=False)
        records += [(start + place, record) for place, record in zip(cut.places, cut.records, strict=True)]
        start += cut.used
    if not whole.rejects:
        assert records == list(zip(whole.places, whole.records, strict=True))


@pytest.mark.parametrize(
    "line",
    [
        b"CEF:0|Palo Alto Networks|PAN-OS|11.1|THREAT|url|5|rt=1783088535000 src=192.0.2.55",
        b"<134>Jan 31 12:00:00 fw01 CEF: 0|Contoso|VPN|1|2|Log on|3|suser=anna",
        b"\xef\xbb\xbfCEF:0|Microsoft|Azure ATP|2.22|X|Brute force|5|start=2018-02-21T14:19:41.7422810Z",
        b"LEEF:2.0|Contoso|VPN|1|2|x|usrName=anna",
    ],
)
def test_bars_of_a_message_part_no_columns(line):
    cutter = containers.recognise(line + b"\n" + line + b"\n", at_end=True, encoding="utf-8")
    assert cutter is not None
    assert cutter.context.container == "ndjson"
