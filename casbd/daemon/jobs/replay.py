"""What is to be sent to an output once more is queued a part at a time, as the output takes it."""

from __future__ import annotations

from casbd.clock import monotonic
from casbd.daemon.running import Running

EVERY = 0.5
TURN = 0.2
"""Seconds: what comes in meanwhile, and the alerts of it, wait no longer for what is old."""


def run(running: Running) -> None:
    """Some of it; the rest next time."""
    until = monotonic() + TURN
    while running.parts.replay() and monotonic() < until:
        pass
