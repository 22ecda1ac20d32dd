"""One CEF message: header, escaped extension, and a length that the receiver takes whole.

Escaping after "ArcSight Common Event Format": in the extension a backslash, an equals sign and line ends are escaped.
In the header nothing is, unless asked for: parsers in use (Splunk's SC4S, pycef) do not undo escapes there, so what would need
one is replaced. So is `CEF:0` in a value: SC4S takes what stands behind the last one for the message, so that whoever chose a name
could write alerts of their own. Lengths are those of the CEF dictionary, in characters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

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


class Key(NamedTuple):
    """One key of the extension. `name` is its whole prefix, the label's pair included; `most` is 0 where it is never cut."""

    name: str
    value: Callable[[Any], str | int | None]
    most: int


class Part(NamedTuple):
    """A piece of a message: the fixed text and the value behind it."""

    fixed: str
    value: str
    cuttable: bool


def key(name: str, value: str | Callable[[Any], str | int | None], label: str = "") -> Key:
    """A key and its value: a field's name, or what makes it of the item. With a label, `nameLabel=label` goes before it."""
    prefix = f"{name}Label={label} {name}=" if label else f"{name}="
    return Key(prefix, attrgetter(value) if isinstance(value, str) else value, LIMITS.get(name, 0))


def message(start: str, name: str, severity: int, pairs: Sequence[tuple[str, str, int]], limit: int = 0) -> str:
    """A whole message. start: the header up to the name. pairs: of `extension`.

    limit: bytes; 0 is no limit. ValueError below 480.
    """
    text = f"{start}{name}|{severity}|{' '.join([prefix + value for prefix, value, _ in pairs])}"
    if text.find(_BEGINNING, 1) > 0:
        once = [(prefix, without_beginnings(value), most) for prefix, value, most in pairs]
        return message(start, without_beginnings(name), severity, once, limit)
    if not limit or (len(text) if text.isascii() else len(text.encode())) <= limit:
        return text
    parts = [Part(start, name, cuttable=True)]
    glue = f"|{severity}|"
    for prefix, value, most in pairs:
        parts.append(Part(glue + prefix, value, cuttable=most > 0))
        glue = " "
    return fitted(parts, limit)


def without_beginnings(text: str) -> str:
    """The text without what begins a CEF message."""
    return text.replace(_BEGINNING, _IN_ITS_PLACE)


def extension(keys: Iterable[Key], item: object, *, with_empty: bool) -> list[tuple[str, str, int]]:
    """The pairs of an alert or activity, escaped. What is None is left out; with_empty: what is "" is sent all the same."""
    pairs = []
    for prefix, get, most in keys:
        value = get(item)
        if value is None:
            continue
        if isinstance(value, int):
            pairs.append((prefix, str(value), 0))
        elif (text := escape(value, most)) or with_empty:
            pairs.append((prefix, text, most))
    while pairs and not pairs[-1][1]:  # liblognorm refuses a message that ends with an empty value
        pairs.pop()
    return pairs


def escape(text: str, most: int = 0) -> str:
    """A value for the extension: trimmed, cut to so many characters (0: any number), escaped."""
    if text.isprintable():  # the usual case, which must be quick: no translation where there is nothing to translate
        text = text.strip()
        if len(text) > most > 0:
            text = cut(text, most)
        return text.translate(_ESCAPES) if "=" in text or "\\" in text else text
    text = text.translate(_ALL_BUT_LINE_ENDS).strip()
    return (cut(text, most) if most else text).translate(_ESCAPES)


def header_text(text: str, *, escaped: bool = False) -> str:
    """The name in the header: never empty, nothing in it that a receiver would trip over.

    escaped: as CEF has it, for a receiver that undoes it; else what would need an escape is replaced.
    """
    return _header_text(text[: 2 * NAME_MOST], escaped)  # so that the cache stays small whatever is in the records


@lru_cache(1024)
def _header_text(text: str, escaped: bool) -> str:
    plain = " ".join(single_line(text if escaped else text.translate(_HEADER)).split())
    name = cut(plain, NAME_MOST) or "unnamed"
    return name.translate(_HEADER_ESCAPES) if escaped else name


def external_id(text: str) -> str:
    """The id as it is; one that is too long, or that cleaning would change, as the first 32 hex digits of its SHA-256.

    Two ids that differ stay different, and one stays the same every time it is sent.
    """
    is_clean = text and text.isprintable() and text == text.strip() and _BEGINNING not in text
    if is_clean and len(escape(text).encode()) <= ID_MOST:
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
