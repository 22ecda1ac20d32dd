"""A destination that takes nothing for hours is told to the others."""

from __future__ import annotations

from casbd.daemon.destinations import down_alerts
from casbd.daemon.running import Running

EVERY = 10


def run(running: Running) -> None:
    """Raise an alert for each that is down too long."""
    parts = running.parts
    for name, alert in down_alerts(parts.store, parts.queues(), parts.settings.outbox.alert_when_down, parts.clock()).items():
        parts.raise_system(alert, besides=name)
