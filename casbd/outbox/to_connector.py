"""Governance commands from the outbox to one connector."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable

from msgspec.structs import replace

from casbd.clock import Clock
from casbd.errors import DeliveryError, Rejected
from casbd.governance.rails import Rails
from casbd.model.governance import GovernanceCommand
from casbd.outbox.delivering import BATCH
from casbd.plugins import Connector
from casbd.store import governance, outbox
from casbd.store.database import Store
from casbd.store.outbox import Part, Row

GIVE_UP_ON_COMMANDS = 3_600_000
"""A governance command that was not carried out within an hour, casbd's own downtime included, fails: a suspension a day late
is more likely a mistake than a help."""


class ToConnector:
    """Governance commands to one connector, one at a time. rails: those of the present configuration. Nothing is held between commands."""

    look_again = 60.0

    def __init__(self, name: str, connector: Connector, clock: Clock, rails: Callable[[], Rails] = Rails) -> None:
        self._name = name
        self._connector = connector
        self._clock = clock
        self._rails = rails
        self._failure = ""
        self._tried = ""
        self._done: tuple[Row, GovernanceCommand] | None = None

    def deliver(self, store: Store, most: int = BATCH) -> bool:  # noqa: ARG002
        """The first command."""
        rows = outbox.head(store.connection, self._name, 1)
        if not rows:
            return False
        self._done = (rows[0], self._outcome(rows[0].command()))
        return True

    def _outcome(self, command: GovernanceCommand) -> GovernanceCommand:
        """The command when it is over; Retry where it has to wait."""
        try:
            if why_not := self._rails().why_no_longer(command, self._clock()):
                return self._held_back(command, why_not)
            if self._clock() - command.created >= GIVE_UP_ON_COMMANDS:
                raise Rejected(_given_up(self._failure))
            self._tried = command.command_id
            self._connector.execute(command)
            return replace(command, status="succeeded", finished=self._clock())
        except Rejected as error:
            return replace(command, status="failed", finished=self._clock(), error=str(error))
        except Exception as error:  # Retry, or a bug in the connector: neither may hold up the commands behind it for ever
            self._failure = str(error) if isinstance(error, DeliveryError) else f"internal error: {type(error).__name__}"
            raise

    def _held_back(self, command: GovernanceCommand, why_not: str) -> GovernanceCommand:
        """Not done: what was never tried is blocked; of what was, nobody knows, so that it still counts as done."""
        if self._tried == command.command_id:
            error = f"given up: {why_not}" + (f"; before that: {self._failure}" if self._failure else "")
            return replace(command, status="failed", finished=self._clock(), error=error)
        return replace(command, status="blocked", finished=self._clock(), reason=why_not)

    def conclude(self) -> None:
        """A command is over when it is done."""

    def standing(self) -> float:
        """It has carried one out."""
        return math.inf

    @property
    def unwritten(self) -> bool:
        """Whether there is something to write down."""
        return self._done is not None

    def write(self, connection: sqlite3.Connection) -> None:
        """What became of the command."""
        if self._done is None:
            return
        row, done = self._done
        governance.save(connection, done)
        if done.status == "succeeded":
            outbox.handed_over(connection, self._name, 0, self._clock())
            outbox.settle(connection, self._name, [Part(row.seq, 1, 0, whole=True)])
        else:
            outbox.refuse(connection, self._name, row, row.body, done.error or done.reason, self._clock())

    def written(self) -> None:
        """It is committed."""
        self._done = None

    def close(self) -> None:
        """Nothing is held between commands."""


def _given_up(reason: str) -> str:
    return f"given up after an hour: {reason}" if reason else "given up: casbd came to it more than an hour after it was asked for"
