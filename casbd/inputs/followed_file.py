"""One file that is being followed: opens it, reads it chunk by chunk, and knows how it stands with it."""

from __future__ import annotations

import contextlib
import os

import msgspec

from casbd.inputs import identity
from casbd.inputs.compression import TOO_MUCH_MEMORY, Compressed, Plain, open_source, opened_again
from casbd.inputs.cursor import Cursor, context
from casbd.inputs.cutting import Context
from casbd.inputs.discovery import Snapshot
from casbd.inputs.fence import Fence
from casbd.inputs.foreign import Problem
from casbd.inputs.record_reader import AtEnd, Detect, Limits, RecordReader, Taken
from casbd.inputs.turn import LaterError, Turn
from casbd.model.chunk import Chunk, InputSpec, Position, Reject

_REST = 9
"""What took a second and gave nothing is left alone for so many: a record of megabytes that grows by a byte must not cost a processor."""


class MovedError(Exception):
    """Another file stands under this name now."""


def not_whole(damage: str) -> Problem:
    """A compressed file that ends too early."""
    if damage == TOO_MUCH_MEMORY:
        return Problem(damage, "compress it again, with `xz -9`, `zstd` or `gzip`")
    return Problem(f"damaged or not yet whole: {damage}", "copy it again if nobody is writing it", heals=True)


class FollowedFile:
    """A file of one input. Who it is: `snapshot`. How far it has been read: `offset`; 0 where nothing has been.

    placed: whether it has been decided where to begin. stored: positions that may be this file's, still to be checked.
    rest: unread bytes wait at its end. waiting: how many of them are not merely brackets and blanks. settled: it has not
    changed for long.
    gone: since when (milliseconds) it has no name any more. ended: a compressed one has been read to its end.
    goes_first: it is the rest of a rotated file, to be read before all that is new. problem: why it cannot be read on, if so.
    header: how the CSV was cut that was under this name before, if there was one.
    taken_up, finished: whether that was logged.
    held: how many scans in a row it was not begun for another one's sake.
    fruitless: its last turn was over before it gave anything.
    rests_until: seconds of the turn's clock; what costs much and gives nothing is not read again at once.
    cursor: the place in its content. records: what reads from there; both are new when the content is.
    """

    def __init__(self, spec: InputSpec, snapshot: Snapshot, limits: Limits, turn: Turn, fence: Fence) -> None:
        self.spec, self.snapshot = spec, snapshot
        self._limits, self._turn, self._fence = limits, turn, fence
        self.stored: list[Position] = []
        self.source: Plain | Compressed | None = None
        self.target = ""
        self.gone: int | None = None
        self.changed = True
        self.queued = self.settled = self.goes_first = self.fruitless = False
        self.held = 0
        self.taken_up = self.finished = False
        self.first_sight = snapshot
        self.restart()

    @property
    def offset(self) -> int:
        """How many bytes of its content have been read."""
        return self.cursor.offset

    def restart(self) -> None:
        """Forget what was read: the next read decides anew where to begin."""
        self.position: Position | None = None
        self.cursor = Cursor()
        self.records = RecordReader(self.cursor, self.spec.format, self._limits, self._turn)
        self.header: Context | None = None
        self.placed = self.rest = self.ended = False
        self.waiting = 0
        self.problem: Problem | None = None
        self.comparing: identity.Compared | None = None
        self._spent = self.rests_until = 0.0

    def resume(self, position: Position) -> None:
        """Go on from `position`, which has been checked to belong to this content."""
        self.placed = True
        if not position.offset:
            return  # nothing was read of it
        going_on = context(position)
        self.position = msgspec.structs.replace(
            position, path=self.snapshot.path, device=self.snapshot.device, inode=self.snapshot.inode, seen=position.seen, told=False
        )
        self.records.resume(position)
        self.ended = going_on.ended and position.size == self.snapshot.size

    def update(self, snapshot: Snapshot) -> bool:
        """Take in what a look at the file showed; True where there may be something to read."""
        if snapshot.version != self.snapshot.version:
            self.changed = True
            self.ended = self.settled = False
            if isinstance(self.source, Compressed) and self.source.ended:
                self.source.retry()
                self.comparing = None
        if snapshot.part != self.snapshot.part:
            self.close()
        self.snapshot, self.gone = snapshot, None
        return self.changed

    def open(self) -> Plain | Compressed:
        """The open file. OSError where it cannot be opened; MovedError where it is no longer under its name."""
        if self.source is None and self.snapshot.part:
            self.source = self.snapshot.part.open()
        if self.source is None:
            source = open_source(self.snapshot.path, self._turn, self._fence.open)
            status = source.stat()
            if (status.st_dev, status.st_ino) != (self.snapshot.device, self.snapshot.inode):
                source.close()
                raise MovedError
            self.source = source
            with contextlib.suppress(OSError):
                real = os.readlink(f"/proc/self/fd/{source.fileno()}")  # noqa: PTH115
                self.target = real if real != self.snapshot.path else ""
        return self.source

    def unread(self) -> Position:
        """The position of a file of which nothing has been read. Without a fingerprint it fits no content, but shows since
        when there was one."""
        snapshot = self.first_sight
        return self.cursor.position(self.spec.name, snapshot, offset=0, tail=identity.digest(b""), seen=snapshot.mtime // 1_000_000 - 1)

    @property
    def table(self) -> Context | None:
        """How it is cut, where it is a CSV whose header is known."""
        return going_on if (going_on := self.records.context) and going_on.columns else None

    @property
    def left(self) -> int:
        """How many bytes were not read, as far as a look at the file shows; of a compressed one those on disk."""
        if self.ended:
            return 0
        if isinstance(self.source, Compressed):
            return self.waiting or (self.snapshot.size if self.queued or self.problem else 0)
        return max(0, self.snapshot.size - self.offset)

    @property
    def empty(self) -> bool:
        """Nothing is in it, and nothing of it was ever read."""
        return not (self.snapshot.size or self.position or self.stored)

    @property
    def begun(self) -> bool:
        """Whether it is known how its content begins."""
        return bool(self.position or self.cursor.fingerprint[1])

    def prime(self) -> bool:
        """Look at the first bytes of a file that is still to be read: it may be rotated away before its turn comes.

        False where it is not any more as it was found. OSError, MovedError as for `open`.
        """
        if self.begun or not self.snapshot.size or self.snapshot.part:
            return True
        was_open = self.source is not None
        source = self.open()
        head = source.read(0, identity.SIZES[-1])
        if head:
            self.cursor.fingerprint = identity.fingerprint(head)
        unchanged = Snapshot.of(self.snapshot.path, source.stat()) == self.snapshot
        if not was_open:
            self.close()
        return unchanged

    def close(self) -> None:
        """Let go of the file; it is opened again when it is read again."""
        if self.source is not None:
            self.source.close()
            self.source = self.comparing = None

    def next_chunk(self, detect: Detect, now: int, *, final: bool) -> Chunk | None:
        """The next records; None where nothing whole is left at present. ReplacedError, MovedError, OSError: nothing was read.

        A chunk without records moves the position alone: the turn is over. LaterError where it is over, and nothing has moved.
        """
        begun = self._turn.now()
        try:
            chunk = self._next_chunk(detect, now, final=final)
        except LaterError:
            self._spent += self._turn.now() - begun
            raise
        self._spent += self._turn.now() - begun
        if chunk is None:
            self.rests_until = self._turn.now() + _REST * self._spent
        if chunk is None or chunk.records:
            self._spent = 0.0
        return chunk

    def _next_chunk(self, detect: Detect, now: int, *, final: bool) -> Chunk | None:
        self.changed = self.rest = False
        if self.ended:
            return None
        source = self.open()
        self.waiting = 0
        if self.records.untouched and not self.snapshot.part:
            source = self.source = opened_again(source, self._turn)
        inside = self.snapshot.part is not None
        self.records.begin()
        while isinstance(got := self.records.next(source, detect, final=final, inside=inside, header=self.header), Taken):
            self.problem = None
            if got.complete:
                return self._chunk(got, now)
        if isinstance(got, AtEnd):
            self._at_end(source.damage, got)
        else:
            self.problem = got
        return None

    def _at_end(self, damage: str, end: AtEnd) -> None:
        self.rest, self.waiting = end
        self.problem = not_whole(damage) if damage else None

    def _chunk(self, taken: Taken, now: int) -> Chunk:
        """Made of what was read. The position is moved behind it."""
        assert self.records.context is not None
        snapshot, closers = self.snapshot, taken.cut.closers
        archive = snapshot.part.container if snapshot.part else ""
        going_on = msgspec.structs.replace(
            self.records.context, closers=closers, target=self.target, ended=taken.ended, grew=self.records.grew, archive=archive
        )
        offset = self.offset + closers
        self.position = msgspec.structs.replace(
            self.cursor.position(self.spec.name, snapshot, offset=offset, tail=self.cursor.tail, seen=now),
            size=max(snapshot.size, offset) if isinstance(self.source, Plain) else snapshot.size,
            context=msgspec.json.encode(going_on).decode(),
            format=self.records.format,
        )
        return _chunk_of(self.spec, snapshot, taken, self.position)


def _chunk_of(spec: InputSpec, snapshot: Snapshot, taken: Taken, position: Position) -> Chunk:
    rejects = [
        Reject(input=spec.name, input_file=snapshot.path, input_offset=place, reason=reason, raw=shown)
        for place, reason, shown in taken.rejects
    ]
    return Chunk(
        input=spec.name,
        path=snapshot.path,
        format=position.format,
        instance=spec.instance,
        records=taken.cut.records,
        offsets=taken.cut.places,
        rejects=rejects,
        position=position,
    )
