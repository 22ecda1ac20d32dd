"""Destinations in memory that fail in every way they may."""

from __future__ import annotations

import threading

from builders import Core

from casbd.errors import Rejected, Retry
from casbd.model.governance import GovernanceCommand

PATIENCE = 10
"""Seconds that a test waits for what must come; it comes in milliseconds."""


class Memory:
    """An output that takes everything, after doing as the plan says: a callable, or an exception to raise, per call."""

    def __init__(self, *plan):
        self.plan = list(plan)
        self.taken = []
        self.calls = 0
        self.closed = threading.Event()

    def send(self, items):
        self.calls += 1
        step = self.plan.pop(0) if self.plan else None
        if isinstance(step, Retry | Rejected):
            self.taken += [id_of(item) for item in items[: step.sent]]
        if isinstance(step, Exception):
            raise step
        if step is not None:
            step()
        self.taken += [id_of(item) for item in items]

    def execute(self, command):
        self.send([command])

    def close(self):
        self.closed.set()


def id_of(item):
    for name in ("alert_id", "command_id", "activity_id"):
        if hasattr(item, name) and not isinstance(item, GovernanceCommand):
            return getattr(item, name)
    return item.command_id


class Unsure(Memory):
    """An output that does not know what was read; `doubt` says how many of the latest items may not have been."""

    acknowledged = True

    def __init__(self, *plan, doubt=0):
        super().__init__(*plan)
        self.doubt = doubt
        self.broken = threading.Event()

    def unread(self):
        if self.broken.is_set():
            self.broken.clear()
            raise Retry("reset", unread=self.doubt)
        return self.doubt

    def conclude(self):
        if self.doubt:
            raise Retry("no answer", unread=self.doubt)


def expected(core: Core, destination="siem"):
    return [row.alert().alert_id for row in core.waiting(destination)]
