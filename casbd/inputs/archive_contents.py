"""What an archive lists, and what all kinds share: bounds, what is passed over, and reading through a window.

The standard library's readers believe what an archive claims, so they read through objects that refuse: a directory or a header beyond
some length, more than so many names, more than so much to be decompressed for finding the names.
"""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
from typing import Any, NamedTuple, Protocol, Self

from casbd.inputs.compression import Compressed, Plain, Source
from casbd.model.unread import Kind

MOST_FILES = 10_000


MOST_LISTED = 4 << 30
"""Bytes that are decompressed at most to find the names in a compressed tar archive: some seconds."""


UNPACK = "unpack it into the same directory"


BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RecursionError,
    struct.error,
)


PassedOver = tuple[str, str, str, Kind]
"""A name, why it is not read, what to do, and how bad it is."""


class Entry(NamedTuple):
    """A file in an archive. size: what the archive claims. where: for its reader."""

    name: str
    size: int
    where: Any


class Listed(NamedTuple):
    """What is in an archive. passed_over: what cannot be read. damage: why there may be more, if so."""

    entries: list[Entry]
    passed_over: list[PassedOver]
    damage: str = ""


class Contents(Protocol):
    """An open archive."""

    def contents(self) -> Listed:
        """Everything in it. LaterError where that takes longer than a turn: asked again, it goes on."""

    def open(self, entry: Entry) -> Any:
        """A file in it, to be read from its beginning."""

    def fileno(self) -> int:
        """The archive's file descriptor."""

    def close(self) -> None:
        """Let go of it."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Opened:
    """An archive whose file is open; Contents without what it lists."""

    def __init__(self, source: Plain | Compressed) -> None:
        self._source = source

    def fileno(self) -> int:
        """See Contents."""
        return self._source.fileno()

    def close(self) -> None:
        """See Contents."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def is_hidden(name: str) -> bool:
    """As files are that a wildcard does not meet; those that macOS adds are among them."""
    return any(part.startswith((".", "__MACOSX")) and part not in (".", "..") for part in name.split("/"))


def file_in(source: Source, begin: int, size: int) -> io.BufferedReader:
    """Some bytes of a source, to be read from their beginning."""
    return io.BufferedReader(Window(source, begin, size, 1 << 20), 1 << 16)


def too_many() -> PassedOver:
    """What is reported where there are more files than are listed."""
    return "", f"it holds more than {MOST_FILES:,} files, and the others are not read", UNPACK, "unread"


def why_broken(error: Exception) -> str:
    """What a library says of a damaged archive."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


class Window(io.RawIOBase):
    """Some bytes of a source as a file. longest: what may be asked for at once; nothing else bounds what the readers ask for."""

    def __init__(self, source: Source, begin: int, size: int, longest: int) -> None:
        self._source, self._begin, self._size, self._longest = source, begin, size, longest
        self._place = 0

    def readable(self) -> bool:
        """See io.IOBase."""
        return True

    def seekable(self) -> bool:
        """See io.IOBase."""
        return True

    def tell(self) -> int:
        """See io.IOBase."""
        return self._place

    def seek(self, offset: int, whence: int = 0) -> int:
        """See io.IOBase."""
        self._place = max(0, offset + (0, self._place, self._size)[whence])
        return self._place

    def read_at(self, place: int, size: int) -> bytes:
        """Up to so many bytes from there on."""
        return self._source.read(self._begin + place, size)

    def read(self, size: int | None = -1) -> bytes:
        """See io.RawIOBase. OSError where more is asked for at once than may be."""
        wanted = self._longest if size is None or size < 0 else size
        if wanted > self._longest:
            raise OSError(0, f"a directory or header in it is longer than {self._longest} bytes")
        data = self.read_at(self._place, max(0, min(wanted, self._size - self._place)))
        self._place += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        """See io.RawIOBase. EOFError where the source ends before the window does."""
        data = self.read(min(len(buffer), self._longest))
        if not data and self._place < self._size:
            raise EOFError(self._source.damage or "the archive ends inside it")
        buffer[: len(data)] = data
        return len(data)
