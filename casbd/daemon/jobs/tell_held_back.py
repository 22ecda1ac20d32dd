"""What was stored without being sent is said when the time is over."""

from __future__ import annotations

from casbd.daemon.running import Running

EVERY = 10


def run(running: Running) -> None:
    """Raise what is to be said."""
    if running.parts.pipeline.tell_held_back():
        running.parts.dispatcher.wake()
