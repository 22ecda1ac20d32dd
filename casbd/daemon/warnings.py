"""What a person should know of the files that were taken up, at the start and on a reload."""

from __future__ import annotations

import logging
from collections.abc import Collection

from casbd.daemon import left_out
from casbd.daemon.parts import Parts
from casbd.daemon.second_thoughts import SecondThoughts
from casbd.governance import withdrawing
from casbd.store.state import outbox

log = logging.getLogger(__name__)


class Warnings:
    """texts: what was said of the present files."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.texts: list[str] = []
        self.second_thoughts = SecondThoughts()

    def log(self) -> None:
        """Say what is to be said of files that were just taken up."""
        engine = self._parts.engine
        self.texts = [*map(str, engine.warnings(self._parts.clock()))]
        for mistake in left_out.warnings(engine.unusable):
            log.error(mistake)
        for warning in self.texts:
            log.warning(warning)
        unclaimed = sorted(outbox.pending(self._parts.store.connection).keys() - self._parts.queues())
        if unclaimed:
            log.warning("messages wait for destinations that are not configured", extra={"destinations": unclaimed})

    def log_new(self) -> None:
        """Say what is to be said by now: an exception expires while casbd runs, and there is time for second thoughts about the files."""
        engine = self._parts.engine
        new = [
            warning
            for warning in map(str, [*self.second_thoughts.of(engine), *engine.warnings(self._parts.clock())])
            if warning not in self.texts
        ]
        for warning in new:
            log.warning(warning)
        self.texts += new

    def alert_of_lost(self, worked: Collection[str]) -> None:
        """Raise an alert for each policy that worked and whose Sigma file cannot be used now."""
        engine = self._parts.engine
        for alert in left_out.lost(worked, engine.meanings(), engine.unusable, self._parts.clock()):
            log.error(alert.title)
            self._parts.raise_system(alert)

    def withdraw_of_gone_connectors(self) -> None:
        """Nobody can carry out their commands."""
        with self._parts.store.transaction() as connection:
            gone = withdrawing.of_gone_connectors(connection, self._parts.engine.connectors, self._parts.clock())
        if gone:
            log.warning("commands are blocked, as their connectors are gone", extra={"commands": len(gone)})
