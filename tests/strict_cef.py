"""A CEF parser that forgives nothing, written from the format's description alone and not from the code it checks."""

from __future__ import annotations

import unicodedata

DIRECTIONS = set(map(chr, [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]))

TEXT_LENGTHS = {"act": 63, "outcome": 63, "sntdom": 255} | {f"cs{n}": 4000 for n in range(1, 7)}
DICTIONARY = {
    *[
        "act",
        "cat",
        "cnt",
        "destinationServiceName",
        "deviceFacility",
        "duid",
        "duser",
        "dvc",
        "end",
        "externalId",
        "fileType",
        "filePath",
        "fname",
    ],
    *[
        "msg",
        "outcome",
        "reason",
        "request",
        "requestClientApplication",
        "rt",
        "sntdom",
        "sourceServiceName",
        "spriv",
        "spt",
        "src",
        "start",
        "suid",
        "suser",
        "type",
    ],
    *(f"{key}{label}" for key in ["c6a1", "c6a2", "cn1", "flexString1", "flexString2"] for label in ["", "Label"]),
    *(f"cs{n}{label}" for n in range(1, 7) for label in ["", "Label"]),
}
NUMBERS = {"rt", "start", "end", "cnt", "type", "spt", "cn1"}


class NotCefError(ValueError):
    pass


def harmful(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in DIRECTIONS or character == "\ufeff"


def clean(text: str) -> str:
    """What a value is on the other side, before cutting: without a message in it, harmful characters but line ends are blanks."""
    return "".join(" " if harmful(c) and c not in "\r\n" else c for c in text).strip().replace("CEF:0", "CEF-0")


def parse(message: str, *, escaped: bool = False) -> tuple[list[str], dict[str, str]]:
    """The seven header fields and the extension, unescaped. escaped: there may be escapes in the header, too."""
    message.encode()  # no lone surrogates
    if bad := [c for c in message if harmful(c)]:
        raise NotCefError(f"harmful character {bad[0]!r}")
    if not message.startswith("CEF:0|") or "CEF:0" in message[1:]:  # receivers take what stands behind the last one for the message
        raise NotCefError("does not begin with CEF:0|, and have it once")
    *header, extension = split_escaped(message) if escaped else message.split("|", 7)
    if len(header) != 7:
        raise NotCefError("the header has too few fields")
    for field in header:
        if not field or field != field.strip() or (not escaped and ("\\" in field or "=" in field)):
            raise NotCefError(f"header field {field!r}")
    if not 0 <= int(header[6]) <= 10:
        raise NotCefError(f"severity {header[6]}")
    return header, parse_extension(extension)


def split_escaped(message: str) -> list[str]:
    """The header's fields, unescaped, and the extension as it is."""
    fields, rest = [""], iter(message)
    for character in rest:
        if character == "|":
            fields.append("")
            if len(fields) == 8:
                break
        elif character == "\\":
            if (character := next(rest, "")) not in ("\\", "|"):
                raise NotCefError(f"escape of {character!r} in the header")
            fields[-1] += character
        else:
            fields[-1] += character
    return [*fields[:7], "".join(rest)]


def parse_extension(text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    tokens = tokenise(text)
    ends = [i for i, token in enumerate(tokens) if token == "="]
    starts = [key_start(tokens, end) for end in ends]
    if not starts or starts[0] != 0:
        raise NotCefError("does not begin with a key")
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        key = "".join(tokens[start:end])
        last = starts[number + 1] - 1 if number + 1 < len(starts) else len(tokens)
        value = "".join(unescape(token) for token in tokens[end + 1 : last])
        check(key, value, pairs)
        pairs[key] = value
    if not value:
        raise NotCefError(f"ends with {key}, which is empty")
    return pairs


def check(key: str, value: str, pairs: dict[str, str]) -> None:
    if key in pairs:
        raise NotCefError(f"two keys {key}")
    if key not in DICTIONARY:
        raise NotCefError(f"{key} is not in the dictionary")
    if key in NUMBERS and value:
        int(value)
    elif key != "externalId" and len(value) > TEXT_LENGTHS.get(key, 1023):
        raise NotCefError(f"{key} is longer than the dictionary allows")
    if value != value.strip(" "):
        raise NotCefError(f"{key} has blanks around it")


def tokenise(text: str) -> list[str]:
    """Characters, an escape being one token."""
    tokens = []
    rest = iter(text)
    for character in rest:
        if character == "\\":
            character += next(rest, "")
            if character not in ("\\\\", "\\=", "\\n", "\\r"):
                raise NotCefError(f"escape {character!r}")
        tokens.append(character)
    return tokens


def key_start(tokens: list[str], end: int) -> int:
    start = end
    while start > 0 and tokens[start - 1].isascii() and tokens[start - 1].isalnum():
        start -= 1
    if start == end or (start > 0 and tokens[start - 1] != " "):
        raise NotCefError("an equals sign that is neither a key's nor escaped")
    return start


def unescape(token: str) -> str:
    return {"\\\\": "\\", "\\=": "=", "\\n": "\n", "\\r": "\r"}.get(token, token)
