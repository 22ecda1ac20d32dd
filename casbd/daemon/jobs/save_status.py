"""What only the running process knows is stored for `casbd status`."""

from __future__ import annotations

from casbd.daemon.running import Running

EVERY = 5


def run(running: Running) -> None:
    """Store it where it has changed."""
    running.status.save()
