"""Which container a file is: NDJSON, JSON values or CSV, recognised by its first bytes."""

from __future__ import annotations

import re

from casbd.inputs.csv_rows import CsvRows, goes_on, header
from casbd.inputs.cutting import WHITESPACE, Context, Cutter, is_object, malformed, without_mark
from casbd.inputs.json_values import WRAPPER, JsonValues, closing
from casbd.inputs.ndjson import Ndjson

_LOOKED_AT = 1 << 16
"""Bytes that must be enough to recognise it; a file that is shorter may have to grow first."""

CUTTERS: dict[str, type[Ndjson] | type[JsonValues] | type[CsvRows]] = {"ndjson": Ndjson, "json": JsonValues, "csv": CsvRows}


def restore(context: Context) -> Cutter:
    """The cutter that goes on where `context` was left."""
    return CUTTERS[context.container](context)


_CR = re.compile(rb"\r[^\r\n]")


def newline(text: bytes) -> str:
    """`\\r` where the lines of a file that begins with `text` end with CR alone; else empty."""
    head = text[:_LOOKED_AT]
    return "\r" if b"\n" not in head and _CR.search(head) else ""


def recognise(text: bytes, *, at_end: bool, encoding: str, before: Context | None = None) -> Cutter | None:
    """The cutter of a file that begins with `text` (UTF-8); None where more of it must be seen first.

    before: how the CSV was cut that was under this name before, if there was one: its header may hold for this one too.

    What looks like nothing known is taken for NDJSON, so that each of its lines becomes a reject.
    """
    body = without_mark(text[: _LOOKED_AT + 1].lstrip(WHITESPACE))
    if not body:
        return None if at_end else Ndjson(Context("ndjson", encoding))
    if before and before.columns and goes_on(body, before.columns, before.delimiter):
        return restore(Context("csv", encoding, columns=before.columns, delimiter=before.delimiter))
    container, delimiter = _container(body, at_end), ","
    if container == "csv":
        delimiter = header(_header_line(body.split(b"\n")))
    if container is None and len(body) >= _LOOKED_AT:
        container = "ndjson"
    return restore(Context(container, encoding, delimiter=delimiter)) if container else None


def _container(body: bytes, at_end: bool) -> str | None:
    lines = body.split(b"\n")
    last = lines.pop().strip(WHITESPACE)
    if WRAPPER.match(body) or (body[:1] == b"[" and not (lines and malformed(lines[0]) and malformed(body))):
        return "json"
    if any(map(is_object, lines[:50])):
        return "ndjson"
    if body[:1] == b"{":
        return _of_object(body, lines, at_end and is_object(last))
    if body.startswith(b"#TYPE ") and len(lines) < 2:
        return None
    if lines and header(_header_line(lines)):
        return "csv"
    return "ndjson" if lines or (at_end and is_object(last)) else None


def _header_line(lines: list[bytes]) -> bytes:
    """PowerShell 5's Export-Csv writes a line `#TYPE ...` before it."""
    return lines[1] if len(lines) > 1 and lines[0].startswith(b"#TYPE ") else lines[0]


def _of_object(body: bytes, lines: list[bytes], whole_last: bool) -> str | None:
    """No line of this is an object by itself: a pretty-printed object, a long one, or several on one line."""
    if not lines:
        if whole_last:
            return "ndjson"
        return "json" if _several(body) else None
    if malformed(lines[0]) and not _several(lines[0]):
        return "ndjson"
    return "json"


def _several(text: bytes) -> bool:
    """Whether `text` begins with a whole object that is followed by another one."""
    end = closing(text, 0, 0) or len(text)
    return text[end:].lstrip(WHITESPACE)[:1] == b"{" and is_object(text[:end])
