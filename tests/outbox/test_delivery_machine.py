"""Delivered at least once, as a machine: a receiver with a kernel that takes, and a program that reads, hangs, dies or closes.

Whatever ends a connection, and whenever casbd is killed, what the program has not read is sent again, in order; and a row leaves the
outbox only when it was read.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from builders import Core, chunk, record, settings
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from casbd.errors import Retry
from casbd.outbox.to_output import ToOutput
from casbd.plugins import Uncertain
from casbd.store.state import outbox

SETTINGS = settings({"siem": ["alerts", "activities"]})
RULES = {"failed": {"filters": {"action_type": {"eq": "UserLoginFailed"}}}}
MEMORY = Path("/dev/shm")


class Host:
    """The receiver. sent: what its kernel took over the present connection; read: how many of them its program has read."""

    acknowledged = True

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.read = 0
        self.ever_read: list[str] = []
        self.seen: set[str] = set()
        self.fails_after: int | None = None
        self.ended = ""
        self.too_careful = 0

    def send(self, items) -> None:
        self._look()
        before = len(self.sent)
        for number, item in enumerate(items):
            if number == self.fails_after:  # a time-out: some of it is in the kernel
                unread = self._in_doubt(before)
                self.disconnect()
                raise Retry("timed out", unread=unread)
            self.sent.append(identity(item))

    def unread(self) -> int:
        self._look()
        return self._in_doubt(len(self.sent))

    def conclude(self) -> None:
        self._look()
        self.program_reads(len(self.sent) - self.read)
        self.disconnect()

    def close(self) -> None:
        self.disconnect()

    def _look(self) -> None:
        if self.ended:
            unread = len(self.sent) - self.read if self.ended == "good-bye" else self._in_doubt(len(self.sent))
            self.disconnect()
            if unread:
                raise Retry(self.ended, unread=unread)

    def _in_doubt(self, of: int) -> int:
        """At least what was not read: what was may be thought unread too."""
        return of - min(max(self.read - self.too_careful, 0), of)

    def program_reads(self, number: int) -> None:
        for one in self.sent[self.read : self.read + number]:
            if one not in self.seen:
                self.ever_read.append(one)
                self.seen.add(one)
        self.read = min(self.read + number, len(self.sent))

    def disconnect(self) -> None:
        self.sent, self.read, self.ended = [], 0, ""


def identity(item) -> str:
    return str(getattr(item, "alert_id", None) or item.activity_id)


class Full:
    """A connection to the store that has no room for the next transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def execute(self, *arguments):
        if arguments[0].startswith("COMMIT"):
            raise sqlite3.OperationalError("database or disk is full")
        return self.connection.execute(*arguments)

    def __getattr__(self, name: str):
        return getattr(self.connection, name)


class DeliveryMachine(RuleBasedStateMachine):
    def make_host(self) -> Host:
        return Host()

    @initialize()
    def begin(self) -> None:
        self.directory = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.core = Core(self.directory, rules=RULES, settings=SETTINGS)
        self.host = self.make_host()
        assert isinstance(self.host, Uncertain)
        self.delivering = self._new()
        self.queued: list[str] = []
        self.made = 0

    def teardown(self) -> None:
        if not hasattr(self, "core"):
            return
        self.host.fails_after = None
        for _ in range(1000):
            if self._attempt(lambda: self.delivering.deliver(self.core.store, 3) or self.delivering.conclude()) and not self.core.waiting():
                break
        self.it_is_read_in_order()
        assert {*self.host.ever_read} == {*self.queued}
        assert not self.core.waiting()
        self.core.close()
        shutil.rmtree(self.directory)

    def _new(self) -> ToOutput:
        with self.core.store.transaction() as connection:
            outbox.begin_anew(connection)
        return ToOutput("siem", self.host, lambda: self.core.now)

    def _attempt(self, work: Callable[[], object]) -> bool:
        """As a worker does: write down first, then work, then write down."""
        self._write()
        try:
            work()
        except Retry as error:
            with self.core.store.transaction() as connection:
                self.delivering.write(connection)
                outbox.failed(connection, "siem", str(error), self.core.now, stands=error.stands)
            self.delivering.written()
            return False
        self._write()
        return True

    def _write(self) -> None:
        if self.delivering.unwritten:
            with self.core.store.transaction() as connection:
                self.delivering.write(connection)
            self.delivering.written()

    @rule(failed=st.lists(st.booleans(), min_size=1, max_size=5))
    def new(self, failed: list[bool]) -> None:
        before = {row.seq for row in self.core.waiting()}
        records = [record(at=self.made + n, **({} if one else {"Operation": "UserLoggedIn"})) for n, one in enumerate(failed)]
        self.made += len(records)
        self.core.feed(chunk(records))
        for row in self.core.waiting():
            if row.seq not in before:
                self.queued += [row.alert().alert_id] if row.kind == "alert" else [a.activity_id for a in self.core.block(row.block_id)]

    @rule(most=st.integers(1, 4), fails_after=st.none() | st.integers(0, 3), careful=st.integers(0, 6))
    def deliver(self, most: int, fails_after: int | None, careful: int) -> None:
        self.host.fails_after, self.host.too_careful = fails_after, careful
        self._attempt(lambda: self.delivering.deliver(self.core.store, most))

    @rule(most=st.integers(1, 4))
    def deliver_and_have_no_room_to_write_it_down(self, most: int) -> None:
        self.host.fails_after = None
        self._write()
        connection = self.core.store.connection
        with contextlib.suppress(Retry):
            self.delivering.deliver(self.core.store, most)
        self.core.store.connection = Full(connection)
        with contextlib.suppress(sqlite3.OperationalError):
            self._write()
        self.core.store.connection = connection

    @rule()
    def conclude(self) -> None:
        self._attempt(self.delivering.conclude)

    @precondition(lambda self: self.host.read < len(self.host.sent))
    @rule(number=st.integers(1, 8))
    def the_program_reads(self, number: int) -> None:
        self.host.program_reads(number)

    @rule(how=st.sampled_from(["reset", "good-bye"]))
    def the_connection_ends(self, how: str) -> None:
        self.host.ended = how

    @rule(reads=st.booleans())
    def kill_casbd(self, reads: bool) -> None:
        """The kernel of the receiver still has what was sent: its program reads it, or dies."""
        if reads and not self.host.ended:
            self.host.program_reads(len(self.host.sent))
        self.host.disconnect()
        now = self.core.now
        self.core.reopen()
        self.core.now = now
        self.delivering = self._new()

    @invariant()
    def what_was_not_read_is_still_in_the_outbox(self) -> None:
        if not hasattr(self, "core"):
            return
        waiting = set()
        for row in self.core.waiting():
            if row.kind == "alert":
                waiting.add(row.alert().alert_id)
            else:
                waiting |= {activity.activity_id for activity in self.core.block(row.block_id)[row.sent :]}
        assert set(self.queued) - self.host.seen <= waiting

    @invariant()
    def it_is_read_in_order(self) -> None:
        if hasattr(self, "core"):
            assert self.host.ever_read == self.queued[: len(self.host.ever_read)]

    @invariant()
    def status_counts_every_message_once(self) -> None:
        if hasattr(self, "core") and (found := outbox.deliveries(self.core.store.connection).get("siem")):
            assert found.pending + found.in_doubt + found.delivered >= len(self.queued)


DeliveryMachine.TestCase.settings = hypothesis_settings(max_examples=60, stateful_step_count=25)
TestDelivery = DeliveryMachine.TestCase
