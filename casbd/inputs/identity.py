"""What makes a file the one that was read before: a fingerprint of its first bytes, and the bytes before the position.

Device and inode alone would take a reused inode for the old file, and a rotated copy for a new one.
"""

from __future__ import annotations

import hashlib
from typing import Protocol

from casbd.inputs.compression import Source
from casbd.model.chunk import Position

SIZES = tuple(1 << power for power in range(13))
"""Lengths of fingerprints: 1 byte to 4 KiB. So few that a new file can be looked up under each length."""

TAIL = 4096
"""Bytes before the position that must be unchanged. Records are shorter than this mostly, so it holds a record's id."""


class Compared:
    """A source whose answers are kept: where a turn ends between two of them, going back for the first would never come to an end."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._answers: dict[tuple[int, int], bytes] = {}

    def read(self, offset: int, size: int) -> bytes:
        """See Source."""
        if (offset, size) not in self._answers:
            self._answers[offset, size] = self._source.read(offset, size)
        return self._answers[offset, size]


class Readable(Protocol):
    """What bytes are read from, as from a Source."""

    def read(self, offset: int, size: int) -> bytes:
        """See Source."""


def digest(data: bytes) -> str:
    """A hash of `data`, hex."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def fingerprint(head: bytes) -> tuple[str, int]:
    """(hash, length) of these first bytes, of as many of them as one of SIZES has."""
    size = max(size for size in SIZES if size <= len(head))
    return digest(head[:size]), size


def tail(source: Readable, offset: int) -> str:
    """The hash of the bytes before `offset`; "" where the file is shorter than that."""
    size = min(TAIL, offset)
    data = source.read(offset - size, size)
    return digest(data) if len(data) == size else ""


def continues(source: Readable, position: Position, offset: int) -> bool:
    """Whether this file holds what `position` was reached in. offset: where its `tail` was taken."""
    head = source.read(0, position.fingerprint_size)
    return digest(head) == position.fingerprint and tail(source, offset) == position.tail
