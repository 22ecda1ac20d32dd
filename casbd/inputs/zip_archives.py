"""What is in a ZIP archive (APPNOTE.TXT of PKWARE).

Its directory is read by the standard library; its files are decompressed here, as the library's reader goes on until something comes
out, and nothing ever does of gigabytes of empty blocks.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from typing import Any

from casbd.inputs.archive_contents import (
    BROKEN,
    MOST_FILES,
    UNPACK,
    Entry,
    Listed,
    Opened,
    PassedOver,
    Window,
    file_in,
    is_hidden,
    too_many,
    why_broken,
)
from casbd.inputs.compression import Compressed, Plain
from casbd.inputs.turn import Turn

_LONGEST_DIRECTORY = 4 << 20
"""Bytes of a ZIP archive's directory; it becomes some ten times as much in memory."""


_ZIP_HEADER = 30
"""Bytes of the header before a file in a ZIP archive, without the name and what else is in it."""


_STEP = 1 << 16
"""Bytes that come out of a step at most."""


_FED = 1 << 14
"""Compressed bytes that are looked at in one step."""


class ZipContents(Opened):
    """A ZIP archive."""

    def __init__(self, source: Plain | Compressed, turn: Turn) -> None:
        super().__init__(source)
        self._turn = turn
        self._archive: zipfile.ZipFile | None = None

    def _opened(self) -> zipfile.ZipFile:
        if self._archive is None:
            size = os.fstat(self.fileno()).st_size
            self._archive = zipfile.ZipFile(Window(self._source, 0, size, _LONGEST_DIRECTORY))
        return self._archive

    def contents(self) -> Listed:
        """See Contents."""
        listed = Listed([], [])
        try:
            infos = self._opened().infolist()
        except BROKEN as error:
            return Listed([], [], why_broken(error))
        if any(info.filename == "[Content_Types].xml" for info in infos):
            listed.passed_over.append(("", "it is an Excel or another Office file, which casbd does not read", "save it as CSV", "unread"))
            return listed
        for info in infos:
            if info.filename.endswith("/"):  # `is_dir` breaks on an empty name
                continue
            if len(listed.entries) == MOST_FILES:
                listed.passed_over.append(too_many())
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
        packed = file_in(self._source, begin, info.compress_size)
        content = Compressed(packed, lambda raw: _ZipMember(raw, info), self._turn)
        return file_in(content, 0, info.file_size)


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
        # No more than the archive says, by which it was listed: a bomb has more.
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


def _problem_of(info: zipfile.ZipInfo) -> PassedOver | None:
    name = info.filename
    if not name:
        return name, "a file in it has no name", UNPACK, "unread"
    if is_hidden(name):
        return name, "it is hidden", "", "left_out"
    if info.flag_bits & 0x41:
        return name, "it is protected by a password", UNPACK, "unread"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return name, f"it is compressed by a method that casbd does not read (number {info.compress_type})", UNPACK, "unread"
    return None
