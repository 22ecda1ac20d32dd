"""How many followed files are open at once: bounded, those read last stay open."""

from __future__ import annotations

import resource

from casbd.inputs.followed_file import FollowedFile

_BESIDE = 48
"""Files that a process has open for all else: its store, observers, outputs."""


def may_be_open(at_most: int) -> int:
    """How many followed files may be open at once: as many, or fewer where the process may not have so many (getrlimit(2))."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return at_most if allowed == resource.RLIM_INFINITY else max(4, min(at_most, (allowed - _BESIDE) // 2))


class OpenFiles:
    """Closes the file that has not been read for longest where there are too many."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._files: dict[int, FollowedFile] = {}

    def used(self, file: FollowedFile) -> None:
        """`file` was read just now."""
        self._files.pop(id(file), None)
        if file.source is None:
            return
        self._files[id(file)] = file
        if len(self._files) > self._at_most:
            # A deleted file could not be opened again.
            oldest = next((file for file in self._files.values() if file.gone is None and not file.queued), None)
            if oldest is not None:
                oldest.close()
                del self._files[id(oldest)]

    def closed(self, file: FollowedFile) -> None:
        """`file` is closed."""
        self._files.pop(id(file), None)

    def close(self) -> None:
        """Close them all."""
        for file in self._files.values():
            file.close()
        self._files.clear()
