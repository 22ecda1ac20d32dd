"""A destination that takes nothing for hours is told to the others, and a person whose messages come back."""

from __future__ import annotations

from casbd.daemon.destinations import down_alerts, refused_alerts
from casbd.daemon.running import Running

EVERY = 10


def run(running: Running) -> None:
    """Raise an alert for each that is down too long, and for each that refuses."""
    parts = running.parts
    queues, now = parts.queues(), parts.clock()
    down = down_alerts(parts.store, queues, parts.settings.outbox.alert_when_down, now)
    for name, alert in [*down.items(), *refused_alerts(parts.store, queues, now).items()]:
        parts.raise_system(alert, besides=name)
