"""Threads of one process that want to write: one after the other, in turns."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

MOST_SECONDS = 30.0
"""As long as SQLite waits for other processes."""


class Turns:
    """Who finds SQLite's own lock taken looks again after up to a tenth of a second: beside a thread that commits all the time it would
    hardly ever come in between. Here it is next."""

    def __init__(self) -> None:
        self._next, self._writing = threading.Lock(), threading.Lock()

    @contextmanager
    def mine(self) -> Iterator[None]:
        """A turn, when it comes; an error of SQLite's where it does not, as for who asks for another one within his own."""
        _take(self._next)  # held while waiting: else who has just written would write again before the other has woken up
        try:
            _take(self._writing)
        finally:
            self._next.release()
        try:
            yield
        finally:
            self._writing.release()

    @property
    def wanted(self) -> bool:
        """Whether somebody waits for one."""
        return self._next.locked()


def _take(lock: threading.Lock) -> None:
    if not lock.acquire(timeout=MOST_SECONDS):
        raise sqlite3.OperationalError("database is locked by another thread")
