"""Commands of connectors that are gone are ended: a person may approve or retry one long after the reload that took its connector away."""

from __future__ import annotations

from casbd.daemon.running import Running

EVERY = 10


def run(running: Running) -> None:
    """End those that are queued, else they waited for ever, and said that they leave within seconds."""
    running.warnings.withdraw_of_gone_connectors()
