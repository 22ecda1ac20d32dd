"""That governance is stopped or its breaker open, and what waits: said wherever somebody looks."""

from __future__ import annotations

from typing import NamedTuple

from casbd.records.timestamps import iso
from casbd.store.database import Store
from casbd.store.state import governance_breaker, governance_log, governance_stop
from casbd.store.state.governance_breaker import Breaker
from casbd.store.state.governance_stop import Stopped


class Standing(NamedTuple):
    """by: who has stopped it; None where nobody has. waiting: commands that are queued, whatever they wait for.

    breaker: None where it is closed. pending: commands that wait for approval.
    """

    by: Stopped | None
    waiting: int
    breaker: Breaker | None = None
    pending: int = 0

    @classmethod
    def of(cls, store: Store) -> Standing:
        """How it is now."""
        connection = store.connection
        numbers = governance_log.numbers(connection)
        stopped, breaker = governance_stop.stopped(connection), governance_breaker.opened(connection)
        return cls(stopped, numbers.get("queued", 0), breaker, numbers.get("pending_approval", 0))

    def line(self) -> str:
        """For a person; empty where nobody has stopped it and the breaker is closed."""
        return ". ".join(filter(None, (self._stopped(), self._broken())))

    def _stopped(self) -> str:
        if self.by is None:
            return ""
        why = f" ({self.by.reason})" if self.by.reason else ""
        waiting = f"{self.waiting} command{' waits' if self.waiting == 1 else 's wait'}" if self.waiting else "no command waits"
        text = f"GOVERNANCE IS STOPPED since {iso(self.by.at)} by {self.by.who}{why}, {waiting}"
        return f"{text}: nothing leaves until `casbd governance start`"

    def _broken(self) -> str:
        if self.breaker is None:
            return ""
        text = f"THE BREAKER OF GOVERNANCE IS OPEN since {iso(self.breaker.at)}: {self.breaker.reason}"
        return f"{text}. New commands are blocked until `casbd governance breaker --close`"
