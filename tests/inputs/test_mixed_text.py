"""Text that was not written in one go: other line ends, marks and encodings in the middle, tables that go on without a header."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.inputs import encodings
from casbd.inputs.compression import Plain

RECORDS = [{"CreationTime": f"2026-01-31T12:00:{n:02}", "Id": f"{n:08}", "Text": "ünïcödé 😀 中文", "n": n} for n in range(20)]
TEXTS = [json.dumps(record, ensure_ascii=False) for record in RECORDS]
LINES = "".join(f"{text}\n" for text in TEXTS)
ROWS = [f'2026-01-31,"a {n}","{{""n"":{n}}}"' for n in range(20)]
TABLE = "\n".join(["CreationDate,Note,AuditData", *ROWS]) + "\n"
LOG = "\n".join(["time,user,ip", *(f"2026-01-31T12:00:00Z,u{n},203.0.113.{n}" for n in range(20))]) + "\n"


def read_all(reader, tmp_path, data, **options):
    (tmp_path / "f").write_bytes(data)
    one = reader("f", form="test", **options)
    one.read()
    one.inputs.finish()
    one.read()
    return one


@pytest.mark.parametrize("chunk_bytes", [100, 700, 1 << 16])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("text", [LINES, json.dumps(RECORDS, indent=1), TABLE, LOG], ids=["ndjson", "pretty array", "table", "log"])
def test_lines_that_end_with_cr_alone(reader, tmp_path, text, encoding, chunk_bytes):
    expected = read_all(reader, tmp_path, text.encode(encoding), chunk_bytes=chunk_bytes).records
    one = read_all(reader, tmp_path, text.replace("\n", "\r").encode(encoding), chunk_bytes=chunk_bytes)
    assert one.records == expected
    assert len(one.records) == 20
    assert one.rejects == []


def test_a_crlf_whose_halves_come_apart(reader, tmp_path):
    one = reader("f")
    with (tmp_path / "f").open("ab", buffering=0) as file:
        for byte in LINES.replace("\n", "\r\n").encode():
            file.write(bytes([byte]))
            if byte in b"\r\n":
                one.read()
    assert [json.loads(record) for record in one.records] == RECORDS
    assert one.rejects == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "parts",
    [(LINES, LINES), (json.dumps(RECORDS), json.dumps(RECORDS)), (TABLE, TABLE), (TABLE, TABLE.partition("\n")[2])],
    ids=["ndjson", "arrays", "tables", "rows without a header"],
)
def test_a_mark_in_the_middle(reader, tmp_path, parts, encoding):
    """As `cat a b` makes it."""
    one = read_all(reader, tmp_path, "".join("\ufeff" + part for part in parts).encode(encoding))
    assert [json.loads(record)["n"] for record in one.records] == [*range(20), *range(20)]
    assert one.rejects == []


@pytest.mark.parametrize("chunk_bytes", [300, 1000, 1 << 16])
@pytest.mark.parametrize(
    "ways",
    [
        ("utf-16", "utf-8"),
        ("utf-16", "utf-8-sig"),
        ("utf-8", "utf-16-le"),
        ("utf-8-sig", "utf-16"),
        ("utf-16-be", "utf-8"),
        ("utf-8", "utf-16-be"),
        ("utf-16-le", "utf-8", "utf-16-le", "utf-8"),
    ],
)
@pytest.mark.parametrize("text", [LINES, TABLE], ids=["ndjson", "table"])
def test_encodings_that_change(reader, tmp_path, text, ways, chunk_bytes):
    """As `>>` of PowerShell and others make it."""
    data = b"".join(text.encode(encoding) for encoding in ways)
    one = read_all(reader, tmp_path, data, chunk_bytes=chunk_bytes)
    assert [json.loads(record)["n"] for record in one.records] == [*range(20)] * len(ways)
    assert one.rejects == []


def test_offsets_behind_a_change_of_encoding(reader, tmp_path):
    data = LINES.encode("utf-16-le") + LINES.encode()
    one = read_all(reader, tmp_path, data)
    offsets = [offset for chunk in one.committed for offset in chunk.offsets]
    assert offsets == sorted({*offsets})
    assert data[offsets[20] :].startswith(TEXTS[0].encode())
    assert data[offsets[-1] :] == TEXTS[-1].encode() + b"\n"


def test_a_record_that_another_encoding_interrupts_is_a_reject(reader, tmp_path):
    first = '{"n": 0, "padding": "xxxxxxxxxxxxxxxxxxxx"}'
    begun = f'[{first},\n{{"n": 1,\n'.encode("utf-16-le")
    one = read_all(reader, tmp_path, begun + LINES.encode())
    assert one.records == [first.encode(), *(text.encode() for text in TEXTS)]
    assert one.rejects == [(2 * len(f"[{first}"), "text in another encoding begins before the end of this record")]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("chunk_bytes", [64, 1 << 16])
def test_half_a_surrogate_pair_costs_its_own_record_at_most(reader, tmp_path, encoding, chunk_bytes):
    """Whether it is JSON is its format's business. Cut between the halves of a pair, the pair is whole in the end."""
    lines = [f'{{"n": {n}, "x": "{"😀" * n}{half}"}}' for n, half in enumerate(["", "\ud83d", "\ude00", "ä"] * 5)]
    one = read_all(reader, tmp_path, "".join(f"{line}\n" for line in lines).encode(encoding, "surrogatepass"), chunk_bytes=chunk_bytes)
    assert [record.decode("utf-8", "surrogatepass") for record in one.records] == lines


def test_encodings_that_change_with_every_line_cost_little(reader, tmp_path, monkeypatch):
    data = b"".join((text + "\n").encode(("utf-8", "utf-16-le")[n % 2]) for n, text in enumerate(TEXTS * 50))
    real, sizes = Plain.read, []

    def counted(self, offset, size):
        found = real(self, offset, size)
        sizes.append(len(found))
        return found

    monkeypatch.setattr(Plain, "read", counted)
    one = read_all(reader, tmp_path, data, chunk_bytes=1 << 20)
    assert len(one.records) == 1000
    assert sum(sizes) / len(data) < 200


def test_signs_that_look_like_a_line_end_and_ascii():
    """Bytes of two characters together may be a line end, and those of Chinese ones two of ASCII each."""
    text = "ਅ一" + "中" * 20 + "\n"
    assert encodings.switch(text.encode("utf-16-le"), "utf-16-le", first=True) is None


@given(st.text(), st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]))
def test_text_of_one_encoding_is_not_taken_for_two(text, encoding):
    data = "".join('{"a": ' + json.dumps(line, ensure_ascii=False) + "}\n" for line in text.split("\n")).encode(encoding, "replace")
    assert encodings.switch(data, encoding, first=True) is None


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("how", ["copytruncate", "rename"])
@pytest.mark.parametrize("text", [TABLE, LOG], ids=["table", "log"])
def test_a_table_goes_on_without_its_header(reader, tmp_path, text, how, down):
    """Its writer wrote the header once, when it started."""
    log = tmp_path / "x.csv"
    head, *rows = text.splitlines(keepends=True)
    log.write_text(head + "".join(rows[:10]))
    one = reader("x.csv")
    one.read()
    if down:
        one.stop()
    if how == "rename":
        log.rename(tmp_path / "x.csv.1")
    else:
        shutil.copyfile(log, tmp_path / "x.csv.1")
        os.truncate(log, 0)
    with log.open("a") as file:
        file.write("".join(rows[10:]))
    if down:
        one.start()
    one.read()
    plain = read_all(reader, tmp_path, text.encode())
    assert one.records == plain.records
    assert len(one.records) == 20
    assert one.rejects == []


@pytest.mark.parametrize("head", ["time,user,ip\n", "user,time,country\n", "Time,User,IP address\n", "when,who,where\n", "time,who,ipv4\n"])
def test_a_header_of_its_own_counts(reader, tmp_path, head):
    log = tmp_path / "x.csv"
    log.write_text(LOG)
    one = reader("x.csv")
    one.read()
    log.write_text(head + "2026-02-01T12:00:00Z,a,b\n")
    one.read()
    assert list(json.loads(one.records[-1])) == head.strip().split(",")
    assert len(one.records) == 21


def test_rows_whose_header_nobody_knows_are_not_lost_unsaid(reader, tmp_path):
    """The first of them is no header: each is told as a reject by its format."""
    one = read_all(reader, tmp_path, "".join(LOG.splitlines(keepends=True)[1:]).encode())
    assert len(one.records) == 20
