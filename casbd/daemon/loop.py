"""Read, scan, commit: the loop that nothing may get lost in.

One thread reads, commits and runs the periodic jobs; destinations have one thread each (`casbd/outbox`), and a reload's files are
read in another (`reload_thread.py`).
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence

from casbd.clock import monotonic
from casbd.daemon.back_pressure import BackPressure
from casbd.daemon.parts import Parts
from casbd.daemon.unread_news import UnreadNews
from casbd.errors import CasbdError
from casbd.pipeline.scan import Batch
from casbd.store.state import input_progress

log = logging.getLogger(__name__)

TURN = 0.5
"""Seconds that one wait for input lasts at most, and so the time to see a signal."""
PROGRESS_SECONDS = 0.25
MIN_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 1.0, 10.0
"""Between two tries to store what could not be stored."""

Progress = Callable[[int, int, int], None]
"""Is told how many bytes were read, how many there are, and how many records came of them."""


class Loop:
    """is_interrupted: whether there is something better to do than to wait. progress: is told a few times a second."""

    def __init__(
        self, parts: Parts, back_pressure: BackPressure, news: UnreadNews, is_interrupted: Callable[[], bool], progress: Progress | None
    ) -> None:
        self._parts = parts
        self._back_pressure = back_pressure
        self._news = news
        self._is_interrupted = is_interrupted
        self._progress = progress
        self._progress_told = 0.0
        self._records = 0
        self._backoff = MIN_BACKOFF_SECONDS
        self._pausing = threading.Event()

    def work(self) -> bool:
        """Read, scan and commit once; whether there was anything. The watchdog is fed only here, when it went well."""
        parts = self._parts
        if self._back_pressure.is_on():
            parts.notifier.alive()
            self.pause(0.0 if parts.once else TURN)
            return False
        batches = parts.scanning.batches(parts.inputs.next_chunk)
        if batches and not self.commit(batches):
            return False
        parts.notifier.alive()
        return bool(batches) or parts.inputs.busy

    def commit(self, batches: Sequence[Batch]) -> bool:
        """Store some batches; False where that failed, and they will be read again."""
        parts = self._parts
        try:
            raised = parts.pipeline.commit(batches)
        except (sqlite3.Error, OSError) as error:
            self._commit_failed(error)
            return False
        self._backoff = MIN_BACKOFF_SECONDS
        self._news.read(batches)
        if self._progress:
            self._tell_progress(batches, self._progress)
        if raised or parts.pipeline.sends_activities:
            self.raised(raised)
        return True

    def raised(self, number: int) -> None:
        """There is something to deliver. number: of alerts that are new."""
        if number:
            log.info("alerts raised", extra={"alerts": number})
        self._parts.dispatcher.wake()

    def _tell_progress(self, batches: Sequence[Batch], tell: Progress) -> None:
        self._records += sum(batch.received for batch in batches)
        if monotonic() - self._progress_told > PROGRESS_SECONDS:
            self._progress_told = monotonic()
            tell(*self._parts.inputs.progress(), self._records)

    def _commit_failed(self, error: Exception) -> None:
        """A full disk, say: nothing of the batch is stored, so read it again; it will work once there is room."""
        parts = self._parts
        log.error("a batch could not be stored; it will be read again", extra={"error": str(error)})
        if parts.once:
            raise CasbdError(f"a batch could not be stored: {error}") from None
        parts.scanning.forget()
        parts.pipeline.reload_state()
        parts.inputs.rewind(input_progress.positions(parts.store.connection))
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            parts.notifier.alive()  # the watchdog's cure, a new start, makes no room
        self.pause(self._backoff)
        self._backoff = min(self._backoff * 2, MAX_BACKOFF_SECONDS)

    def pause(self, seconds: float) -> None:
        """Do nothing, but see a signal. (`inputs.wait` would end at once: what it tells of has not been read.)"""
        until = monotonic() + seconds
        while not self._is_interrupted() and (left := until - monotonic()) > 0:
            self._pausing.wait(min(left, TURN))
