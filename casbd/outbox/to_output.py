"""Alerts and activities from the outbox to one output."""

from __future__ import annotations

import itertools
import logging
import sqlite3
from collections.abc import Callable, Sequence
from typing import NamedTuple

from casbd.clock import Clock
from casbd.errors import Rejected, Retry
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.outbox.delivering import BATCH, Record
from casbd.plugins import Output
from casbd.pseudonyms import NONE, Pseudonyms
from casbd.store import activities, outbox
from casbd.store.database import Store
from casbd.store.outbox import Row

log = logging.getLogger(__name__)

TRIES = 5
"""How often a single message is tried that an output does not refuse, but breaks over."""


class _Outcome(NamedTuple):
    """sent: how many arrived. refusal: why the one behind them never will. failure: why the others have to wait."""

    sent: int
    refusal: str = ""
    failure: str = ""


class ToOutput:
    """Alerts and activities to one output. pseudonyms: those of the present configuration, in the place of names."""

    def __init__(self, name: str, output: Output, clock: Clock, pseudonyms: Callable[[], Pseudonyms] = lambda: NONE) -> None:
        self._name = name
        self._output = output
        self._clock = clock
        self._pseudonyms = pseudonyms
        self._broken = 0

    def deliver(self, store: Store, rows: Sequence[Row], most: int = BATCH) -> Record:
        """The leading alerts together, or (part of) one block of activities."""
        if rows[0].kind == "activities":
            return self._deliver_block(store, rows[0], most)
        alerts = list(itertools.takewhile(lambda row: row.kind == "alert", rows[:most]))
        outcome = self._send([row.alert() for row in alerts])

        def record(connection: sqlite3.Connection) -> None:
            outbox.delivered(connection, self._name, [row.seq for row in alerts[: outcome.sent]], outcome.sent, self._clock())
            if outcome.refusal:
                refused = alerts[outcome.sent]
                outbox.refuse(connection, self._name, refused, refused.body, outcome.refusal, self._clock())
            if outcome.failure:
                outbox.failed(connection, self._name, outcome.failure, self._clock())

        return record

    def _deliver_block(self, store: Store, row: Row, most: int) -> Record:
        assert row.block_id is not None
        block = activities.read_block(store.connection, row.block_id)
        part = block[row.sent : row.sent + most]
        outcome = self._send(part) if part else _Outcome(0)
        done = row.sent + outcome.sent + bool(outcome.refusal)

        def record(connection: sqlite3.Connection) -> None:
            outbox.progress(connection, row.seq, done)
            outbox.delivered(connection, self._name, [row.seq] if done >= len(block) else [], outcome.sent, self._clock())
            if outcome.refusal:
                body = part[outcome.sent].raw.encode("utf-8", "replace")
                outbox.refuse(connection, self._name, row, body, outcome.refusal, self._clock())
            if outcome.failure:
                outbox.failed(connection, self._name, outcome.failure, self._clock())

        return record

    def _send(self, items: Sequence[Alert] | Sequence[Activity]) -> _Outcome:
        """What became of them; Retry where none arrived."""
        try:
            self._output.send(self._pseudonyms().every(items))
        except Rejected as error:
            outcome = _Outcome(min(error.sent, len(items) - 1), refusal=str(error) or "refused")
        except Retry as error:
            if not error.sent:
                raise
            outcome = _Outcome(min(error.sent, len(items)), failure=str(error))
        except Exception as error:  # a bug that a hostile message brings out must not stop all behind it for ever
            self._broken += len(items) == 1
            if len(items) > 1 or self._broken < TRIES:
                raise
            log.exception("an output broke over a message, which is set aside: please report it", extra={"destination": self._name})
            outcome = _Outcome(0, refusal=f"internal error: {type(error).__name__}")
        else:
            outcome = _Outcome(len(items))
        self._broken = 0
        return outcome

    def close(self) -> None:
        """Close the output."""
        self._output.close()
