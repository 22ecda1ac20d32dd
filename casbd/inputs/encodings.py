"""Text encodings of exports: UTF-8 and UTF-16, with or without a byte order mark.

Cutters see UTF-8 only. Offsets are those of the original bytes, so what was cut is measured back.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from itertools import pairwise

UTF8, UTF16_LE, UTF16_BE = "utf-8", "utf-16-le", "utf-16-be"

_MARKS = {UTF8: codecs.BOM_UTF8, UTF16_LE: codecs.BOM_UTF16_LE, UTF16_BE: codecs.BOM_UTF16_BE}


def recognise(head: bytes) -> str:
    """The encoding of a file that begins with `head`: by its mark, else by the zero bytes that ASCII has in UTF-16."""
    for encoding, mark in _MARKS.items():
        if head.startswith(mark):
            return encoding
    even, odd = head[0:64:2], head[1:64:2]
    if len(odd) >= 2 and even and not any(odd) and all(even[: len(odd)]):
        return UTF16_LE
    if len(odd) >= 2 and not any(even) and all(odd):
        return UTF16_BE
    return UTF8


_ASCII = rb"[\t\x20-\x7e]{16}"
_ASCII_LE, _ASCII_BE = rb"(?:[\t\x20-\x7e]\0){8}", rb"(?:\0[\t\x20-\x7e]){8}"
_LINE_IN_UTF8 = rb"(?=(?:\xef\xbb\xbf)?" + _ASCII + rb")"
_SWITCHES = {
    UTF16_LE: re.compile(rb"(?:\A|(?<=\n\0))" + _LINE_IN_UTF8),
    UTF16_BE: re.compile(rb"(?:\A|(?<=\0\n))" + _LINE_IN_UTF8),
    UTF8: re.compile(rb"(?:\A|(?<=\n))(?:(?=(?:\xff\xfe)?" + _ASCII_LE + rb")|(?=(?:\xfe\xff)?" + _ASCII_BE + rb"))"),
}


def switch(raw: bytes, encoding: str, *, first: bool) -> tuple[int, str] | None:
    """Where in `raw` a line begins that is of another encoding, and which; None where there is none.

    Windows PowerShell's `>>` appends UTF-16 to whatever is there, other programs UTF-8. A line of a text that is UTF-16 does not begin
    with so many pairs of bytes that are both printable ASCII: an export's has an ASCII character there, and so a zero byte.
    """
    if encoding == UTF8 and b"\0" not in raw:
        return None
    for line in _SWITCHES[encoding].finditer(raw):
        place = line.start()
        if not (first and place == 0) and (encoding == UTF8 or place % 2 == 0):
            return place, _recognised_line(raw[place : place + 18]) if encoding == UTF8 else UTF8
    return None


def _recognised_line(head: bytes) -> str:
    return UTF16_LE if head.startswith(_MARKS[UTF16_LE]) or (head[1] == 0) else UTF16_BE


def without_mark(raw: bytes) -> bytes:
    """The bytes without a byte order mark at their beginning."""
    return next((raw[len(mark) :] for mark in _MARKS.values() if raw.startswith(mark)), raw)


def decode(raw: bytes, encoding: str, *, first: bool) -> tuple[bytes, int]:
    """(`raw` as UTF-8, how many bytes of a byte order mark were left out). `first`: `raw` begins the file.

    An odd last byte and half a surrogate pair are left for the next time.
    """
    mark = len(_MARKS[encoding]) if first and raw.startswith(_MARKS[encoding]) else 0
    if encoding == UTF8:
        return (raw[mark:] if mark else raw), mark
    end = len(raw) - (len(raw) - mark) % 2
    high = end - 1 if encoding == UTF16_LE else end - 2
    if end > mark and 0xD8 <= raw[high] <= 0xDB:
        end -= 2
    # A lone surrogate is passed on as it is: whether the record is still JSON is its format's business.
    return raw[mark:end].decode(encoding, "surrogatepass").encode("utf-8", "surrogatepass"), mark


def original(places: Sequence[int], text: bytes, encoding: str) -> list[int]:
    """Where the ascending `places` of `text` stand in the bytes that it was decoded from (mark not counted)."""
    if encoding == UTF8:
        return list(places)
    measured, so_far = [], 0
    for start, end in pairwise([0, *places]):
        so_far += len(text[start:end].decode("utf-8", "surrogatepass").encode(encoding, "surrogatepass"))
        measured.append(so_far)
    return measured
