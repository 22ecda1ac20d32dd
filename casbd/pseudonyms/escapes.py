"""Text as it reads without escapes: those of URLs (RFC 3986, 2.1), of HTML and of JSON, one inside the other as programs pile them up."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from urllib.parse import quote, unquote

MOST = 5
"""Layers that are taken off."""
_SIGN = re.compile(r"%[0-9A-Fa-f]{2}|&#?\w{1,8};|\\u[0-9A-Fa-f]{4}")
_UNICODE = re.compile(r"\\+u([0-9A-Fa-f]{4})")
PART = re.compile(r"""(?:[^\s"'<>&?=/,;()\[\]{}|]|&#?\w{1,8};)+""")
"""A part of a text, such as a value in a URL, that is escaped by itself."""

_LETTER = "(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])"
DEEP = rf"%{_LETTER}|\\u00{_LETTER}|%2[56]|%5[Cc]u|\\\\u[0-9A-Fa-f]{{4}}|&#?\w{{1,8}};"
"""What is there wherever letters or digits are escaped, or escapes are within others; an expression of RE2 and of Python."""


def has_escapes(text: str) -> bool:
    """Whether anything in it looks like an escape."""
    return _SIGN.search(text) is not None


def as_read(part: str) -> str:
    """The part as it reads; the same where there are no escapes."""
    for _ in range(MOST):
        before, part = part, unquote(html.unescape(_UNICODE.sub(lambda match: chr(int(match[1], 16)), part)))
        if part == before:
            break
    return part


def in_parts(text: str, replace: Callable[[str], str]) -> str:
    """The text with each part that is escaped given to `replace` as it reads; what is not changed stays escaped as it was."""
    if not has_escapes(text):
        return text

    def rewritten(match: re.Match[str]) -> str:
        part = match[0]
        read = as_read(part) if has_escapes(part) else part
        other = replace(read) if read != part else read
        return part if other == read else quote(other.encode(errors="replace"), safe=":@")

    return PART.sub(rewritten, text)
