"""Older activities become segments, one at a time."""

from __future__ import annotations

from casbd.daemon.running import Running

EVERY = 5


def run(running: Running) -> None:
    """Begin one, or take up one that is whole."""
    running.parts.compacting.go_on()
