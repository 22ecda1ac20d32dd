"""Older activities become segments: each file is written by a process of its own, and adopted when it is whole."""

from __future__ import annotations

import logging
from multiprocessing import get_context
from multiprocessing.process import BaseProcess

from casbd.store import segments
from casbd.store.database import Store
from casbd.store.segments import Plan

log = logging.getLogger(__name__)


class Compacting:
    """One segment at a time. Not for several threads at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._process: BaseProcess | None = None
        self._plan: Plan | None = None
        for path in segments.remove_strays(store):
            log.info("removed a file that was not finished", extra={"file": str(path)})

    def go_on(self) -> None:
        """Adopt what was written, and begin the next, if there is enough for one."""
        if self._process is not None and self._process.is_alive():
            return
        if self._process is not None and self._plan is not None:
            self._process.join()
            if self._process.exitcode == 0:
                segments.adopt(self._store, self._plan)
            else:
                log.error("a segment could not be written; it is tried again", extra={"exit code": self._process.exitcode})
        self._process = None
        self._plan = segments.plan(self._store)
        if self._plan is not None:
            self._process = get_context("spawn").Process(target=segments.write_apart, args=(self._store.directory, self._plan), daemon=True)
            self._process.start()

    def stop(self) -> None:
        """Give up what is under way; it is begun again at the next start."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
