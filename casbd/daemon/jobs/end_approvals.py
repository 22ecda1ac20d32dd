"""What nobody has approved in time is rejected, which is told."""

from __future__ import annotations

from casbd.daemon.running import Running
from casbd.governance import alerts, approving

EVERY = 10


def run(running: Running) -> None:
    """Reject what is overdue. It is told before: a crash in between must not keep it quiet."""
    parts = running.parts
    care, moment = parts.settings.governance, parts.engine.rails.moment(parts.clock())
    overdue = approving.overdue(parts.store.connection, care, moment)
    if overdue:
        parts.raise_system(alerts.unapproved(overdue, care, moment.at))
        with parts.store.transaction() as connection:
            approving.expire(connection, care, moment)
