"""Jobs that are due, run by the loop's own thread between two batches."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from queue import SimpleQueue

from casbd.errors import StoreError

log = logging.getLogger(__name__)

Job = Callable[[], None]


class DueJobs:
    """wake: ends the loop's wait for input."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._due: SimpleQueue[tuple[str, Job]] = SimpleQueue()

    def soon(self, name: str, job: Job) -> None:
        """Have a job run; from any thread."""
        self._due.put((name, job))
        self._wake()

    def run(self) -> None:
        """Run those that are due; not those that they ask for in turn: reading goes on before."""
        for _ in range(self._due.qsize()):
            attempt(*self._due.get())


def attempt(name: str, job: Job) -> None:
    """Run a job. A store that cannot be written to (a full disk) must not end the daemon: it comes again."""
    try:
        job()
    except (sqlite3.Error, OSError, StoreError) as error:
        log.error("a job failed; it is tried again at its next time", extra={"job": name, "error": str(error)})
    except Exception:  # a bug in looking after things: it must not end the reading of records, of which nobody else takes care
        log.exception("a job broke: please report it", extra={"job": name})
