"""One CEF message: header, escaped extension, and a length that the receiver takes whole.

Escaping after "ArcSight Common Event Format": in the extension a backslash, an equals sign and line ends are escaped.
In the header nothing is, unless asked for: parsers in use (Splunk's SC4S, pycef) do not undo escapes there, so what would need
one is replaced. So is `CEF:0` in a value: SC4S takes what stands behind the last one for the message, so that whoever chose a name
could write alerts of their own. Lengths are those of the CEF dictionary, in characters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

from casbd.wire.pairs import Key, Pairs, Value
from casbd.wire.plain_text import BLANKS, MARK, cut, single_line

_BEGINNING, _IN_ITS_PLACE = "CEF:0", "CEF-0"

MIN_LIMIT = 480
"""The shortest message size that every syslog receiver must take (RFC 5424, 6.1); header, id and time always fit into it."""

LIMITS: dict[str, int] = {
    "act": 63,
    "cat": 1023,
    "destinationServiceName": 1023,
    "deviceExternalId": 255,
    "deviceFacility": 1023,
    "duid": 1023,
    "duser": 1023,
    "fileId": 1023,
    "fileType": 1023,
    "filePath": 1023,
    "fname": 1023,
    "msg": 1023,
    "outcome": 63,
    "reason": 1023,
    "request": 1023,
    "requestClientApplication": 1023,
    "sntdom": 255,
    "sourceServiceName": 1023,
    "spriv": 1023,
    "suid": 1023,
    "suser": 1023,
    **{f"cs{n}": 4000 for n in range(1, 7)},
    "flexString1": 1023,
    "flexString2": 1023,
}
"""Text keys and how many characters of them may be sent. A key that is not here (ids, times, numbers) is never cut."""

CLASS_MOST = 100
NAME_MOST = 512
ID_MOST = 128
"""Bytes of an `externalId`. The dictionary says 40, but Microsoft's agent sends up to 100: a cut id makes two events one."""

_ESCAPES = str.maketrans({"\\": "\\\\", "=": "\\=", "\n": "\\n", "\r": "\\r"})
_ALL_BUT_LINE_ENDS = {code: blank for code, blank in BLANKS.items() if chr(code) not in "\r\n"}
_HEADER = str.maketrans({"|": "/", "\\": "/", "=": "-"})
_HEADER_ESCAPES = str.maketrans({"|": "\\|", "\\": "\\\\"})
_FLOOR = 64
"""Bytes. Where values would have to become shorter than this, the last key is left out instead."""


class Header(NamedTuple):
    """What stands before the extension: `start` before the name, `end` behind it."""

    start: str
    name: str
    end: str


class Part(NamedTuple):
    """A piece of a message: the fixed text and the value behind it."""

    fixed: str
    value: str
    cuttable: bool


def key(name: str, value: str | Callable[[Any], Value], label: str = "") -> Key:
    """A key and its value: a field's name, or what makes it of the item. With a label, `nameLabel=label` goes before it."""
    return Key(f"{name}Label={label} {name}=" if label else f"{name}=", value, LIMITS.get(name, 0))


def message(header: Header, keys: tuple[Key, ...], item: object, *, with_empty: bool = False, limit: int = 0) -> str:
    """A whole message of an item. with_empty: keys whose value is "" are sent all the same.

    limit: bytes; 0 is no limit. ValueError below 480.
    """
    start, name, end = header
    text = f"{start}{name}{end}{without_beginnings(_EXTENSION.joined(keys, item, with_empty=with_empty))}"
    if not limit or (len(text) if text.isascii() else len(text.encode())) <= limit:
        return text
    parts, glue = [Part(start, name, cuttable=True)], end
    for prefix, value, most in _EXTENSION.listed(keys, item, with_empty=with_empty):
        parts.append(Part(glue + prefix, without_beginnings(value), cuttable=most > 0))
        glue = _EXTENSION.separator
    return fitted(parts, limit)


def without_beginnings(text: str) -> str:
    """The text without what begins a CEF message."""
    return text.replace(_BEGINNING, _IN_ITS_PLACE)


def escape(text: str, most: int = 0) -> str:
    """A value for the extension: trimmed, cut to so many characters (0: any number), escaped."""
    if text.isprintable():  # the usual case, which must be quick: no translation where there is nothing to translate
        text = text.strip()
        if len(text) > most > 0:
            text = cut(text, most)
        return text.translate(_ESCAPES) if "=" in text or "\\" in text else text
    text = text.translate(_ALL_BUT_LINE_ENDS).strip()
    return (cut(text, most) if most else text).translate(_ESCAPES)


_EXTENSION = Pairs(" ", "=\\", escape)


def header_text(text: str, *, escaped: bool = False) -> str:
    """The name in the header: never empty, nothing in it that a receiver would trip over.

    escaped: as CEF has it, for a receiver that undoes it; else what would need an escape is replaced.
    """
    plain = " ".join(single_line(text if escaped else text.translate(_HEADER)).split())
    name = without_beginnings(cut(plain, NAME_MOST)) or "unnamed"
    return name.translate(_HEADER_ESCAPES) if escaped else name


def external_id(text: str) -> str:
    """The id as it is; one that is too long, or that cleaning would change, as the first 32 hex digits of its SHA-256.

    Two ids that differ stay different, and one stays the same every time it is sent.
    """
    if text and text.isprintable() and text == text.strip() and _BEGINNING not in text:
        is_short = len(text) <= ID_MOST // 4  # whatever its characters are: of UTF-8 four bytes at most, an escape two
        if is_short or len(escape(text).encode()) <= ID_MOST:
            return text
    return hashed(text)


def hashed(text: str) -> str:
    """The first 32 hex digits of its SHA-256."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


def fitted(parts: list[Part], limit: int) -> str:
    """The parts joined, in at most `limit` bytes: the longest values are cut to one length; where that is too short for
    any use, keys are left out from the end. Header, id and time always stay: they are short. The last is never empty.
    """
    if limit < MIN_LIMIT:
        raise ValueError(f"a CEF message cannot be limited to fewer than {MIN_LIMIT} bytes")
    parts = list(parts)
    while len(parts) > 2 and (_common_length(parts, limit) < _FLOOR or not parts[-1].value):
        parts.pop()
    most = _common_length(parts, limit)
    return "".join(fixed + (cut_escaped(value, most) if cuttable else value) for fixed, value, cuttable in parts)


def _common_length(parts: list[Part], limit: int) -> int:
    """How long the cuttable values may be for all to fit, in bytes. Short ones leave their rest to the long ones."""
    room = limit
    sizes = []
    for fixed, value, cuttable in parts:
        room -= len(fixed.encode())
        if cuttable:
            sizes.append(len(value.encode()))
        else:
            room -= len(value.encode())
    sizes.sort()
    for index, size in enumerate(sizes):
        left = len(sizes) - index
        if size * left > room:
            return room // left
        room -= size
    return limit if room >= 0 else 0


def cut_escaped(text: str, most: int) -> str:
    """An escaped value in at most `most` bytes (at least 4): no character and no escape is torn; the mark is at its end."""
    data = text.encode()
    if len(data) <= most:
        return text
    start = data[: most - len(MARK)].decode(errors="ignore")
    backslashes = len(start) - len(start.rstrip("\\"))
    if backslashes % 2:  # escapes are pairs: an odd one lost its second half
        start = start[:-1]
    return start.rstrip() + MARK
