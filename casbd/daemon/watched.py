"""Whether any of some files has changed since it was last looked at."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

Signature = tuple[int, int, int, int]

TICK = 20
"""Milliseconds by which the kernel's time of a change may lag behind the clock."""

LONGEST_READING = 60_000
"""A change that is further ahead than this is the doing of a clock that was set back."""


class WatchedFiles:
    """Remembers device, inode, size and time of change (ns: two may come in a millisecond) of each file. since: as for `use`."""

    def __init__(self, files: Iterable[Path], since: int) -> None:
        self.use(files, since)

    def use(self, files: Iterable[Path], since: int) -> None:
        """Watch these from now on.

        since: when their reading began (ms). What was changed after that may have been read half written, so it counts as
        changed, and is read once more.
        """
        self._seen = {path: signature(path) for path in files}
        for path, seen in self._seen.items():
            if seen and 0 <= seen[-1] // 1_000_000 - (since - TICK) < LONGEST_READING:
                self._seen[path] = None

    def changed(self) -> bool:
        """Whether one was changed, replaced, added to its directory, or removed. A stat a file, no more."""
        return any(signature(path) != before for path, before in self._seen.items())


def signature(path: Path) -> Signature | None:
    """What changes whenever a file is written, replaced or given other rights; None where it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_ctime_ns)
