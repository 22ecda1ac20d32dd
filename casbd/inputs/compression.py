"""The bytes of a file as its writer wrote them: plain, or decompressed as they are asked for.

What a file is compressed with is told by its first bytes, never by its name.
"""

from __future__ import annotations

import bz2
import errno
import io
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from casbd.inputs.fence import open_regular
from casbd.inputs.turn import LaterError, Turn

if TYPE_CHECKING:
    import zstandard

KEPT = 8192
"""Bytes: twice what is compared before a position."""

_BLOCK = 1 << 16
_FED = 1 << 14
"""Compressed bytes that are looked at in one step."""

_MEMORY = 1 << 27
"""Bytes that decompressing may take: what `zstd --long=27` needs, and twice what `xz -9` does. A file can claim any amount."""

TOO_MUCH_MEMORY = f"decompressing it takes more than {_MEMORY >> 20} MiB of memory"


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


class Stream(Protocol):
    """The content of a compressed file, from its beginning to its end."""

    def more(self) -> bytes | None:
        """What comes next, of a bounded piece of work: perhaps nothing yet; None at the end. EOFError where that comes too early."""


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
        told = TOO_MUCH_MEMORY if "memory" in str(error).lower() else str(error)
        self.damage, self._ended = told or "it is damaged", True

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
        except _errors() as error:
            self._damaged(error)
            return
        if block is None:
            self._ended = True
            return
        self._turn.took(len(block))
        self._kept += block
        surplus = min(offset, self._begin + len(self._kept)) - self.keeps - self._begin
        if surplus > _BLOCK:
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


def _errors() -> tuple[type[Exception], ...]:
    """What the libraries raise for damaged data; zstandard's error is a plain Exception of its own."""
    import zstandard

    return (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, zstandard.ZstdError)


class _Part(Protocol):
    """A member of a gzip file, a stream of a bzip2 or xz file, a frame of a zstd file."""

    @property
    def eof(self) -> bool:
        """Whether its end was reached."""

    @property
    def unused_data(self) -> bytes:
        """What was given of what is behind it."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes of what it was given."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """What comes of some more bytes, at most so much of it now."""


class _Member:
    """A member of a gzip file (RFC 1952)."""

    def __init__(self) -> None:
        self._inflating = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._inflating.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflating.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inflating.unconsumed_tail

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inflating.decompress(self._inflating.unconsumed_tail + data, max_length)


class _Frame:
    """A frame of a zstd file. The library's own stream reader does not tell a file that is cut off from a whole one."""

    # Each block of a bomb makes 128 KiB of 4 bytes: fed in small pieces, it makes 4 MiB at once at most.
    _FED = 128

    def __init__(self, decompressor: zstandard.ZstdDecompressor) -> None:
        self._frame = decompressor.decompressobj()
        self._waiting = b""

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data + self._waiting

    @property
    def needs_input(self) -> bool:
        return not self._waiting

    def decompress(self, data: bytes, max_length: int) -> bytes:  # noqa: ARG002 - the library has no such limit
        data, frame, size = self._waiting + data, self._frame, self._FED
        for start in range(0, len(data), size):
            block = frame.decompress(data[start : start + size])
            if block or frame.eof:
                self._waiting = data[start + size :]
                return block
        self._waiting = b""
        return b""


def _frames() -> Callable[[], _Frame]:
    """Makes the frames of one file: a decompressor takes fifteen times as long to make as an empty frame to read."""
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=_MEMORY)
    return lambda: _Frame(decompressor)


def _stream_of_xz() -> _Part:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)


class _Kind(NamedTuple):
    """A way of compressing. parts: makes, for one file, what begins a part. padded: zero bytes may follow its end."""

    magic: bytes
    parts: Callable[[], Callable[[], _Part]]
    padded: bool = True


class _Parts:
    """The parts of one file, one behind the other.

    Each step is bounded: Python's own readers go on until something comes out, and nothing ever does of gigabytes of empty
    parts, of zero bytes behind them, or of a name without end. read1: a step that is broken off has taken nothing.
    """

    def __init__(self, kind: _Kind, raw: io.BufferedIOBase) -> None:
        self._kind, self._raw = kind, raw
        self._new = kind.parts()
        self._unused = b""
        self._part: _Part | None = None
        self._padded = False

    def more(self) -> bytes | None:
        """See Stream."""
        if self._part is None:
            return self._between()
        part = self._part
        data = self._unused or (self._raw.read1(_FED) if part.needs_input else b"")
        self._unused = b""
        asked = part.needs_input and not data
        block = part.decompress(data, _BLOCK)
        if part.eof:
            self._unused, self._part = part.unused_data, None
        elif asked and not block:
            raise EOFError("the file ended inside a frame")
        return block

    def _between(self) -> bytes | None:
        """Begin the next part, if there is one."""
        data = self._unused or self._raw.read1(_FED)
        if not data:
            return None
        if self._padded:
            data = data.lstrip(b"\0")
            if data and not data.startswith(self._kind.magic):
                more = self._raw.read1(_FED) if self._kind.magic.startswith(data) else b""
                if not more:
                    raise OSError("something else follows its end")
                self._unused = data + more
                return b""
        self._unused = data
        if data:
            self._part, self._padded = self._new(), self._kind.padded
        return b""


class _Stored:
    """What is not compressed, as a stream."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def more(self) -> bytes | None:
        """See Stream."""
        return self._raw.read1(_BLOCK) or None


_KINDS = (
    _Kind(b"\x1f\x8b\x08", lambda: _Member),
    _Kind(b"\x28\xb5\x2f\xfd", _frames, padded=False),
    _Kind(b"BZh", lambda: bz2.BZ2Decompressor),
    _Kind(b"\xfd7zXZ\x00", lambda: _stream_of_xz),
)


def _reader(head: bytes) -> Callable[[Any], Stream] | None:
    kind = next((kind for kind in _KINDS if head.startswith(kind.magic)), None)
    return None if kind is None else lambda raw: _Parts(kind, raw)


def peeled(raw: Any) -> Stream:
    """What a file in an archive holds: decompressed, where it is compressed itself."""
    return (_reader(raw.peek(8)[:8]) or _Stored)(raw)


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
    """The same file, whatever its name is now: when it was opened, it may have been too short to tell what it is."""
    again = _source(os.dup(source.fileno()), turn)
    source.close()
    return again


def _source(fd: int, turn: Turn | None) -> Plain | Compressed:
    reader = _reader(os.pread(fd, 8, 0))
    return Compressed(os.fdopen(fd, "rb"), reader, turn) if reader else Plain(fd)
