"""What is to be sent to an output once more is queued a part at a time, as the output takes it."""

from __future__ import annotations

from casbd.daemon.running import Running

EVERY = 1


def run(running: Running) -> None:
    """Some of it; the rest next time."""
    running.parts.replay()
