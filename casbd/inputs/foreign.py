"""Files that hold no text: recognised by their first bytes, so that it can be reported what they are and what to do."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """Why a file cannot be read (on), and what to do. heals: it may only not be whole yet."""

    why: str
    advice: str = ""
    heals: bool = False


_UNPACK = "unpack it into the same directory"
_EXPORT = "export it as NDJSON or CSV"

_KINDS = {
    b"7z\xbc\xaf\x27\x1c": ("a 7-Zip archive", _UNPACK),
    b"Rar!\x1a\x07": ("a RAR archive", _UNPACK),
    b"PK\x03\x04": ("a ZIP archive inside another archive", _UNPACK),
    b"\x1f\x9d": ("compressed by `compress` (.Z)", _UNPACK),
    b"\x1f\xa0": ("compressed by `compress` (.Z)", _UNPACK),
    b"\x04\x22\x4d\x18": ("compressed with LZ4", _UNPACK),
    b"LZIP": ("compressed with lzip", _UNPACK),
    b"\x89LZO\0": ("compressed with lzop", _UNPACK),
    b"\xff\x06\0\0sNaPpY": ("compressed with Snappy", _UNPACK),
    b"PAR1": ("a Parquet file", _EXPORT),
    b"Obj\x01": ("an Avro file", _EXPORT),
    b"ORC": ("an ORC file", _EXPORT),
    b"ElfFile\0": ("a Windows event log (.evtx)", "export it as JSON, such as with Winlogbeat"),
    b"SQLite format 3\0": ("an SQLite database", _EXPORT),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": ("an old Excel or Outlook file", "save it as CSV"),
    b"%PDF-": ("a PDF file", _EXPORT),
    b"-----BEGIN PGP MESSAGE": ("encrypted (PGP)", "decrypt it into the same directory"),
    b"age-encryption.org/": ("encrypted (age)", "decrypt it into the same directory"),
    b"Salted__": ("encrypted (OpenSSL)", "decrypt it into the same directory"),
}
"""Magic numbers as file(1) knows them. A text export begins with none of them."""

_TAR = b"ustar"


def recognise(head: bytes, *, inside: bool) -> Problem | None:
    """What a file that begins with `head` is, if it is known and no text. inside: it is part of an archive."""
    for magic, (name, advice) in _KINDS.items():
        if head.startswith(magic):
            return Problem(f"it is {name}, which casbd does not read", advice)
    if head[257:262] == _TAR and inside:
        return Problem("it is a tar archive inside another archive, which casbd does not read", _UNPACK)
    if head[257:262] == _TAR:
        return Problem("the archive is damaged or not yet whole", "copy it again if nobody is writing it", heals=True)
    return None
