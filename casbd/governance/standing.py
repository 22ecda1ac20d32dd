"""That governance is stopped, and what waits for it: said wherever somebody looks."""

from __future__ import annotations

from typing import NamedTuple

from casbd.records.timestamps import iso
from casbd.store.database import Store
from casbd.store.state import governance_log, governance_stop
from casbd.store.state.governance_stop import Stopped


class Standing(NamedTuple):
    """by: who has stopped it; None where nobody has. waiting: commands that are queued, whatever they wait for."""

    by: Stopped | None
    waiting: int

    @classmethod
    def of(cls, store: Store) -> Standing:
        """How it is now."""
        return cls(governance_stop.stopped(store.connection), len(governance_log.with_status(store.connection, "queued")))

    def line(self) -> str:
        """For a person; empty where nobody has stopped it."""
        if self.by is None:
            return ""
        why = f" ({self.by.reason})" if self.by.reason else ""
        waiting = f"{self.waiting} command{' waits' if self.waiting == 1 else 's wait'}" if self.waiting else "no command waits"
        text = f"GOVERNANCE IS STOPPED since {iso(self.by.at)} by {self.by.who}{why}, {waiting}"
        return f"{text}: nothing leaves until `casbd governance start`"
