"""The bytes of a file as its writer wrote them: plain, or decompressed as they are asked for.

What a file is compressed with is recognised by its first bytes, never by its name.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any, Protocol

from casbd.inputs.compression_formats import BLOCK, MEMORY, Stream, errors_of_damage, reader_of
from casbd.inputs.fence import open_regular
from casbd.inputs.turn import LaterError, Turn

KEPT = 8192
"""Bytes: twice what is compared before a position."""


TOO_MUCH_MEMORY = f"decompressing it takes more than {MEMORY >> 20} MiB of memory"


class Source(Protocol):
    """An open file. compressed: whether its size on disk differs from its content's. damage: why it ends too early, if so."""

    compressed: bool
    damage: str

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes of the content from `offset`: fewer at its present end, none behind it.

        LaterError where that takes longer than a turn.
        """

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

    def end_of_hole(self, offset: int) -> int:
        """Where the next byte that was ever written is, from `offset` on: its own place where the file system does not know (lseek(2))."""
        try:
            return os.lseek(self._fd, offset, os.SEEK_DATA)
        except OSError as error:
            return os.fstat(self._fd).st_size if error.errno == errno.ENXIO else offset

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
    turn: else each file has one of its own, which begins now. keeps: how much of what was read before the asked-for offset it still has.
    """

    compressed = True

    def __init__(self, raw: Any, reader: Callable[[Any], Stream], turn: Turn | None = None) -> None:
        self._raw = raw
        self._reader = reader
        self._turn = turn or Turn()
        self.keeps = KEPT
        self._restart()

    def _restart(self) -> None:
        self._kept = bytearray()
        self._begin = 0
        self._ended = False
        self.damage = ""
        self._stream: Stream | None = None

    def _damaged(self, error: Exception) -> None:
        damage = TOO_MUCH_MEMORY if "memory" in str(error).lower() else str(error)
        self.damage, self._ended = damage or "it is damaged", True

    def read(self, offset: int, size: int) -> bytes:
        """See Source. After damage: what could be read before it."""
        if offset < self._begin:
            self._restart()
        while not self._ended and self._begin + len(self._kept) < offset + size:
            self._more(offset)
            if self._turn.over and not self._ended and self._begin + len(self._kept) < offset + size:
                raise LaterError
        start = offset - self._begin
        return bytes(self._kept[start : start + size])

    def _more(self, offset: int) -> None:
        try:
            if self._stream is None:
                self._raw.seek(0)
                self._stream = self._reader(self._raw)
            block = self._stream.more()
        except errors_of_damage() as error:
            self._damaged(error)
            return
        if block is None:
            self._ended = True
            return
        self._turn.took(len(block))
        self._kept += block
        surplus = min(offset, self._begin + len(self._kept)) - self.keeps - self._begin
        if surplus > BLOCK:
            del self._kept[:surplus]
            self._begin += surplus

    def retry(self) -> None:
        """Read again from the start: the file has grown since it was found to end."""
        self._restart()

    @property
    def ended(self) -> bool:
        """Whether its end was reached, or where it is damaged."""
        return self._ended

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


def open_source(path: str, turn: Turn | None = None, opening: Callable[[str], int] | None = None) -> Plain | Compressed:
    """Open `path` for reading. OSError where that is not possible, or it is no regular file.

    turn: else the source has one of its own. opening: makes the file descriptor; an input's fence does.
    """
    fd = opening(path) if opening else open_regular(os.path.realpath(path))
    try:
        return _source(fd, turn)
    except OSError:
        os.close(fd)
        raise


def opened_again(source: Plain | Compressed, turn: Turn) -> Plain | Compressed:
    """The same file, whatever its name is now: when it was opened, it may have been too short to show what it is."""
    again = _source(os.dup(source.fileno()), turn)
    source.close()
    return again


def _source(fd: int, turn: Turn | None) -> Plain | Compressed:
    reader = reader_of(os.pread(fd, 8, 0))
    return Compressed(os.fdopen(fd, "rb"), reader, turn) if reader else Plain(fd)
