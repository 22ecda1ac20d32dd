"""Cells of CSV that a spreadsheet shows as text, whoever wrote them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

FORMULA = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""What a text may begin with for a spreadsheet to calculate or run it; the last four are full-width forms of the first."""


def safe(text: str) -> str:
    """The text, behind an apostrophe where a spreadsheet would run it as a formula (OWASP, "CSV Injection")."""
    return f"'{text}" if text.startswith(tuple(FORMULA)) else text


def row(cells: Iterable[str]) -> bytes:
    """Cells as one line of RFC 4180, with its end."""
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode(errors="replace")
