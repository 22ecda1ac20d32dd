"""CSV exports: Purview audit search and `Search-UnifiedAuditLog | Export-Csv` (the `AuditData` column), and any other.

The end of a row is found over its quotes (RFC 4180: line breaks may stand inside them); the fields are read by Python's
csv module. A stray quote must not swallow the rest of a file: where the text cannot be a row, only its first line is lost.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Sequence

import msgspec

from casbd.inputs.cutting import BOM, Context, Cut, is_object

ROW_CAP = 1 << 20
"""How far the end of a quoted field is searched for. Excel holds 32,767 characters in a cell, Purview not many more."""

DELIMITERS = ",;\t|"
_QUOTED = rb'"(?:[^"]++|"")*+"'


class CsvRows:
    """Cuts rows below a header. The record is the row's AuditData; where there is none, an object of its columns."""

    def __init__(self, context: Context) -> None:
        self.context = context
        # The csv module's own limit of 128 KiB is for the whole process; the length of records is bounded elsewhere.
        csv.field_size_limit(sys.maxsize)
        separator = re.escape(context.delimiter).encode()
        field = rb"(?:" + _QUOTED + rb'|[^"\n' + separator + rb"][^\n" + separator + rb"]*+|(?=[\n\r" + separator + rb"]|\Z))"
        before = rb"(?:" + field + separator + rb")*+"
        self._row = re.compile(before + field + rb"\r?\n")
        self._begun = re.compile(before + rb'(?:"(?:[^"]++|"")*+|' + field + rb"\r?)\Z")
        self._fields_before(context.columns)

    def _fields_before(self, columns: list[str]) -> None:
        self._columns = columns
        names = [name.casefold().replace(" ", "") for name in columns]
        self._audit_data = names.index("auditdata") if "auditdata" in names else None

    def cut(self, text: bytes, *, at_end: bool, final: bool) -> Cut:
        """See Cutter."""
        cut = Cut(used=self._resume(text))
        rows, places = self._rows(text, cut, final and at_end)
        for row, place in zip(rows, places, strict=True):
            self._read(row, place, cut)
        return cut

    def _rows(self, text: bytes, cut: Cut, final: bool) -> tuple[list[bytes], list[int]]:
        rows, places = [], []
        place = cut.used
        while place < len(text):
            if text.startswith(BOM, place):  # exports were joined
                place += len(BOM)
            end = text.find(b"\n", place) + 1
            if not end or text.count(b'"', place, end) % 2:
                end = self._end(text, place, end, final)
            if not end:
                break
            rows.append(text[place:end])
            places.append(place)
            place = cut.used = end
        return rows, places

    def _end(self, text: bytes, place: int, line_end: int, final: bool) -> int:
        """Behind the row at `place` whose first line does not end it; 0 where it is not yet whole."""
        if row := self._row.match(text, place):
            return row.end()
        begun = self._begun.match(text, place) if final or len(text) - place < ROW_CAP else None
        if final and (begun or not line_end) and self._whole(text[place:]):
            return len(text)
        if not line_end or (len(text) - place < ROW_CAP and begun):
            return 0
        return line_end

    def _whole(self, row: bytes) -> bool:
        """Whether a last row without line break has all its fields, or is none whatever may follow."""
        if row.count(b'"') % 2 or not self._columns:
            return False
        try:
            fields = self._fields(row)
        except csv.Error:
            return True  # else it would stop all reading, or never be reported: so it becomes a reject
        audit_data = self._audit_data
        return len(fields) == len(self._columns) and (
            audit_data is None or is_object(fields[audit_data].encode("utf-8", "surrogateescape"))
        )

    def _fields(self, row: bytes) -> list[str]:
        text = row.decode("utf-8", "surrogateescape").rstrip("\r\n")
        return next(csv.reader([text], delimiter=self.context.delimiter), [])

    def _read(self, row: bytes, place: int, cut: Cut) -> None:
        """The record, or the reject, of one row; nothing for an empty row and for a header."""
        try:
            fields = self._fields(row)
        except csv.Error as error:
            cut.rejects.append((place, place + len(row), f"not a row of this CSV: {error}"))
            return
        if not any(fields) or fields[0].startswith("#TYPE "):  # Export-Csv's first line
            return
        if not self._columns:
            self.context.columns = [*map(_sound, fields)]
            self._fields_before(self.context.columns)
        elif _sound(fields[0]) == self._columns[0] and [*map(_sound, fields)] == self._columns:
            pass  # exports were joined: another header
        elif reason := self._mismatch(fields):
            cut.rejects.append((place, place + len(row), reason))
        else:
            cut.records.append(self._record(fields))
            cut.places.append(place)

    def _mismatch(self, fields: list[str]) -> str:
        least = len(self._columns) if self._audit_data is None else self._audit_data + 1
        if len(fields) >= least and (self._audit_data is not None or len(fields) == least):
            return ""
        return f"the row has {len(fields)} columns, the header {len(self._columns)}"

    def _record(self, fields: list[str]) -> bytes:
        if self._audit_data is not None:
            return fields[self._audit_data].encode("utf-8", "surrogateescape")
        return msgspec.json.encode(dict(zip(self._columns, map(_sound, fields), strict=True)))

    def _resume(self, text: bytes) -> int:
        """Behind the rest of a row that was too long: at the next line."""
        if not self.context.skipping:
            return 0
        end = text.find(b"\n") + 1
        self.context.skipping = not end
        return end or len(text)


def _sound(field: str) -> str:
    """A field, or a column's name, with a mark where its bytes were no UTF-8: neither JSON nor the store takes it otherwise."""
    return field.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


_A_TIME = re.compile(r"\d{4}-\d\d-\d\d|\d\d?[:/.]\d\d?[:/.]\d\d")
"""No column is called so: it is a row without a header, and must not be taken for one."""


def goes_on(text: bytes, columns: Sequence[str], delimiter: str) -> bool:
    """Whether `text` begins with a row of the table that has these columns, and not with a header of its own.

    A log that was truncated or rotated is often gone on with by a writer that wrote its header once, long ago. A row has as
    many fields, something with a digit among them (without a time it could be no activity), and no column's name.
    """
    try:
        fields = next(csv.reader(io.StringIO(text.decode("utf-8", "replace"), newline=""), delimiter=delimiter), [])
    except csv.Error:
        return False
    names = {name.casefold() for name in columns}
    own = len(fields) == len(columns) and not any(field.strip().casefold() in names for field in fields)
    return own and any(character.isdigit() for field in fields for character in field)


_MESSAGE = re.compile(r"CEF:\s?\d+\||LEEF:\d")
"""Lines of their own, whose bars part no columns."""


def header(line: bytes) -> str:
    """The delimiter of this line if it can be a CSV's header, else ""."""
    try:
        text = line.decode("utf-8").strip()
    except UnicodeDecodeError:
        return ""
    if not text or "{" in text or "\0" in text or _MESSAGE.search(text):
        return ""
    if text.strip('"').casefold() == "auditdata":
        return ","
    delimiter = max(DELIMITERS, key=text.count)
    try:
        names = next(csv.reader([text], delimiter=delimiter))
    except csv.Error:
        return ""
    if any(map(_A_TIME.match, names)):
        return ""
    named = [name for name in names if name.strip()]
    return delimiter if len(named) >= 2 and len({*named}) == len(named) and max(map(len, named)) < 200 else ""
