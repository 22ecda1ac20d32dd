"""CSV: joined tables, names that are no text, and rows that are none."""

from __future__ import annotations

import pytest

from tests.inputs.test_containers import PURVIEW, RECORDS, parsed, table


def test_joined_csv_files_and_another_table(reader, tmp_path):
    (tmp_path / "f").write_text('time,user,note\n2026,a,"x\ny"\ntime,user,note\n2027,b,\n\n2028\n2029,c,d\n')
    one = reader("f")
    one.read()
    assert parsed(one.records) == [
        {"time": "2026", "user": "a", "note": "x\ny"},
        {"time": "2027", "user": "b", "note": ""},
        {"time": "2029", "user": "c", "note": "d"},
    ]
    assert [reason for _, reason in one.rejects] == ["the row has 1 columns, the header 3"]


@pytest.mark.parametrize("again", [b"", b'c,"a\nb\xff"\n'], ids=["once", "joined"])
def test_a_column_whose_name_is_no_text_has_a_mark_in_it(reader, tmp_path, again):
    (tmp_path / "f").write_bytes(b'c,"a\nb\xff"\n1,2\n' + again + b"3,\xfe\n")  # its first line, by which it is known, is sound
    one = reader("f", form="test")
    one.read()
    assert parsed(one.records) == [{"c": "1", "a\nb\ufffd": "2"}, {"c": "3", "a\nb\ufffd": "\ufffd"}]
    assert not one.rejects
    one.stop()
    one.start()  # with the columns as they were stored
    with (tmp_path / "f").open("ab") as file:
        file.write(b"5,6\n")
    one.read()
    assert parsed(one.records)[2:] == [{"c": "5", "a\nb\ufffd": "6"}]


def test_a_stray_quote_costs_one_row(reader, tmp_path):
    rows = table(PURVIEW).split("\r\n")
    (tmp_path / "f").write_text("\r\n".join([*rows[:7], '1,2,"3,4,5,6,7,8', *rows[7:]]))
    one = reader("f")
    one.read()
    assert [record["Id"] for record in parsed(one.records)] == [record["Id"] for record in RECORDS]
    assert len(one.rejects) == 1


def test_a_last_row_that_is_none_whatever_follows_costs_itself(reader, tmp_path):
    (tmp_path / "f").write_bytes(b'a,b\n1,2\n""\r-,3')  # a carriage return behind a quoted field: the csv module takes offence
    one = reader("f", form="test")
    one.read()
    one.inputs.finish()
    one.read()
    assert parsed(one.records) == [{"a": "1", "b": "2"}]
    assert len(one.rejects) == 1
