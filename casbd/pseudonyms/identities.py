"""People and addresses inside texts: how a name may be spelt there, and what looks like an e-mail or an IP address.

Texts are often URLs, JSON or SharePoint's names of personal sites: `anna%40contoso.com`, `anna\\u0040contoso.com`, `anna_contoso_com`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.entities import codepoint2name
from urllib.parse import quote

import msgspec

BEGINS = r"(?:(?<![A-Za-z0-9_.+-])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrtbf])|(?<=\\u[0-9A-Fa-f]{4}))"
"""No letter before a name, unless it is the end of an escape of URLs or of JSON."""
ENDS = r"(?![A-Za-z0-9_])"
AT = r"(?:@|%40|\\+u0040)"
_ESCAPED = r"(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrtbf])|(?<=\\u[0-9A-Fa-f]{4})"
_UNESCAPED = r"(?<![\w.+%\\-])|(?<=%)(?![0-9A-Fa-f]{2})|(?<=\\)(?![nrtbf]|u[0-9A-Fa-f]{4})"
EMAIL = rf"(?:{_UNESCAPED}|{_ESCAPED})[\w+-][\w.+'-]{{0,80}}(?:#EXT#)?{AT}(?:[\w-]{{1,63}}\.){{1,10}}[^\W\d_][\w-]*|(?<=/personal/)[\w-]+"
"""Anybody's address, also as the name of a personal site. The local part is bounded, so that a long text takes no more than its length."""
EMAIL_SIGNS = ("@", "%40", "u0040", "/personal/")
"""A text without any of these, in any case, has none."""
_STARTS = r"(?:(?<![0-9A-Za-z.])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrtbf])|(?<=\\u[0-9A-Fa-f]{4}))"
ADDRESS = re.compile(
    rf"{_STARTS}(?=[0-9A-Fa-f.]{{0,4}}(?::|%3[Aa])[0-9A-Fa-f.]{{0,15}}(?::|%3[Aa]))(?:[0-9A-Fa-f.:]|%3[Aa]){{2,60}}(?![0-9A-Za-z])"
    rf"|{_STARTS}[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}}(?![0-9A-Za-z]|\.[0-9])"
)
"""What may be an IPv6 or an IPv4 address."""
_LITERALS = re.compile(r'"(?:[^"\\]++|\\.)*+"|-?[0-9][0-9.eE+-]*')


def spellings(name: str) -> list[str]:
    """Regular expressions, of RE2 and of Python, for a name as texts may have it; to be used without regard to case."""
    written = "".join(_SPELT.get(letter) or (re.escape(letter) if letter.isascii() else _escaped(letter)) for letter in name)
    return [written, re.escape(re.sub(r"[@.]", "_", name))] if "@" in name else [written]


def turned(name: str) -> list[str]:
    """The same for `anna.berg` as messages have it (`Anna Berg`, `AnnaBerg`), and with the last name first (`Berg, Anna`)."""
    words = [re.escape(word) for word in re.split(r"[ ._-]+", name)]
    if len(words) < 2 or "@" in name or not all(len(word) > 1 and word.isalpha() for word in words):
        return []
    first, last = r"[ ._+-]?".join(words[:-1]), words[-1]
    return [rf"{first}[ ._+-]?{last}", rf"{last},?[ ._+]?{first}"]


_SPELT = {"@": rf"(?:{AT}|=40)", " ": r"(?: |%20|\+)", "\\": r"(?:\\+|%5C)"}
"""With quoted-printable's @ (RFC 2045, 6.7), which is too short a sign for anybody's address."""


def _escaped(letter: str) -> str:
    """A letter that is not ASCII, as it is or as URLs, JSON and HTML escape it."""
    number = ord(letter)
    named = f"|&{codepoint2name[number]};" if number in codepoint2name else ""
    units = json.dumps(letter)[1:-1].replace("\\", r"\\+")
    return f"(?:{re.escape(letter)}|{quote(letter.encode(errors='replace'))}|{units}|&#{number};|&#x{number:x};{named})"


def unescaped(text: str) -> str:
    """What `EMAIL` or `ADDRESS` found, as it is written without escapes."""
    return re.sub(r"\\+u0040|%40", "@", re.sub("%3[Aa]", ":", text))


def is_version(match: re.Match[str]) -> bool:
    """Whether what `ADDRESS` found follows a word and a slash: `Chrome/120.0.0.0`."""
    before = match.string[max(0, match.start() - 2) : match.start()]
    return before[1:] == "/" and before[0].isalpha() and ":" not in match[0]


def in_json(text: str, replace: Callable[[str], str]) -> str | None:
    """JSON with all its strings and numbers, and nothing else, replaced where they change; None for what is no JSON.

    Strings are given without escapes. A number that is replaced becomes a string.
    """
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None

    def literal(match: re.Match[str]) -> str:
        token = match[0]
        inner = token.strip('"') if "\\" not in token else json.loads(token)
        other = replace(inner)
        return token if other == inner else json.dumps(other)

    return _LITERALS.sub(literal, text)
