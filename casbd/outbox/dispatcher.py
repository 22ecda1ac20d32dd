"""Delivery: one worker a destination, so that a dead one delays only itself.

A worker takes rows from the outbox in order, hands them to the output or connector, and takes them out when it has
them. All the retrying is here: outputs and connectors only raise.
"""

from __future__ import annotations

import itertools
import logging
import random
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from casbd.clock import Clock, monotonic
from casbd.errors import DeliveryError, Rejected, Retry, StoreError
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.plugins import Connector, Output
from casbd.pseudonyms import NONE, Pseudonyms
from casbd.store import activities, governance, outbox
from casbd.store.database import Store
from casbd.store.outbox import Row

log = logging.getLogger(__name__)

BATCH = 500
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 60.0
GIVE_UP_ON_COMMANDS = 3_600_000
"""A governance command that was not carried out within an hour, casbd's own downtime included, fails: a suspension a day late
is more likely a mistake than a help."""
TRIES = 5
"""How often a single message is tried that an output does not refuse, but breaks over."""

Record = Callable[[sqlite3.Connection], None]
"""Writes down, in a transaction, what became of a delivery."""


class Delivering(Protocol):
    """What a worker does with the rows at the head of its queue."""

    def deliver(self, store: Store, rows: Sequence[Row], most: int = BATCH) -> Record:
        """Deliver some of the rows, from the first, at most so many messages; at least one, or raise Retry.

        Writes nothing itself: where the record cannot be written (a full disk), it must not be sent again for that.
        """

    def close(self) -> None:
        """Let go of the destination."""


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


class Worker(threading.Thread):
    """Empties one destination's queue, in order; waits longer after each failure.

    after: the worker that it takes the place of, whose last message goes first.
    """

    def __init__(self, name: str, delivering: Delivering, store: Store, clock: Clock, after: Worker | None = None) -> None:
        super().__init__(name=f"outbox {name}", daemon=True)
        self.destination = name
        self._delivering = delivering
        self._store = store
        self._clock = clock
        self._after = after
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._waking = threading.Lock()
        self._unwritten: Record | None = None
        self.idle = threading.Event()
        self.failing_since: float | None = None

    def wake(self) -> None:
        """There may be something new."""
        with self._waking:
            self.idle.clear()
            self._wake.set()

    def stop(self) -> None:
        """Finish what is being sent, then end."""
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        """Until stopped."""
        if self._after is not None:
            self._after.join()
            self._after = None
        try:
            with self._connected() as store:
                self._empty(store)
        finally:
            self._delivering.close()

    def _connected(self) -> Store:
        while True:
            try:
                return self._store.another()
            except StoreError as error:  # no file can be opened, say: without its thread a destination would be dead for good
                log.error("a destination cannot be served yet", extra={"destination": self.destination, "error": str(error)})
                self._stopping.wait(LONGEST_PAUSE)
                if self._stopping.is_set():
                    raise

    def _empty(self, store: Store) -> None:
        pause, batch = 0.0, BATCH
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                worked = self._step(store, batch)
            except Exception as error:  # a bug in a plugin, or a busy database: this destination waits, the others go on
                passing = error if isinstance(error, Retry) else Retry(f"{type(error).__name__}: {error}")
                if passing is not error:
                    log.exception("delivery failed", extra={"destination": self.destination})
                pause, batch = self._pause_after(passing, pause), max(batch // 2, 1)  # less may get through where much does not
                self._note_failure(store, str(passing))
                self._stopping.wait(pause)
                continue
            pause, batch, self.failing_since = 0.0, min(batch * 2, BATCH), None
            if not worked:
                with self._waking:  # else it could be called idle although it was woken in between
                    if not self._wake.is_set():
                        self.idle.set()
                self._wake.wait(60)

    def _step(self, store: Store, batch: int) -> bool:
        """Deliver once; whether there was anything. What was sent and could not be written down is written down first."""
        if self._unwritten is None:
            rows = outbox.head(store.connection, self.destination, batch)
            if not rows:
                return False
            self._unwritten = self._delivering.deliver(store, rows, batch)
        with store.transaction() as connection:
            self._unwritten(connection)
        self._unwritten = None
        return True

    def _pause_after(self, error: Retry, last: float) -> float:
        """Twice as long each time, with some chance in it so that many senders do not come back at once."""
        if error.after is not None:
            return min(error.after, 10 * LONGEST_PAUSE)
        longer = min(max(last * 2, FIRST_PAUSE), LONGEST_PAUSE)
        return longer * random.uniform(0.8, 1.0)  # noqa: S311  not for secrets

    def _note_failure(self, store: Store, reason: str) -> None:
        if self.failing_since is None:
            self.failing_since = monotonic()
            log.warning("a destination does not take messages; they wait", extra={"destination": self.destination, "reason": reason})
        try:
            with store.transaction() as connection:
                outbox.failed(connection, self.destination, reason, self._clock())
        except sqlite3.Error as error:  # a full disk: that it cannot be noted must not end this thread
            log.error("a failed delivery could not be noted", extra={"destination": self.destination, "error": str(error)})


class Dispatcher:
    """All workers."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._workers: dict[str, Worker] = {}
        self._leaving: dict[str, Worker] = {}

    def use(self, destinations: Mapping[str, Delivering], changed: Sequence[str] = ()) -> None:
        """Start a worker for each; those that are gone or `changed` are stopped, the others go on as they are.

        Waits for none: one that hangs in a send ends when it can, and the one in its place begins after it.
        """
        self._leaving = {name: worker for name, worker in self._leaving.items() if worker.is_alive()}
        for name in [*self._workers]:
            if name not in destinations or name in changed:
                self._leaving[name] = self._workers.pop(name)
                self._leaving[name].stop()
        for name, delivering in destinations.items():
            if name not in self._workers:
                worker = Worker(name, delivering, self._store, self._clock, self._leaving.get(name))
                self._workers[name] = worker
                worker.start()

    def wake(self) -> None:
        """Something was put into the outbox."""
        for worker in self._workers.values():
            worker.wake()

    def drain(self, seconds: float, patience: float) -> bool:
        """Wait until everything is delivered, at most so long; whether it is.

        patience: seconds after which a destination that only fails is no longer waited for.
        """
        deadline = monotonic() + seconds
        self.wake()
        done = True
        for worker in self._workers.values():
            while not worker.idle.wait(0.02):
                failing = worker.failing_since
                impatient = failing is not None and monotonic() - failing > patience
                if monotonic() > deadline or impatient or not worker.is_alive():
                    done = False
                    break
        return done

    def stop(self, seconds: float) -> None:
        """End all workers; what they had not delivered stays in the outbox."""
        workers = [*self._leaving.values(), *self._workers.values()]
        for worker in workers:
            worker.stop()
        deadline = monotonic() + seconds
        for worker in workers:
            worker.join(max(0.0, deadline - monotonic()))
        self._leaving.clear()
        self._workers.clear()
