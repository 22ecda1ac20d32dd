"""The bytes of a file as its writer wrote them: plain, or decompressed as they are asked for.

What a file is compressed with is told by its first bytes, never by its name.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, Protocol

KEPT = 8192
"""How much of what was read before the asked-for offset a compressed source still has."""

_BLOCK = 1 << 16


class Source(Protocol):
    """An open file. compressed: whether its size on disk differs from its content's. damage: why it ends too early, if so."""

    compressed: bool
    damage: str

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes of the content from `offset`: fewer at its present end, none behind it."""

    def fileno(self) -> int:
        """The file descriptor."""

    def stat(self) -> os.stat_result:
        """The file's state now, wherever it has been renamed to."""

    def close(self) -> None:
        """Let go of the file."""


class Plain:
    """A file that is its own content."""

    compressed = False
    damage = ""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def read(self, offset: int, size: int) -> bytes:
        """See Source."""
        return os.pread(self._fd, size, offset)

    def fileno(self) -> int:
        """See Source."""
        return self._fd

    def stat(self) -> os.stat_result:
        """See Source."""
        return os.fstat(self._fd)

    def close(self) -> None:
        """See Source."""
        os.close(self._fd)


class Compressed:
    """A compressed file, read as a stream: going back far means starting again, going on costs nothing.

    Never holds more than what is asked for, so a bomb fills no memory. damage: why reading stopped early, if it did.
    """

    compressed = True

    def __init__(self, raw: Any, reader: Callable[..., Any]) -> None:
        self._raw = raw
        self._reader = reader
        self._restart()

    def _restart(self) -> None:
        self._kept = bytearray()
        self._begin = 0
        self._ended = False
        self.damage = ""
        try:
            self._raw.seek(0)
            self._stream = self._reader(self._raw)
        except _errors() as error:
            self._damaged(error)

    def _damaged(self, error: Exception) -> None:
        self.damage, self._ended = str(error) or "it is damaged", True

    def read(self, offset: int, size: int) -> bytes:
        """See Source. After damage: what could be read before it."""
        if offset < self._begin:
            self._restart()
        while not self._ended and self._begin + len(self._kept) < offset + size:
            self._more(offset)
        start = offset - self._begin
        return bytes(self._kept[start : start + size])

    def _more(self, offset: int) -> None:
        try:
            block = self._stream.read1(_BLOCK)
        except _errors() as error:
            self._damaged(error)
            return
        self._ended = not block
        self._kept += block
        surplus = min(offset - KEPT, self._begin + len(self._kept) - KEPT) - self._begin
        if surplus > _BLOCK:
            del self._kept[:surplus]
            self._begin += surplus

    def retry(self) -> None:
        """Read again from the start: the file has grown since it was found to end."""
        self._restart()

    @property
    def consumed(self) -> int:
        """How many of the bytes on disk have been decompressed."""
        return int(self._raw.tell())

    def fileno(self) -> int:
        """See Source."""
        return int(self._raw.fileno())

    def stat(self) -> os.stat_result:
        """See Source."""
        return os.fstat(self._raw.fileno())

    def close(self) -> None:
        """See Source."""
        self._raw.close()


def _errors() -> tuple[type[Exception], ...]:
    """What the libraries raise for damaged data; zstandard's error is a plain Exception of its own."""
    import zstandard

    return (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, zstandard.ZstdError)


class _Zstd:
    """A zstd file's frames. The library's own stream reader does not tell a file that is cut off from a whole one."""

    # Each block of a bomb makes 128 KiB of 4 bytes: fed in small pieces, it makes 4 MiB at once at most.
    _FED = 128

    def __init__(self, raw: io.BufferedIOBase) -> None:
        import zstandard

        # 128 MiB is what `zstd --long=27` needs; beyond it a frame could claim any amount of memory.
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 27)
        self._raw, self._unused = raw, b""
        self._frame: zstandard.ZstdDecompressionObj | None = None

    def read1(self, _size: int) -> bytes:
        """Some more bytes; none at the end of the last frame. EOFError inside a frame."""
        while data := self._unused or self._raw.read(self._FED):
            frame = self._frame or self._decompressor.decompressobj()
            block = frame.decompress(data)
            self._unused = frame.unused_data
            self._frame = None if frame.eof else frame
            if block:
                return block
        if self._frame:
            raise EOFError("the file ended inside a frame")
        return b""


def _gzip(raw: io.BufferedIOBase) -> io.BufferedIOBase:
    return gzip.GzipFile(fileobj=raw)


_READERS: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b\x08": _gzip,
    b"\x28\xb5\x2f\xfd": _Zstd,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}


def peeled(raw: Any) -> Any:
    """What a file in an archive holds: decompressed, where it is compressed itself."""
    head = raw.peek(8)[:8]
    return next((reader(raw) for magic, reader in _READERS.items() if head.startswith(magic)), raw)


def open_source(path: str) -> Plain | Compressed:
    """Open `path` for reading. OSError where that is not possible."""
    return _source(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))


def opened_again(source: Plain | Compressed) -> Plain | Compressed:
    """The same file, whatever its name is now: when it was opened, it may have been too short to tell what it is."""
    again = _source(os.dup(source.fileno()))
    source.close()
    return again


def _source(fd: int) -> Plain | Compressed:
    head = os.pread(fd, 8, 0)
    for magic, reader in _READERS.items():
        if head.startswith(magic):
            return Compressed(os.fdopen(fd, "rb"), reader)
    return Plain(fd)
