"""A changed file of the configuration, or a list or rule, is taken up."""

from __future__ import annotations

from casbd.daemon.running import Running

EVERY = 1


def run(running: Running) -> None:
    """Look whether one has changed: a stat for each, no more."""
    running.reload.ask_if_changed()
