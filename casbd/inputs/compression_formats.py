"""The ways of compressing (gzip, zstd, bzip2, xz), each as a stream of bounded steps."""

from __future__ import annotations

import bz2
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import zstandard

BLOCK = 1 << 16
"""Bytes that come out of a step at most."""
_FED = 1 << 14
"""Compressed bytes that are looked at in one step."""
MEMORY = 1 << 27
"""Bytes that decompressing may take: what `zstd --long=27` needs, and twice what `xz -9` does. A file can claim any amount."""


class Stream(Protocol):
    """The content of a compressed file, from its beginning to its end."""

    def more(self) -> bytes | None:
        """What comes next, of a bounded piece of work: perhaps nothing yet; None at the end. EOFError where that comes too early."""


def errors_of_damage() -> tuple[type[Exception], ...]:
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
    """A frame of a zstd file. The library's own stream reader takes a file that is cut off for a whole one."""

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

    decompressor = zstandard.ZstdDecompressor(max_window_size=MEMORY)
    return lambda: _Frame(decompressor)


def _stream_of_xz() -> _Part:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY)


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
        wanted = part.needs_input and not data
        block = part.decompress(data, BLOCK)
        if part.eof:
            self._unused, self._part = part.unused_data, None
        elif wanted and not block:
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
                # The magic number may be cut in two by the end of what was read.
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
        return self._raw.read1(BLOCK) or None


_KINDS = (
    _Kind(b"\x1f\x8b\x08", lambda: _Member),
    _Kind(b"\x28\xb5\x2f\xfd", _frames, padded=False),
    _Kind(b"BZh", lambda: bz2.BZ2Decompressor),
    _Kind(b"\xfd7zXZ\x00", lambda: _stream_of_xz),
)


def reader_of(head: bytes) -> Callable[[Any], Stream] | None:
    """What makes a stream of a file that begins so; None where it is not compressed in a way that casbd knows."""
    kind = next((kind for kind in _KINDS if head.startswith(kind.magic)), None)
    return None if kind is None else lambda raw: _Parts(kind, raw)


def peeled(raw: Any) -> Stream:
    """What a file in an archive holds: decompressed, where it is compressed itself."""
    return (reader_of(raw.peek(8)[:8]) or _Stored)(raw)
