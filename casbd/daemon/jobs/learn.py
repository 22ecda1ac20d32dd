"""What was usual before a policy came is learned from the log, a part at a time."""

from __future__ import annotations

from functools import partial

from casbd.daemon.running import Running

EVERY = 10


def run(running: Running) -> None:
    """Learn for a while; it comes again at once where there is more."""
    if running.learning.turn(running.parts.engine.policies):
        running.due.soon("learn", partial(run, running))
