"""Other inputs from good ones: values of JSON replaced, keys moved, lines and bytes cut, repeated and mixed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Any

LARGEST = 1 << 16
ODD: list[Any] = [
    None, True, False, "", " ", "\x00", "\ud800", "\u202e", "\ufeff", "a" * 5000, "é" * 300, "=cmd()",
    "|\\=\n\r", "%s%n{0}", "../../etc/passwd",
    "-", "null", "NaN", "N/A", "0", "-1", "1e999", "٣", "Ⅷ", "1" * 400,
    0, -1, 1.5, 1e308, 2**31, 2**53, 2**63, -(2**63) - 1, 10**300, 10**25,
    [], {}, [[]], [{}], {"": ""}, [None], [0, "a", {}], {"Name": "a", "Value": []}, [{"Name": None, "Value": {"a": 1}}],
    "2026-01-01T00:00:00Z", "0000-00-00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999999-12:00", "2026-02-30", "/Date(1e99)/",
    "2026-06-30T23:59:60Z", "1767268800", "-62135596801", "253402300800000", "99999999999999999999",
    "203.0.113.7", "::ffff:203.0.113.7", "[2001:db8::1%eth0]:443", "1.2.3.4:99999", "999.1.1.1", "fe80::%" + "x" * 99,
    "a@b@c", "@", "a@", "bob\u200b@contoso.com", "CONTOSO\\bob", "bob_contoso.com#EXT#@x",
]  # fmt: skip
"""Values that mean something else to some parser."""
BYTES = [
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\r\n",
    b"\n\n",
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\t",
    b" ",
    b"'",
    b"|",
]


def mutate(data: bytes, others: Sequence[bytes], tokens: Sequence[bytes], random: Random) -> bytes:
    """One to four changes. The first line, which tells some targets what the rest is, is mostly left alone."""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        data = random.choice(_CHANGES)(data, others, tokens, random)
    return data[:LARGEST]


def _json_value(data: bytes, others: Sequence[bytes], tokens: Sequence[bytes], random: Random) -> bytes:
    """Replace, remove or repeat one value of a JSON document; other text is cut."""
    first, line_end, rest = data.partition(b"\n")
    try:
        document = json.loads(rest or first)
    except (ValueError, RecursionError):
        return _slice(data, others, tokens, random)
    holder = {"document": document}
    places = [*_places(holder)]
    where, key = random.choice(places)
    where[key] = _other(where[key], [value[name] for value, name in places], random)
    if isinstance(where, dict) and where is not holder and random.random() < 0.2:
        where[random.choice([str(key).upper(), f"{key}.{key}", "", str(key) * 50])] = where.pop(key)
    text = json.dumps(holder["document"]).encode()
    return first + line_end + text if rest else text


def _other(value: Any, values: Sequence[Any], random: Random) -> Any:
    choice = random.randrange(6)
    if choice == 0:
        return json.dumps(value)
    if choice == 1:
        return [value] * random.choice((1, 2, 20))
    if choice == 2:
        return deepcopy(random.choice(values))
    if choice == 3:
        return _deep(random.choice((2, 30, 200)))
    return random.choice(ODD)


def _deep(levels: int) -> Any:
    found: Any = 1
    for level in range(levels):
        found = [found] if level % 2 else {"a": found}
    return found


def _places(value: Any, most: int = 2000) -> list[tuple[Any, Any]]:
    """Everything that can be replaced: (mapping or list, key)."""
    found, waiting = [], [value]
    while waiting and len(found) < most:
        one = waiting.pop()
        for key in [*one] if isinstance(one, dict) else range(len(one)):
            found.append((one, key))
            if isinstance(one[key], dict | list):
                waiting.append(one[key])
    return found


def _slice(data: bytes, others: Sequence[bytes], tokens: Sequence[bytes], random: Random) -> bytes:
    """Remove, repeat or move some bytes."""
    start, end = _span(data, random)
    part = data[start:end]
    return random.choice(
        (data[:start] + data[end:], data[:end] + part * random.choice((1, 3, 50)) + data[end:], data[:end], data[end:] + part)
    )


def _token(data: bytes, others: Sequence[bytes], tokens: Sequence[bytes], random: Random) -> bytes:
    """Put something odd in the place of some bytes, or between them."""
    start, end = _span(data, random)
    odd = random.choice(ODD)
    text = odd.encode("utf-8", "surrogatepass") if isinstance(odd, str) else json.dumps(odd).encode()
    return data[:start] + random.choice((text, random.choice(BYTES), random.choice(tokens or BYTES))) + data[random.choice((start, end)) :]


def _byte(data: bytes, others: Sequence[bytes], tokens: Sequence[bytes], random: Random) -> bytes:
    if not data:
        return random.randbytes(8)
    place = random.randrange(len(data))
    return data[:place] + bytes([random.choice((data[place] ^ 1 << random.randrange(8), random.randrange(256)))]) + data[place + 1 :]


def _splice(data: bytes, others: Sequence[bytes], tokens: Sequence[bytes], random: Random) -> bytes:
    """The beginning of this and the end of another one."""
    other = random.choice(others)
    return data[: _span(data, random)[1]] + other[_span(other, random)[0] :]


def _lines(data: bytes, others: Sequence[bytes], tokens: Sequence[bytes], random: Random) -> bytes:
    """Lines left out, repeated, in another order, indented otherwise, or with one of another input."""
    lines = data.splitlines(keepends=True) or [b""]
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    choice = random.randrange(5)
    if choice == 0:
        del lines[one]
    elif choice == 1:
        lines.insert(other, lines[one])
    elif choice == 2:
        lines[one], lines[other] = lines[other], lines[one]
    elif choice == 3:
        lines[one] = random.choice((b"  ", b"\t", b"- ", b"")) + lines[one].lstrip()
    else:
        lines.insert(one, random.choice(random.choice(others).splitlines(keepends=True) or [b"\n"]))
    return b"".join(lines)


def _span(data: bytes, random: Random) -> tuple[int, int]:
    """A part, more often a short one; rarely of the first line."""
    first = data.find(b"\n") + 1 if random.random() < 0.9 else 0
    start = random.randint(min(first, len(data)), len(data))
    return start, min(len(data), start + random.choice((1, 1, 4, 16, 64, 1000)))


_CHANGES: Sequence[Callable[[bytes, Sequence[bytes], Sequence[bytes], Random], bytes]] = (
    _json_value, _json_value, _json_value, _slice, _token, _token, _byte, _splice, _lines, _lines,
)  # fmt: skip
