"""Contents that were being read and are not where they were: what of them was never read, as far as that can be known."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from casbd.inputs import identity
from casbd.inputs.compression import open_source
from casbd.inputs.cursor import context, start
from casbd.inputs.discovery import Key, Snapshot, look
from casbd.inputs.followed_file import FollowedFile
from casbd.inputs.lost_files import DAY
from casbd.inputs.turn import LaterError
from casbd.model.chunk import Position
from casbd.model.unread import Unread

_LOOKED_AT = 20_000
"""Names that are looked at in search of a file that was moved to another directory."""

_GONE = 1000
"""Files that were deleted before they were read which are remembered."""

_BACK = "move it back, or follow its new directory with another input of the same format"


class VanishedContents:
    """Of one input: files that went while nobody looked, and files that were deleted before they were read."""

    def __init__(self) -> None:
        self._went: dict[tuple[int, int, str], Position] = {}
        self._deleted: deque[tuple[Position, int, int]] = deque(maxlen=_GONE)
        self._moved: dict[Key, Snapshot] | None = None

    def clear(self) -> None:
        """Begin anew, as positions are looked up again."""
        self._went.clear()
        self._deleted.clear()
        self._moved = None

    def went(self, position: Position) -> None:
        """Its file was not where it was when casbd looked again after a while."""
        if position.told:
            return
        self._went[position.device, position.inode, position.fingerprint] = position
        self._moved = None

    def deleted(self, position: Position, size: int, now: int) -> None:
        """Its file is gone, and so many bytes were not read. That is reported for a day."""
        self._deleted.append((position, size, now))

    def unread(
        self, files: Mapping[Key, FollowedFile], paths: Mapping[str, FollowedFile], now: int
    ) -> Iterator[tuple[Unread, Position | None]]:
        """What was not read; with the position where there is nothing that somebody could do any more."""
        while self._deleted and now - self._deleted[0][2] > DAY:
            self._deleted.popleft()
        reached: dict[str, int] = {}
        for file in files.values():
            if file.position:
                reached[file.position.fingerprint] = max(file.offset, reached.get(file.position.fingerprint, 0))
        for position, size, _ in self._deleted:
            if not _is_read_on(position, reached, files):
                yield _report(position, "it was gone before it was read to its end", size=size), position
        away = [position for position in self._went.values() if not _is_read_on(position, reached, files)]
        if away:
            yield from self._away(away, files, paths)

    def _away(
        self, away: Sequence[Position], files: Mapping[Key, FollowedFile], paths: Mapping[str, FollowedFile]
    ) -> Iterator[tuple[Unread, Position | None]]:
        if self._moved is None:
            moved_files = _search(away)
            self._moved = {
                moved.key: moved
                for position in away
                if (moved := moved_files.get((position.device, position.inode))) and moved.key not in files and _holds(moved, position)
            }
        for position in away:
            moved = self._moved.get((position.device, position.inode))
            snapshot = look(moved.path) if moved else None
            if snapshot and moved and snapshot.key == moved.key and snapshot.key not in files:
                if snapshot.size > position.offset and not context(position).ended:
                    why = f"it was moved to {snapshot.path} before it was read to its end"
                    yield _report(position, why, _BACK, snapshot.size - position.offset), None
            elif not os.path.isdir(os.path.dirname(context(position).archive or position.path)):  # noqa: PTH112, PTH120
                continue  # a file system that is not mounted at present
            elif position.size > position.offset and not context(position).ended:
                yield _report(position, "it was gone before it was read to its end", _BACK, position.size - position.offset), position
            elif context(position).grew and position.path in paths:
                why = "another file is there now, and what was written to the one before since it was last read was not read"
                yield _report(position, why, "move the one before back into this directory, under any name like it"), position


def _report(position: Position, why: str, advice: str = "", size: int | None = None) -> Unread:
    return Unread(input=position.input, path=position.path, why=why, advice=advice, size=size)


def _is_read_on(position: Position, reached: Mapping[str, int], files: Mapping[Key, FollowedFile]) -> bool:
    if not position.fingerprint:
        return (position.device, position.inode) in files
    return reached.get(position.fingerprint, -1) >= start(position)


def _holds(snapshot: Snapshot, position: Position) -> bool:
    """Whether this is still the content that was read, not another file with its old inode, as far as can be seen within a turn."""
    try:
        source = open_source(snapshot.path)
    except OSError:
        return False
    try:
        return identity.continues(source, position, start(position))
    except LaterError:  # far in a compressed file: to name the place of another one costs less than to name none
        return True
    finally:
        source.close()


def _search(positions: Iterable[Position]) -> dict[Key, Snapshot]:
    """Where files with these inodes are now: in and below the directories where they were, then around them."""
    wanted = {position.inode for position in positions}
    directories = dict.fromkeys(os.path.dirname(position.path) for position in positions)  # noqa: PTH120
    queue = deque([*directories, *dict.fromkeys(map(os.path.dirname, directories))])
    seen: set[str] = set()
    moved: dict[Key, Snapshot] = {}
    left = _LOOKED_AT
    while queue and left > 0 and len(moved) < len(wanted):
        directory = queue.popleft()
        if directory in seen:
            continue
        seen.add(directory)
        for entry in _entries(directory)[:left]:
            left -= 1
            if entry.is_dir(follow_symlinks=False):
                queue.append(entry.path)
            elif entry.is_file(follow_symlinks=False) and (one := _wanted(entry, wanted)):
                moved[one.key] = one
    return moved


def _wanted(entry: os.DirEntry[str], wanted: set[int]) -> Snapshot | None:
    """The file, if it is one of these; only then is more asked of it than its directory entry holds."""
    if entry.inode() not in wanted:
        return None
    try:
        return Snapshot.of(entry.path, entry.stat(follow_symlinks=False))
    except OSError:
        return None


def _entries(directory: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except OSError:
        return []
