"""What became of governance commands is told to the outputs, and what a person must know of it by an alert."""

from __future__ import annotations

from casbd.daemon import governance_news
from casbd.daemon.running import Running

EVERY = 2


def run(running: Running) -> None:
    """Tell what is new."""
    governance_news.tell(running.parts)
