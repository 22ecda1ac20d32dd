"""One destination's queue, emptied in order by a thread of its own. All the retrying is here: outputs and connectors only raise."""

from __future__ import annotations

import logging
import math
import random
import sqlite3
import threading

from casbd.clock import Clock, monotonic
from casbd.errors import Retry, StoreError
from casbd.outbox.delivering import BATCH, Delivering
from casbd.store.database import Store
from casbd.store.state import outbox

log = logging.getLogger(__name__)

MIN_BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 60.0
"""After these a destination that fails is tried again at the latest, where it asks for no longer pause."""
LONGEST_ASKED_SECONDS = 600.0

STANDING_SECONDS = 3.0
"""A connection must last so long until it is worth waiting for, where the destination does not say what it has read."""
WELL_SECONDS = 30.0
"""It must last so long until the destination is well again: a load balancer takes messages for some seconds, and closes, when there
is no receiver behind it."""


class Worker(threading.Thread):
    """Empties one destination's queue, in order; waits longer after each failure.

    after: the worker that it takes the place of, whose last message goes first.
    """

    def __init__(self, name: str, delivering: Delivering, store: Store, clock: Clock, after: Worker | None = None) -> None:
        super().__init__(name=f"outbox {name}", daemon=True)
        self.destination = name
        self._delivering = delivering
        self._store = store
        self._clock = clock
        self._after = after
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._waking = threading.Lock()
        self._down_since: int | None = None
        self._unproved_since: int | None = None
        self.concluding = threading.Event()
        """Set: once all is sent, the destination is to say that it has everything."""
        self.idle = threading.Event()
        self.failing_since: float | None = None
        self.needs_somebody = False
        """Whether it fails for what does not pass by itself."""

    def wake(self) -> None:
        """There may be something new."""
        with self._waking:
            self.idle.clear()
            self._wake.set()

    def stop(self) -> None:
        """Finish what is being sent, then end."""
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        """Until stopped."""
        if self._after is not None:
            self._after.join()
            self._after = None
        try:
            with self._connected() as store:
                self._down_since = outbox.down_since(store.connection).get(self.destination)
                self._empty(store)
                self._end(store)
        finally:
            self._delivering.close()

    def _connected(self) -> Store:
        while True:
            try:
                return self._store.another()
            except StoreError as error:  # no file can be opened, say: without its thread a destination would be dead for good
                log.error("a destination cannot be served yet", extra={"destination": self.destination, "error": str(error)})
                self._stopping.wait(MAX_BACKOFF_SECONDS)
                if self._stopping.is_set():
                    raise

    def _empty(self, store: Store) -> None:
        pause, batch = 0.0, BATCH
        while not self._stopping.is_set():
            self._wake.clear()
            begun = monotonic()
            try:
                worked = self._step(store, batch)
            except Exception as error:  # a bug in a plugin, or a busy database: this destination waits, the others go on
                passing = error if isinstance(error, Retry) else Retry(f"{type(error).__name__}: {error}")
                if passing is not error:
                    log.exception("delivery failed", extra={"destination": self.destination})
                pause, batch = self._pause_after(passing, pause), max(batch // 2, 1)  # less may get through where much does not
                self._note_failure(store, passing)
                rest = pause if passing.after is not None else max(pause - (monotonic() - begun), MIN_BACKOFF_SECONDS)
                self._stopping.wait(rest)
                continue
            pause, batch = pause if self._down_since is not None else 0.0, min(batch * 2, BATCH)
            if not worked:
                with self._waking:  # else it could be called idle although it was woken in between
                    if not self._wake.is_set():
                        self.idle.set()
                self._wake.wait(self._delivering.look_again)

    def _step(self, store: Store, batch: int) -> bool:
        """Deliver once; whether there was anything. What was sent and could not be written down is written down first."""
        self._write(store)
        worked = self._delivering.deliver(store, batch)
        if not worked and self.concluding.is_set():
            worked = self._delivering.conclude()
        self._write(store)
        standing = self._delivering.standing()
        if standing >= STANDING_SECONDS:
            self.failing_since, self.needs_somebody = None, False
        if standing >= WELL_SECONDS and self._down_since is not None:
            self._note_recovery(store)
        if standing == math.inf:
            self._unproved_since = None
        return worked

    def _write(self, store: Store) -> None:
        if self._delivering.unwritten:
            with store.transaction() as connection:
                self._delivering.write(connection)
            self._delivering.written()

    def _pause_after(self, error: Retry, last: float) -> float:
        """Twice as long each time, with some chance in it so that many senders do not come back at once."""
        if error.after is not None:
            return min(error.after, LONGEST_ASKED_SECONDS)
        longer = min(max(last * 2, MIN_BACKOFF_SECONDS), MAX_BACKOFF_SECONDS, self._delivering.longest_pause)
        return longer * random.uniform(0.8, 1.0)  # noqa: S311  not for secrets

    def _note_failure(self, store: Store, error: Retry) -> None:
        reason, self.needs_somebody = str(error), error.lasting
        self.failing_since = self.failing_since or monotonic()
        if self._down_since is None:
            self._down_since = self._clock() if self._unproved_since is None else self._unproved_since
            log.warning("a destination does not take messages; they wait", extra={"destination": self.destination, "reason": reason})
        try:
            with store.transaction() as connection:
                self._delivering.write(connection)
                outbox.failed(connection, self.destination, reason, self._clock(), self._down_since, stands=error.stands)
            self._delivering.written()
        except sqlite3.Error as full:  # a full disk: that it cannot be noted must not end this thread
            log.error("a failed delivery could not be noted", extra={"destination": self.destination, "error": str(full)})

    def _note_recovery(self, store: Store) -> None:
        assert self._down_since is not None
        with store.transaction() as connection:
            outbox.recovered(connection, self.destination)
        down_seconds = (self._clock() - self._down_since) // 1000
        log.warning("a destination takes messages again", extra={"destination": self.destination, "down_seconds": down_seconds})
        self._unproved_since, self._down_since = self._down_since, None  # it may turn out to be the same outage still

    def _end(self, store: Store) -> None:
        """Get out of doubt what can be; the rest is sent again by whoever comes next."""
        try:
            self._delivering.conclude()
        except Retry as error:
            log.warning("a destination did not confirm what it got last", extra={"destination": self.destination, "reason": str(error)})
        try:
            with store.transaction() as connection:
                self._delivering.write(connection)
                outbox.begin_anew(connection, self.destination)
        except sqlite3.Error as error:  # a full disk: it is delivered again, as after a kill
            log.error("the last deliveries could not be noted", extra={"destination": self.destination, "error": str(error)})
