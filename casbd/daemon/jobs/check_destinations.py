"""A destination that takes nothing is told to the others, so is that it takes messages again; and a person whose messages come back."""

from __future__ import annotations

from casbd.daemon.destinations import down_alerts, refused_alerts
from casbd.daemon.running import Running

EVERY = 10


def run(running: Running) -> None:
    """Raise an alert for each that is down too long, and for each that refuses; close those of outages that are over."""
    parts = running.parts
    queues, now = parts.queues(), parts.clock()
    waiting = parts.dispatcher.needing_somebody()
    down = down_alerts(parts.store, queues, parts.settings.outbox.alert_when_down, now, waiting)
    for name, alert in [*down.items(), *refused_alerts(parts.store, queues, now).items()]:
        parts.raise_system(alert, besides=name)
    for alert_id, comment in running.outages.over(parts.store, queues, now).items():
        parts.close_system(alert_id, comment)
