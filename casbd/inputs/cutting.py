"""What every cutter takes and gives. A cutter cuts the text of one container (NDJSON, JSON values, CSV) into records.

It is given the text from where it stopped, always UTF-8, and says how much of it is used up. Everything that it must
know to go on from there after a restart is in its `Context`.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from casbd.records.log_lines import without_time

WHITESPACE = b" \t\r\n\0"
"""Trimmed from records. Zero bytes too: a writer without O_APPEND leaves a hole of them after a copytruncate."""

BOM = b"\xef\xbb\xbf"
"""A byte order mark (of any encoding: cutters see UTF-8). It stands in the middle of a file where exports were joined."""


class Context(msgspec.Struct, omit_defaults=True):
    """How to go on in the middle of a file; stored as JSON in `Position.context`.

    container, encoding: what the file is. skipping: inside a record that was too long, until the next one begins.
    newline: what its lines end with, where that is CR alone (the cutters are given LF in its place).
    closers: bytes before the position that only close a JSON array; read again, since a writer may overwrite them.
    columns, delimiter: a CSV's header. level, mark: where in a JSON file, and how its elements begin.
    target: the real path, where `Position.path` is a symbolic link. ended: all of a compressed file has been read.
    grew: the file was appended to after it had been read to its end. archive: the path of the one that it is in.
    """

    container: str
    encoding: str = "utf-8"
    newline: str = ""
    skipping: bool = False
    closers: int = 0
    columns: list[str] = []
    delimiter: str = ","
    level: str = "top"
    mark: str = ""
    target: str = ""
    ended: bool = False
    grew: bool = False
    archive: str = ""


class Cut(msgspec.Struct):
    """The outcome of one cut, all places counted in the given text.

    used: the text before this is done with. closers: how much behind it closes what is open, and holds nothing else.
    rejects: (place, end, reason).
    """

    records: list[bytes] = []
    places: list[int] = []
    rejects: list[tuple[int, int, str]] = []
    used: int = 0
    closers: int = 0


class Cutter(Protocol):
    """Cuts one container; its state is `context`."""

    context: Context

    def cut(self, text: bytes, *, at_end: bool, final: bool) -> Cut:
        """The whole records of `text`. at_end: the file ends with it at present. final: nothing more is expected."""


def without_mark(record: bytes) -> bytes:
    """The record without a byte order mark and blanks before it."""
    return record.removeprefix(BOM).lstrip(WHITESPACE)


def is_object(text: bytes) -> bool:
    """Whether this is one whole JSON object and nothing else but the time of a log service before it."""
    own = without_time(text)
    try:
        _ANY.decode(own)
    except (msgspec.DecodeError, RecursionError):
        return False
    return own.lstrip(WHITESPACE)[:1] == b"{"


def malformed(text: bytes) -> bool:
    """Whether no continuation could make this JSON: False for what is merely cut off."""
    try:
        _ANY.decode(text)
    except msgspec.DecodeError as error:
        return "truncated" not in str(error)
    except RecursionError:
        return True
    return False


_ANY = msgspec.json.Decoder(msgspec.Raw)
"""Looks at the syntax only: whether texts and keys are UTF-8 is for who reads the record."""
