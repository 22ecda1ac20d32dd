"""What changed since it was last asked, between threads that notice it and the one that reads."""

from __future__ import annotations

import threading

_MANY = 1000
"""Changed paths that are remembered one by one; beyond, a scan is cheaper."""


class Changes:
    """What the observers reported since it was last asked. Filled by their threads, emptied by casbd's."""

    def __init__(self) -> None:
        self._something = threading.Event()
        self._lock = threading.Lock()
        self._modified: set[str] = set()
        self._names = False

    def modified(self, path: str) -> None:
        """A file was written to."""
        with self._lock:
            if len(self._modified) < _MANY:
                self._modified.add(path)
            else:
                self._names = True
        self._something.set()

    def names_changed(self) -> None:
        """Names, or anything else, changed."""
        with self._lock:
            self._names = True
        self._something.set()

    def take(self) -> tuple[set[str], bool]:
        """(files that were written to, whether names or anything else changed), and start anew."""
        with self._lock:
            taken, self._modified = (self._modified, self._names), set()
            self._names = False
        self._something.clear()
        return taken

    def wait(self, seconds: float) -> bool:
        """Until something changes or `wake` is called; False where the time was over before."""
        return self._something.wait(seconds)

    def wake(self) -> None:
        """End `wait` in another thread."""
        self._something.set()
