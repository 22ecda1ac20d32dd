"""Reading the files anew beside the work: the records go on being read, however long the rules take.

One thread at a time builds what a reload needs; the service's own thread asks, and takes what was built.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from casbd.clock import monotonic

log = logging.getLogger(__name__)
T = TypeVar("T")

SHARE = 5
"""A reload may take one part in so many of the time: who touches a file all the time must not keep casbd from its records."""
LEAST_REST = 1.0
LONGEST_REST = 60.0
LONG = 60.0
"""Seconds after which it is logged that a reload takes long."""


class ReloadThread(Generic[T]):
    """prepare: builds what is to be taken up; it runs in a thread of its own. done: is called from there when something is built."""

    def __init__(self, prepare: Callable[[], T], done: Callable[[], None], now: Callable[[], float] = monotonic) -> None:
        self._prepare = prepare
        self._done = done
        self._now = now
        self._asked = False
        self._under_way: Future[T] | None = None
        self._begun = 0.0
        self._not_before = 0.0
        self._told = False

    def ask(self) -> None:
        """Have the files read once more; also where they are being read now, as they may have changed since. From any thread."""
        self._asked = True

    @property
    def is_under_way(self) -> bool:
        """Whether something was asked for and not taken yet."""
        return self._asked or self._under_way is not None

    @property
    def is_due(self) -> bool:
        """Whether one can begin, or be taken, now."""
        if self._under_way is not None:
            return self._under_way.done()
        return self._asked and self._now() >= self._not_before

    def begin(self) -> bool:
        """Begin if it was asked for and may be; whether it began."""
        if self._under_way is not None:
            self._tell_if_long()
            return False
        if not self.is_due:
            return False
        self._asked, self._told, self._begun = False, False, self._now()
        self._under_way = future = Future[T]()
        threading.Thread(target=self._run, args=(future,), name="reload", daemon=True).start()
        return True

    def take(self) -> T | None:
        """What was built, once; None where there is nothing yet. Raises what was raised while it was built."""
        if self._under_way is None or not self._under_way.done():
            return None
        future, self._under_way = self._under_way, None
        return future.result()

    def finished(self) -> None:
        """What was taken is in use, or refused: from here on the rest counts."""
        self._not_before = self._now() + min(max((SHARE - 1) * (self._now() - self._begun), LEAST_REST), LONGEST_REST)

    def _run(self, future: Future[T]) -> None:
        try:
            future.set_result(self._prepare())
        except BaseException as error:  # noqa: BLE001  whatever it is, who takes it decides
            future.set_exception(error)
        self._done()

    def _tell_if_long(self) -> None:
        if not self._told and self._now() - self._begun > LONG:
            self._told = True
            log.warning("a reload takes long; casbd goes on with what it has", extra={"seconds": round(self._now() - self._begun)})
