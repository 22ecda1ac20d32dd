"""What is to be said of the files while casbd runs."""

from __future__ import annotations

from casbd.daemon.running import Running

EVERY = 60


def run(running: Running) -> None:
    """Say what has not been said."""
    running.warnings.log_new()
