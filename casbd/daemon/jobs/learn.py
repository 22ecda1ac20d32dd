"""What was usual is learned from the log, and what came too late is judged from it, a part at a time."""

from __future__ import annotations

from functools import partial

from casbd.daemon.running import Running

EVERY = 10
BACKLOG = 1 << 20
"""Bytes; while there is more to read, more may come that is late."""


def run(running: Running) -> None:
    """Learn for a while; it comes again at once where there is more."""
    if running.learning.turn(running.parts.engine.policies, judges=_is_quiet(running)):
        running.due.soon("learn", partial(run, running))


def _is_quiet(running: Running) -> bool:
    read, there_is = running.parts.inputs.progress()
    return there_is - read < BACKLOG and not running.back_pressure.full
