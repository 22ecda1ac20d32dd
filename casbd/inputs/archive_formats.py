"""What is in a ZIP or a tar archive (APPNOTE.TXT of PKWARE; pax of POSIX.1-2001 and GNU tar), by the standard library's readers.

They believe what an archive claims, so they read through objects that refuse: a directory or a header beyond some length, more than
so many names, more than so much to be decompressed for finding the names. The files of a ZIP archive are decompressed here, as the
library's reader goes on until something comes out, and nothing ever does of gigabytes of empty blocks.
"""

from __future__ import annotations

import io
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, Self

from casbd.inputs.compression import Compressed, Plain, Source, open_source
from casbd.inputs.turn import LaterError, Turn
from casbd.model.unread import Kind

ENOUGH = 512
"""Bytes by which it can be told whether a file is an archive."""
MOST_FILES = 10_000
MOST_LISTED = 4 << 30
"""Bytes that are decompressed at most to find the names in a compressed tar archive: some seconds."""
_MOST_TURNS = 4000
"""In which an archive is listed; MOST_LISTED is done in a tenth of them."""
_BEGINNING = 1 << 17
"""Bytes that may be read in search of the first ENOUGH of a file: of each file that there is, so few milliseconds."""
_LONGEST_DIRECTORY = 4 << 20
"""Bytes of a ZIP archive's directory; it becomes some ten times as much in memory."""
_LONGEST_HEADER = 1 << 16
"""Bytes of an extended header in a tar archive: names longer than that are nobody's."""

_ZIP_HEADER = 30
"""Bytes of the header before a file in a ZIP archive, without the name and what else is in it."""
_STEP = 1 << 16
"""Bytes that come out of a step at most."""
_FED = 1 << 14
"""Compressed bytes that are looked at in one step."""

_UNPACK = "unpack it into the same directory"
_BROKEN = (
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


Opening = Callable[[str], int]
"""Makes a file descriptor of a path."""

_PassedOver = tuple[str, str, str, Kind]
"""A name, why it is not read, what to do, and how bad it is."""


class Entry(NamedTuple):
    """A file in an archive. size: what the archive claims. where: for its reader."""

    name: str
    size: int
    where: Any


class Listed(NamedTuple):
    """What is in an archive. passed_over: what cannot be read. damage: why there may be more, if so."""

    entries: list[Entry]
    passed_over: list[_PassedOver]
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


def is_archive(path: str, opening: Opening) -> bool:
    """Whether it begins as one; False also where it cannot be opened, which its reading tells."""
    try:
        source = open_source(path, Turn(size=_BEGINNING), opening)
    except OSError:
        return False
    try:
        head = source.read(0, ENOUGH)
    except LaterError:  # none has so much before its first file
        return False
    finally:
        source.close()
    return (not source.compressed and head.startswith((b"PK\3\4", b"PK\5\6"))) or _is_tar(head)


def open_contents(path: str, turn: Turn, opening: Opening) -> Contents:
    """Open an archive. OSError where that is not possible."""
    source = open_source(path, turn, opening)
    if not source.compressed and source.read(0, 2) == b"PK":
        return _Zip(source, turn)
    return _Tar(source)


def _is_tar(head: bytes) -> bool:
    """By the checksum of its first header: the oldest have no magic number."""
    if len(head) < ENOUGH or not head[0]:
        return False
    try:
        told = int(head[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    return told == sum(head[:148]) + 8 * ord(" ") + sum(head[156:])


class _Opened:
    def __init__(self, source: Plain | Compressed) -> None:
        self._source = source

    def fileno(self) -> int:
        return self._source.fileno()

    def close(self) -> None:
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _is_hidden(name: str) -> bool:
    """As files are that a wildcard does not meet; those that macOS adds are among them."""
    return any(part.startswith((".", "__MACOSX")) and part not in (".", "..") for part in name.split("/"))


class _Zip(_Opened):
    """A ZIP archive."""

    def __init__(self, source: Plain | Compressed, turn: Turn) -> None:
        super().__init__(source)
        self._turn = turn
        self._archive: zipfile.ZipFile | None = None

    def _opened(self) -> zipfile.ZipFile:
        if self._archive is None:
            size = os.fstat(self.fileno()).st_size
            self._archive = zipfile.ZipFile(_Window(self._source, 0, size, _LONGEST_DIRECTORY))
        return self._archive

    def contents(self) -> Listed:
        """See Contents."""
        listed = Listed([], [])
        try:
            infos = self._opened().infolist()
        except _BROKEN as error:
            return Listed([], [], _why(error))
        if any(info.filename == "[Content_Types].xml" for info in infos):
            listed.passed_over.append(("", "it is an Excel or another Office file, which casbd does not read", "save it as CSV", "unread"))
            return listed
        for info in infos:
            if info.filename.endswith("/"):  # `is_dir` breaks on an empty name
                continue
            if len(listed.entries) == MOST_FILES:
                listed.passed_over.append(_too_many())
                break
            if problem := _problem_of(info):
                listed.passed_over.append(problem)
            else:
                listed.entries.append(Entry(info.filename, info.file_size, info))
        return listed

    def open(self, entry: Entry) -> Any:
        """See Contents."""
        info: zipfile.ZipInfo = entry.where
        header = self._source.read(info.header_offset, _ZIP_HEADER)
        if len(header) < _ZIP_HEADER or not header.startswith(b"PK\3\4"):
            raise OSError(0, "damaged: its header is missing")
        begin = info.header_offset + _ZIP_HEADER + sum(struct.unpack("<HH", header[-4:]))
        packed = _file(self._source, begin, info.compress_size)
        content = Compressed(packed, lambda raw: _ZipMember(raw, info), self._turn)
        return _file(content, 0, info.file_size)


class _ZipMember:
    """The content of a file in a ZIP archive, as a Stream, compared with its checksum."""

    def __init__(self, raw: io.BufferedReader, info: zipfile.ZipInfo) -> None:
        self._raw, self._left, self._expected = raw, info.file_size, info.CRC
        self._checksum, self._ended = 0, False
        self._inflating = zlib.decompressobj(-zlib.MAX_WBITS) if info.compress_type == zipfile.ZIP_DEFLATED else None

    def more(self) -> bytes | None:
        """See Stream."""
        if not self._left:
            return None
        block = (self._inflated() if self._inflating else self._raw.read1(_STEP))[: self._left]
        if not block and (self._inflating is None or self._inflating.eof or self._ended):
            raise EOFError("it ends before the size that the archive says")
        self._checksum = zlib.crc32(block, self._checksum)
        self._left -= len(block)
        if not self._left and self._checksum != self._expected:
            raise zipfile.BadZipFile("its content has another checksum (CRC-32) than the archive says")
        return block

    def _inflated(self) -> bytes:
        assert self._inflating is not None
        waiting = self._inflating.unconsumed_tail
        data = waiting or self._raw.read1(_FED)
        self._ended = not data
        return self._inflating.decompress(data, _STEP)


def _problem_of(info: zipfile.ZipInfo) -> _PassedOver | None:
    name = info.filename
    if not name:
        return name, "a file in it has no name", _UNPACK, "unread"
    if _is_hidden(name):
        return name, "it is hidden", "", "left_out"
    if info.flag_bits & 0x41:
        return name, "it is protected by a password", _UNPACK, "unread"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return name, f"it is compressed by a method that casbd does not read (number {info.compress_type})", _UNPACK, "unread"
    return None


class _Tar(_Opened):
    """A tar archive, also compressed."""

    def __init__(self, source: Plain | Compressed) -> None:
        super().__init__(source)
        if isinstance(source, Compressed):
            source.keeps = 4 * _LONGEST_HEADER  # a header that was begun is read again in the next turn
        self._window = _Window(source, 0, 1 << 62, _LONGEST_HEADER)
        self._archive: tarfile.TarFile | None = None
        self._listed = Listed([], [])
        self._number = self._turns = 0

    def contents(self) -> Listed:
        """See Contents."""
        self._turns += 1
        if self._turns > _MOST_TURNS:  # a header that takes more than a turn would be begun for ever
            return self._listed._replace(damage="finding out what is in it takes too long")
        try:
            return self._go_on()
        except _BROKEN as error:
            return self._listed._replace(damage=self._source.damage or _why(error))

    def _go_on(self) -> Listed:
        if self._archive is None:
            self._archive = tarfile.open(fileobj=self._window, mode="r:", encoding="utf-8", errors="surrogateescape")  # noqa: SIM115
        while (member := self._archive.next()) is not None:
            self._archive.members = []  # type: ignore[attr-defined]  # else it keeps all of them, with headers of a megabyte each
            if problem := self._too_much(self._listed, member, self._number):
                self._listed.passed_over.append(problem)
                return self._listed
            self._number += 1
            self._add(self._listed, member)
        whole = self._window.read_at(self._archive.offset, 512) == bytes(512)
        return self._listed._replace(damage=self._source.damage or ("" if whole else "its end is missing"))

    def _too_much(self, listed: Listed, member: tarfile.TarInfo, number: int) -> _PassedOver | None:
        if len(listed.entries) == MOST_FILES or number > 4 * MOST_FILES:  # headers may even lead in a circle
            return _too_many()
        if self._source.compressed and member.offset_data + max(0, member.size) > MOST_LISTED:
            return "", "it holds more than 4 GiB, and what comes after them is not read", _UNPACK, "unread"
        return None

    def _add(self, listed: Listed, member: tarfile.TarInfo) -> None:
        name = member.name
        if member.isdir():
            return
        if not member.isreg():
            listed.passed_over.append((name, "it is a link or a device", "", "left_out"))
        elif member.issparse():
            listed.passed_over.append((name, "it is stored with holes, which casbd does not read", _UNPACK, "unread"))
        elif _is_hidden(name):
            listed.passed_over.append((name, "it is hidden", "", "left_out"))
        elif member.size >= 0:
            listed.entries.append(Entry(name, member.size, member.offset_data))

    def open(self, entry: Entry) -> Any:
        """See Contents."""
        return _file(self._source, entry.where, entry.size)


def _file(source: Source, begin: int, size: int) -> io.BufferedReader:
    """Some bytes of a source, to be read from their beginning."""
    return io.BufferedReader(_Window(source, begin, size, 1 << 20), 1 << 16)


def _too_many() -> _PassedOver:
    return "", f"it holds more than {MOST_FILES:,} files, and the others are not read", _UNPACK, "unread"


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__


class _Window(io.RawIOBase):
    """Some bytes of a source as a file. longest: what may be asked for at once; nothing else bounds what the readers ask for."""

    def __init__(self, source: Source, begin: int, size: int, longest: int) -> None:
        self._source, self._begin, self._size, self._longest = source, begin, size, longest
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = max(0, offset + (0, self._place, self._size)[whence])
        return self._place

    def read_at(self, place: int, size: int) -> bytes:
        """Up to so many bytes from there on."""
        return self._source.read(self._begin + place, size)

    def read(self, size: int | None = -1) -> bytes:
        wanted = self._longest if size is None or size < 0 else size
        if wanted > self._longest:
            raise OSError(0, f"a directory or header in it is longer than {self._longest} bytes")
        data = self.read_at(self._place, max(0, min(wanted, self._size - self._place)))
        self._place += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(min(len(buffer), self._longest))
        if not data and self._place < self._size:
            raise EOFError(self._source.damage or "the archive ends inside it")
        buffer[: len(data)] = data
        return len(data)
