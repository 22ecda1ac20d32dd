"""That the breaker of governance is open is told."""

from __future__ import annotations

from casbd.daemon.running import Running
from casbd.governance import alerts
from casbd.store.state import governance_breaker

EVERY = 2


def run(running: Running) -> None:
    """Raise an alert, once each time it opens."""
    parts = running.parts
    breaker = governance_breaker.opened(parts.store.connection)
    if breaker is not None:
        parts.raise_system(alerts.breaker_opened(breaker, parts.clock()))
