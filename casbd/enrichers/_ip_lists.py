"""Lists of addresses and networks as their publishers give them out; the form is recognised by the content.

Text: one address or network a line (torbulkexitlist, lists_vpn, Cloudflare), `ExitAddress IP time` (Tor's
exit-addresses), CSV with the network in its first column (Apple Private Relay); `#` and `;` start comments.
JSON: Microsoft 365 endpoints, Azure service tags, AWS ip-ranges, GCP cloud, Zscaler: whatever the keys are called, every
string that is a network counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from casbd.documents.regular_files import read_file
from casbd.enrichers._prefixes import Prefix, read_prefix
from casbd.errors import Mistake, Mistakes

MAX_BYTES = 256 << 20
"""Of a list: ten million networks."""

MOST_MISTAKES = 10
"""Told of one file: a page of HTML in place of a list has one in every line."""

# What is meant to be a network, right or wrong; a latitude, a version or a time of day is not.
_NETWORK = re.compile(r"(?:[0-9]+(?:\.[0-9]+){3}|(?:[0-9a-fA-F]*:){7}[0-9a-fA-F]*|[0-9a-fA-F:]*::[0-9a-fA-F:.]*)(?:/[0-9]+)?")
_END_OF_FIELD = re.compile(r"[\s,;#]")
_TOR_DETAILS = ("ExitNode", "Published", "LastStatus")


def read_list(path: Path) -> list[Prefix]:
    """All networks of one list file. Raises Mistakes: unreadable, a line that is no network, no network at all."""
    try:
        text = read_file(path, MAX_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise Mistakes([Mistake(str(path), 0, 0, f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        raise Mistakes([Mistake(str(path), 0, 0, f"is not UTF-8 (byte {error.start})")]) from None
    prefixes: list[Prefix] = []
    mistakes: list[Mistake] = []
    for line, network in _json(path, text) if text.lstrip()[:1] in ("{", "[") else _lines(text):
        try:
            prefix = read_prefix(network)
            if prefix.length == 0:
                raise ValueError("covers every address there is")
            prefixes.append(prefix)
        except ValueError as error:
            mistakes.append(Mistake(str(path), line, 1 if line else 0, _wrong(network, error)))
    if not prefixes and not mistakes:
        mistakes.append(Mistake(str(path), 0, 0, "holds no address", "an interrupted download?"))
    if mistakes:
        raise Mistakes(mistakes[:MOST_MISTAKES])
    return prefixes


def _wrong(network: str, error: ValueError) -> str:
    """What a mistake says of it: only what is written like a network is quoted. The path may lead to somebody else's file."""
    if _NETWORK.fullmatch(network):
        return f"`{network[:80]}` {error}"
    return "what begins this line is neither an IP address nor a network (CIDR)"


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The line number and the network of each line that should hold one."""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split(maxsplit=2)
        if not words or words[0].startswith(("#", ";")) or words[0] in _TOR_DETAILS:
            continue
        if words[0] == "ExitAddress" and len(words) > 1:
            yield number, words[1]
            continue
        network = _END_OF_FIELD.split(line.strip(), maxsplit=1)[0].strip('"')
        header = number == 1 and "," in line and not _NETWORK.fullmatch(network)
        if not header:
            yield number, network


def _json(path: Path, text: str) -> Iterator[tuple[int, str]]:
    """Every string of the document that is written like a network; JSON gives no line numbers: 0."""
    try:
        waiting: list[Any] = [msgspec.json.decode(text)]
    except (msgspec.DecodeError, RecursionError) as error:
        raise Mistakes([Mistake(str(path), 0, 0, f"is no whole JSON: {error}")]) from None
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str) and _NETWORK.fullmatch(value):
            yield 0, value
