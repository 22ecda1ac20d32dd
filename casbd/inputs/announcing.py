"""Logs which files of an input are taken up and which are finished: one by one, or their number where there are many."""

from __future__ import annotations

import logging
from collections import Counter

log = logging.getLogger(__name__)

_ONE_BY_ONE = 20
_PERIOD = 10_000
"""So many lines in so many milliseconds; beyond, only their number is logged."""


class Announcing:
    """Of one input."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._since = 0
        self._logged = 0
        self._more: Counter[str] = Counter()

    def log_file(self, event: str, path: str, offset: int, now: int) -> None:
        """A file was `taken up` or `read to its end`, at so many bytes of its content. now: in milliseconds."""
        self.log_the_rest(now)
        self._logged += 1
        if self._logged <= _ONE_BY_ONE:
            log.info("file %s", event, extra={"input": self._name, "path": path, "offset": offset})
        else:
            self._more[event] += 1

    def log_the_rest(self, now: int) -> None:
        """When the time is over: how many there were that were not logged one by one."""
        if now - self._since < _PERIOD:
            return
        for event, number in self._more.items():
            log.info("more files %s", event, extra={"input": self._name, "number": number})
        self._more.clear()
        self._since, self._logged = now, 0
