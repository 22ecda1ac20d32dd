"""Cells of CSV: a reader gets the values back, and a spreadsheet runs none of them."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.wire.csv_cells import row, safe


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_formula_is_text(text):
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "a@contoso.com", "'=1", " 1"])
def test_other_text_stays(text):
    assert safe(text) == text


def test_the_form_of_rfc_4180():
    assert row(["a", 'b "c"', "d,e", "f\r\ng", ""]) == b'a,"b ""c""","d,e","f\r\ng",\r\n'
    assert row(["\ud800"]) == b"?\r\n"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2))
def test_is_read_back(cells):
    (found,) = csv.reader(io.StringIO(row(cells).decode(), newline=""), strict=True)
    assert found == cells
