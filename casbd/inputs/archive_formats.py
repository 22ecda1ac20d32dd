"""Which files are archives, and of which kind (`zip_archives.py`, `tar_archives.py`)."""

from __future__ import annotations

from collections.abc import Callable

from casbd.inputs.archive_contents import (
    Contents,
)
from casbd.inputs.compression import open_source
from casbd.inputs.tar_archives import BEGINNING, TarContents
from casbd.inputs.turn import LaterError, Turn
from casbd.inputs.zip_archives import ZipContents

ENOUGH = 512
"""Bytes by which an archive is recognised."""


Opening = Callable[[str], int]
"""Makes a file descriptor of a path."""


def is_archive(path: str, opening: Opening) -> bool:
    """Whether it begins as one; False also where it cannot be opened, which is reported when it is read."""
    try:
        source = open_source(path, Turn(size=BEGINNING), opening)
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
        return ZipContents(source, turn)
    return TarContents(source)


def _is_tar(head: bytes) -> bool:
    """By the checksum of its first header: the oldest have no magic number."""
    if len(head) < ENOUGH or not head[0]:
        return False
    try:
        checksum = int(head[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    return checksum == sum(head[:148]) + 8 * ord(" ") + sum(head[156:])
