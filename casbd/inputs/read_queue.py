"""Which file of an input is read next: what was written first, and none for so long that the others wait for ever."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterable

from casbd.inputs import unread
from casbd.inputs.followed_file import FollowedFile, MovedError
from casbd.inputs.turn import LaterError, Turn
from casbd.model.chunk import Chunk

_IN_A_ROW = 16
"""Chunks of one file before another one's turn. A rotated file's rest is read to its end thereby, unless it is very long:
what was written first is read first, and completes the same windows as without an interruption."""

_HELD = 3
"""Scans that a file waits at most for one that is older and not sure: new files that grow for ever must not stop the reading."""

_IN_TURN = 8
"""Files of one input that are read in turns; the others wait, oldest first, so that few need to be open."""


class ReadQueue:
    """The files of one input that have something to read. final: nothing more is expected, so no file is left alone for a while."""

    def __init__(self, turn: Turn) -> None:
        self.final = False
        self._turn = turn
        self._files: deque[FollowedFile] = deque()
        self._latest: FollowedFile | None = None
        self._in_a_row = 0

    def __bool__(self) -> bool:
        return bool(self._files)

    def add(self, file: FollowedFile) -> None:
        """There may be something to read in `file`. It stands behind the others until `sort`."""
        if file.rests_until > self._turn.now() and not self.final:
            file.changed = True  # so that a later scan asks again
        elif not file.queued:
            file.queued = True
            self._files.append(file)

    def admit(self, files: Iterable[FollowedFile]) -> bool:
        """Add the files in which a scan found something to read, but for those that must wait for an older one. True where some must."""
        # A file that is written to while it is looked at may be a copy that is just being made, or a log whose first content is in
        # a copy by now. The next scan shows which; until then nothing that is younger is begun.
        unsure = waits = False
        for file in sorted(files, key=_order):
            unsure |= not look_at_beginning(file)
            if unsure and not file.position and file.held < _HELD:
                file.held += 1
                waits = True
            else:
                file.held = 0
                self.add(file)
        return waits

    def settle(self, files: Iterable[FollowedFile], now: int) -> None:
        """Add the files at whose end a rest has waited for long: it will not be continued. now: milliseconds."""
        for file in files:
            if file.rest and not file.settled and now - file.snapshot.mtime // 1_000_000 > unread.SETTLED:
                file.settled = True
                self.add(file)

    def sort(self) -> None:
        """What was written first comes first."""
        self._files = deque(sorted(self._files, key=_order))

    def take(self) -> FollowedFile:
        """The file that is to be read now; it is not in the queue any more."""
        file = self._files.popleft()
        file.queued = False
        return file

    def put_back(self, file: FollowedFile, chunk: Chunk) -> None:
        """A file that gave something stays the first for a while; one that was read for nothing waits for the others."""
        self._in_a_row = self._in_a_row + 1 if file is self._latest else 0
        self._latest = file
        file.fruitless = not (chunk.records or chunk.rejects)
        stays = (self._in_a_row < _IN_A_ROW or file.snapshot.part) and not file.fruitless
        file.queued = True
        # Not at the end: of thousands of files, each would be opened and closed for every few chunks.
        self._files.insert(0 if stays else _IN_TURN - 1, file)
        self._in_a_row %= _IN_A_ROW

    def remove(self, file: FollowedFile) -> None:
        """`file` is not followed any more."""
        if file.queued:
            self._files.remove(file)


def look_at_beginning(file: FollowedFile) -> bool:
    """Look at the beginning of a file that was found; False where it was written to meanwhile."""
    with contextlib.suppress(OSError, MovedError, LaterError):  # reported when it is its turn to be read
        return file.prime()
    return True


def _order(file: FollowedFile) -> tuple[bool, bool, int, str, int]:
    """What was written first is read first: what is left of rotated files, then by time.

    The kernel's clock ticks every few milliseconds, and copytruncate needs less: a rotated file has the longer name. What is in
    an archive is read in its order, since going back in a compressed one means starting again. What took a turn and gave nothing waits
    for all others.
    """
    part = file.snapshot.part
    return (
        file.fruitless,
        not file.goes_first,
        file.snapshot.mtime,
        part.container if part else "",
        part.place if part else -len(file.snapshot.path),
    )
