"""Text as it reads without escapes: those of URLs (RFC 3986, 2.1), of HTML and of JSON, one inside the other as programs pile them up."""

from __future__ import annotations

import html
import re
from urllib.parse import unquote

MOST = 5
"""Layers that are taken off."""
_SIGN = re.compile(r"%[0-9A-Fa-f]{2}|&#?\w{1,8};|\\u[0-9A-Fa-f]{4}")
_UNICODE = re.compile(r"\\+u([0-9A-Fa-f]{4})")
PART = re.compile(r"""(?:[^\s"'<>&?=/,;()\[\]{}|]|&#?\w{1,8};)+""")
"""A part of a text, such as a value in a URL, that is escaped by itself."""


def has_escapes(text: str) -> bool:
    """Whether anything in it looks like an escape."""
    return _SIGN.search(text) is not None


def without(part: str) -> str:
    """The part as it reads; the same where there are no escapes."""
    for _ in range(MOST):
        before, part = part, unquote(html.unescape(_UNICODE.sub(lambda found: chr(int(found[1], 16)), part)))
        if part == before:
            break
    return part
