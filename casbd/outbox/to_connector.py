"""Governance commands from the outbox to one connector."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from msgspec.structs import replace

from casbd.clock import Clock
from casbd.errors import DeliveryError, Rejected
from casbd.outbox.delivering import BATCH, Record
from casbd.plugins import Connector
from casbd.store import governance, outbox
from casbd.store.database import Store
from casbd.store.outbox import Row

GIVE_UP_ON_COMMANDS = 3_600_000
"""A governance command that was not carried out within an hour, casbd's own downtime included, fails: a suspension a day late
is more likely a mistake than a help."""


class ToConnector:
    """Governance commands to one connector, one at a time."""

    def __init__(self, name: str, connector: Connector, clock: Clock) -> None:
        self._name = name
        self._connector = connector
        self._clock = clock
        self._failure = ""

    def deliver(self, store: Store, rows: Sequence[Row], most: int = BATCH) -> Record:  # noqa: ARG002
        """The first command."""
        command = rows[0].command()
        try:
            if self._clock() - command.created >= GIVE_UP_ON_COMMANDS:
                raise Rejected(_given_up(self._failure))
            self._connector.execute(command)
            done = replace(command, status="succeeded", finished=self._clock())
        except Rejected as error:
            done = replace(command, status="failed", finished=self._clock(), error=str(error))
        except Exception as error:  # Retry, or a bug in the connector: neither may hold up the commands behind it for ever
            self._failure = str(error) if isinstance(error, DeliveryError) else f"internal error: {type(error).__name__}"
            raise

        def record(connection: sqlite3.Connection) -> None:
            governance.save(connection, done)
            if done.error is None:
                outbox.delivered(connection, self._name, [rows[0].seq], 1, self._clock())
            else:
                outbox.refuse(connection, self._name, rows[0], rows[0].body, done.error, self._clock())

        return record

    def close(self) -> None:
        """Nothing is held between commands."""


def _given_up(reason: str) -> str:
    return f"given up after an hour: {reason}" if reason else "given up: casbd came to it more than an hour after it was asked for"
