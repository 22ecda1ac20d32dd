"""Whether any of some files has changed since it was last looked at."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

Signature = tuple[int, int, int, int]


class WatchedFiles:
    """Remembers device, inode, size and time of change of each file."""

    def __init__(self, files: Iterable[Path]) -> None:
        self.use(files)

    def use(self, files: Iterable[Path]) -> None:
        """Watch these from now on."""
        self._seen = {path: _signature(path) for path in files}

    def changed(self) -> bool:
        """Whether one was changed, replaced, added to its directory, or removed. A stat a file, no more."""
        return any(_signature(path) != before for path, before in self._seen.items())


def _signature(path: Path) -> Signature | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
