"""Finding again what was read under another name: files renamed, copied or compressed by log rotation.

A rotated file's name is often not matched by the input's glob any more, but its unread rest must be read all the same.
It is looked for in the directory where it was: by its inode, then by its content.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from casbd.inputs import identity
from casbd.inputs.compression import Compressed, Plain, open_source
from casbd.inputs.cursor import context, start
from casbd.inputs.discovery import Listing, Snapshot, look
from casbd.inputs.fence import Fence
from casbd.inputs.followed_file import FollowedFile
from casbd.inputs.generations import family
from casbd.inputs.turn import LaterError, Turn
from casbd.model.chunk import Position

DAY = 24 * 3600 * 1000

FORGOTTEN_AFTER = 7 * DAY
"""Milliseconds that a position is kept for a file that cannot be found, while it is looked for: a file system that is not
mounted for a day must not be read all over again. Where the last record was read long ago, a day is enough."""

LONG_AGO = 30 * DAY

AT_MOST = 50_000
"""Lost positions of one input that are kept."""

_COARSE = 1000

_UNFINISHED = 8
"""Compressed files that are kept open as looking into them takes longer than a turn."""

_STEM = re.compile(r"\.?[^.\d_-]*")

List = Callable[[str], Listing]


class LostFiles:
    """Positions of one input whose file is not where it was, and the search for it."""

    def __init__(self, turn: Turn, fence: Fence) -> None:
        self._turn, self._fence = turn, fence
        self._unfinished: dict[Snapshot, tuple[Plain | Compressed, identity.Compared]] = {}
        self._since: dict[tuple[int, int, str], tuple[Position, int]] = {}
        self._looked_at: set[Snapshot] = set()

    def add(self, position: Position, now: int) -> None:
        """Look for this content from now on. Of two positions in one content the further one counts."""
        key = (position.device, position.inode, position.fingerprint)
        earlier = self._since.get(key)
        if earlier is None or earlier[0].offset < position.offset:
            self._since[key] = (position, now)
            self._looked_at.clear()  # what was looked at in vain may hold this content

    def clear(self) -> None:
        """Look for nothing."""
        self.close()
        self._since.clear()
        self._looked_at.clear()

    def positions(self) -> list[Position]:
        """What is being looked for."""
        return [position for position, _ in self._since.values()]

    def forgotten(self, now: int) -> list[Position]:
        """What has not been found for long, and is not looked for any more."""
        surplus = len(self._since) - AT_MOST
        over = [
            (key, position)
            for number, (key, (position, since)) in enumerate(self._since.items())
            if number < surplus or now - since > (DAY if now - position.seen > LONG_AGO else FORGOTTEN_AFTER)
        ]
        for key, _ in over:
            del self._since[key]
        return [position for _, position in over if position.fingerprint]

    def search(self, listing: List, followed: Mapping[tuple[int, int], FollowedFile]) -> Iterator[tuple[Snapshot, Position | None]]:
        """Files nobody follows that hold a lost content, each with the position to go on from.

        With None: a generation in between that was never seen (rotated twice while nobody looked); to be read from its start.
        """
        wanted = {position.fingerprint for position in self.positions()}
        living = [file.position for file in followed.values() if file.position and file.position.fingerprint in wanted]
        by_directory: dict[str, list[Position]] = {}
        for position in self.positions():
            for directory in _directories(position):
                by_directory.setdefault(directory, []).append(position)
        for directory, lost in by_directory.items():
            for snapshot in self._strangers(listing(directory), followed):
                yield from self._examine(snapshot, lost, living)

    def _strangers(self, listing: Listing, followed: Mapping[tuple[int, int], FollowedFile]) -> Iterator[Snapshot]:
        for inode, path in listing.by_inode.items():
            if (listing.device, inode) in followed:
                continue
            snapshot = look(path)
            if snapshot and snapshot not in self._looked_at:
                self._looked_at.add(snapshot)
                yield snapshot

    def _examine(self, snapshot: Snapshot, lost: Iterable[Position], living: list[Position]) -> Iterator[tuple[Snapshot, Position | None]]:
        name = os.path.basename(snapshot.path)  # noqa: PTH119
        related = [position for position in lost if _related(position, snapshot, name)]
        if not related:
            return
        try:
            source, compared = self._open(snapshot)
        except OSError:
            return
        try:
            position = best(source, snapshot, related + living, compared)
            if position and any(position is other for other in living):
                return  # another followed file has this content, and is further on in it
            if position or (_between(snapshot, name, related) and not _begun(source, related)):
                yield snapshot, position
        except LaterError:
            self._put_off(snapshot, source, compared)
        finally:
            if snapshot not in self._unfinished:
                source.close()

    def _open(self, snapshot: Snapshot) -> tuple[Plain | Compressed, identity.Compared]:
        if snapshot in self._unfinished:
            return self._unfinished.pop(snapshot)
        source = open_source(snapshot.path, self._turn, self._fence.open)
        return source, identity.Compared(source)

    def _put_off(self, snapshot: Snapshot, source: Plain | Compressed, compared: identity.Compared) -> None:
        """The next search goes on with it; only so many are kept open for that."""
        self._looked_at.discard(snapshot)
        if len(self._unfinished) < _UNFINISHED:
            self._unfinished[snapshot] = source, compared

    @property
    def unfinished(self) -> bool:
        """Whether the search should go on soon."""
        return bool(self._unfinished)

    def close(self) -> None:
        """Let go of what was being looked into."""
        for source, _ in self._unfinished.values():
            source.close()
        self._unfinished.clear()


def best(
    source: Plain | Compressed, snapshot: Snapshot, positions: Iterable[Position], compared: identity.Compared | None = None
) -> Position | None:
    """The furthest of `positions` that was reached in the content of this file; None where there is none.

    LaterError where a compressed file must be read far for that. compared: its answers so far.
    """
    fits = sorted((position for position in positions if source.compressed or start(position) <= snapshot.size), key=start)
    if source.compressed:  # on the way, as going back in it means starting again
        reached = [position for position in fits if identity.continues(compared or source, position, start(position))]
        return reached[-1] if reached else None
    return next((position for position in reversed(fits) if identity.continues(source, position, start(position))), None)


def _directories(position: Position) -> set[str]:
    paths = {position.path, context(position).target or position.path}
    return {os.path.dirname(path) for path in paths}  # noqa: PTH120


def _related(position: Position, snapshot: Snapshot, name: str) -> bool:
    if (position.device, position.inode) == (snapshot.device, snapshot.inode):
        return True
    names = {os.path.basename(path) for path in (position.path, context(position).target) if path}  # noqa: PTH119
    return any(name.startswith(stem[0]) for own in names if (stem := _STEM.match(own)))


def _between(snapshot: Snapshot, name: str, related: Iterable[Position]) -> bool:
    """Whether this is a generation written after one of the lost ones was last read (file systems' clocks are coarse)."""
    return any(
        family(name) == family(os.path.basename(position.path)) and snapshot.mtime // 1_000_000 > position.seen - _COARSE  # noqa: PTH119
        for position in related
    )


def _begun(source: Plain | Compressed, related: Iterable[Position]) -> bool:
    """Whether this begins like a lost content, but does not (yet) reach as far: a copy that is still being written."""
    head = source.read(0, identity.SIZES[-1])
    return not head or any(identity.digest(head[: position.fingerprint_size]) == position.fingerprint for position in related)
