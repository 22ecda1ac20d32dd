"""An alert that grew, and then did not double, is told an hour after the outputs last heard of it."""

from __future__ import annotations

from casbd.daemon.running import Running

EVERY = 10


def run(running: Running) -> None:
    """Tell some of them; the others next time."""
    running.parts.tell_growth()
