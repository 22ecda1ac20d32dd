"""The report of a month is mailed when it is over, where that is configured."""

from __future__ import annotations

from casbd.daemon.running import Running

EVERY = 600


def run(running: Running) -> None:
    """Begin it; the rest is done in a thread."""
    running.report_mail.go_on()
