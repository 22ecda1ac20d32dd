"""Reading pauses while a destination has too much waiting: the outbox is bounded on disk, and nothing is dropped."""

from __future__ import annotations

import logging

from casbd.clock import monotonic
from casbd.daemon.parts import Parts
from casbd.store.state import outbox

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0


class BackPressure:
    """full: the destinations with too much waiting, as text; empty while reading may go on."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._looked = 0.0
        self.full = ""

    def is_on(self) -> bool:
        """Whether reading pauses; looked at every two seconds."""
        if monotonic() - self._looked > LOOK_SECONDS:
            self.look()
        return bool(self.full)

    def look(self) -> bool:
        """The same, looked at now."""
        self._looked = monotonic()
        most, queues = self._parts.settings.outbox.max_size, self._parts.queues()
        waiting = outbox.pending(self._parts.store.connection)
        full = sorted(name for name, (_, size) in waiting.items() if size > most and name in queues)
        if bool(full) != bool(self.full):
            log.warning("reading pauses: an outbox is full" if full else "reading goes on", extra={"destinations": full})
        self.full = ", ".join(full)
        return bool(full)
