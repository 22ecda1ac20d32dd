"""Activities as the cells of a CSV file: no spreadsheet takes one for a formula, and no reader trips over one.

A text that begins with `=`, `+`, `-`, `@`, a tab, a carriage return or a line feed, or with the full-width form of one of the
first four, gets an apostrophe in front: a spreadsheet may calculate or run what begins so (OWASP, "CSV Injection",
https://owasp.org/www-community/attacks/CSV_Injection, with the line feed since August 2025). Numbers in
columns of numbers (`latitude` -3.1) are no text, and stay. NUL, at which some readers end a file, and the other control
characters but tab and line ends become U+FFFD. Who needs every character as it was exports to NDJSON or Parquet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from casbd.model.activity import FIELDS, Kind
from casbd.records.timestamps import iso
from casbd.wire import csv_cells, json_lines

if TYPE_CHECKING:
    import pyarrow as pa

_FORMULA = csv_cells.FORMULA.replace("-", r"\-")
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"


def cells(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Columns of activities under the fields' names, as `ActivityLog.arrow` gives them, with a text, number or flag for each cell.

    Times as `2026-01-31T12:00:00.000Z`; lists joined by `; `; objects as JSON text, nothing where there are none.
    """
    import pyarrow as pa

    names = batch.schema.names
    return pa.RecordBatch.from_arrays([_cells(batch[name], FIELDS[name].kind) for name in names], names=names)


def _cells(column: pa.Array, kind: Kind) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if kind == "time":
        return pa.array([*map(iso, column.to_pylist())], type=pa.string())
    if kind == "objects":
        return pa.array([json_lines.line(things).decode() if things else "" for things in column.to_pylist()], type=pa.string())
    if kind == "list":
        return _harmless(pc.binary_join(column, "; "))
    return _harmless(column) if kind in ("text", "choice") else column


def _harmless(texts: pa.Array) -> pa.Array:
    """Clean texts, the usual case, cost a look at their letters and one at their beginnings."""
    import pyarrow.compute as pc

    if not pc.all(pc.ascii_is_printable(texts)).as_py():
        texts = pc.replace_substring_regex(texts, f"[{_CONTROL}]", "\ufffd")
    if pc.any(pc.match_substring_regex(texts, f"^[{_FORMULA}]")).as_py():
        texts = pc.replace_substring_regex(texts, f"^([{_FORMULA}])", r"'\1")
    return texts
