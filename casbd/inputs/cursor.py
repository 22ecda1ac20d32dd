"""How far the content of one file has been read, and whether what the file holds is still that content."""

from __future__ import annotations

import msgspec

from casbd.inputs import identity
from casbd.inputs.compression import Compressed, Plain
from casbd.inputs.cutting import Context
from casbd.inputs.discovery import Snapshot
from casbd.model.chunk import Position


class ReplacedError(Exception):
    """The file is there, but what it holds is no longer what was read: truncated, rewritten, or an inode used again."""


class DamagedError(Exception):
    """A compressed file ends before what was read of it: damaged, or not yet whole; the message says how."""


class Cursor:
    """A place in one content, and by what that content is known again.

    offset: the bytes before it have been read. tail: the hash of the last of them. fingerprint: (hash, length) of the content's
    first bytes; ("", 0) while they have not been seen.
    """

    def __init__(self) -> None:
        self.offset = 0
        self.tail = ""
        self.fingerprint = ("", 0)

    def resume(self, position: Position) -> None:
        """Go to where `position` says; that it belongs to this content has been checked."""
        self.offset, self.tail = start(position), position.tail
        self.fingerprint = (position.fingerprint, position.fingerprint_size)

    def position(self, name: str, snapshot: Snapshot, *, offset: int, tail: str, seen: int) -> Position:
        """A place in this content, to be stored for the input `name`. seen: milliseconds."""
        return Position(
            input=name,
            path=snapshot.path,
            device=snapshot.device,
            inode=snapshot.inode,
            fingerprint=self.fingerprint[0],
            fingerprint_size=self.fingerprint[1],
            offset=offset,
            size=snapshot.size,
            tail=tail,
            seen=seen,
        )

    def read(self, source: Plain | Compressed, size: int) -> tuple[bytes, bytes]:
        """(the bytes before the offset, up to `size` from it on).

        ReplacedError where the former, or the first bytes of a content that was only looked at, are not what they were;
        DamagedError where a compressed file does not reach as far any more.
        """
        raw = source.read(self.offset, size)
        # Looked at after reading: were the file replaced in between, what was read would not count.
        size_before = min(identity.TAIL, self.offset)
        before = source.read(self.offset - size_before, size_before)
        if size_before and identity.digest(before) != self.tail:
            if source.damage:
                raise DamagedError(source.damage)
            raise ReplacedError
        expected, length = self.fingerprint
        if not self.offset and length and identity.digest(source.read(0, length)) != expected:
            raise ReplacedError
        return before, raw

    def advance(self, before: bytes, raw: bytes, used: int) -> None:
        """So many bytes of what `read` gave are done with."""
        if not self.offset:
            self.fingerprint = identity.fingerprint(raw[:used])
        self.tail = identity.digest((before + raw[max(0, used - identity.TAIL) : used])[-identity.TAIL :])
        self.offset += used

    def skip_hole(self, source: Plain | Compressed, raw: bytes) -> None:
        """A terabyte that was never written is passed by in one step, as far as the file system knows where it ends.

        raw: what was read last; only where it is all zeros a hole is looked for.
        """
        if raw.strip(b"\0") or not isinstance(source, Plain):
            return
        end = source.end_of_hole(self.offset)
        size = min(identity.TAIL, end)
        before = source.read(end - size, size)
        if end > self.offset and not before.strip(b"\0"):  # else it was written to meanwhile
            self.offset, self.tail = end, identity.digest(before)


def start(position: Position) -> int:
    """Where reading goes on: before brackets that only close an array, since its writer may overwrite them."""
    return position.offset - context(position).closers


def context(position: Position) -> Context:
    """How to go on from `position`."""
    if not position.context:
        return Context("ndjson")
    return msgspec.json.decode(position.context, type=Context)
