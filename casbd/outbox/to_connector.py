"""Governance commands from the outbox to one connector."""

from __future__ import annotations

import logging
import math
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from casbd.clock import Clock, monotonic
from casbd.errors import DeliveryError, Rejected, Retry
from casbd.governance import reverting
from casbd.governance.actions import REPEATABLE
from casbd.governance.configured import bounded
from casbd.governance.judging import judge
from casbd.governance.rails import Rails
from casbd.governance.withdrawing import ended
from casbd.model.governance import CommandStatus, GovernanceCommand
from casbd.outbox.delivering import BATCH, LOOK_SECONDS
from casbd.plugins import Connector, Done, Looking, Stateful
from casbd.store.database import Store
from casbd.store.state import governance_log, governance_moments, outbox
from casbd.store.state.governance_stop import stopped
from casbd.store.state.outbox import Part, Row
from casbd.wire.plain_text import single_line

log = logging.getLogger(__name__)


class ToConnector:
    """Governance commands to one connector, one at a time. rails: those of the present configuration. Nothing is held between commands."""

    def __init__(self, name: str, connector: Connector, clock: Clock, rails: Callable[[], Rails]) -> None:
        self._name = name
        self._connector = connector
        self._clock = clock
        self._rails = rails
        self._failure = ""
        self._stopped = False
        self._was_tried = False
        self._only_looked_at = ""
        self._may_repeat = False
        self._sending: str | None = None
        self._done: tuple[Row, GovernanceCommand | None] | None = None

    @property
    def look_again(self) -> float:
        """Nobody wakes it for what another process did."""
        return LOOK_SECONDS

    @property
    def longest_pause(self) -> float:
        """An app that fails is not to be pressed."""
        return math.inf

    def deliver(self, store: Store, most: int = BATCH) -> bool:  # noqa: ARG002
        """The first command, unless governance is stopped. That it is being carried out is written down before it is."""
        rows = outbox.head(store.connection, self._name, 1)
        if not rows:
            return False
        with store.transaction() as connection:  # a stop or a cancel comes either before this, or sees that it is too late
            if self._is_stopped(connection):
                return False
            command = self._judged(connection, rows[0])
        if command is not None:
            self._done = (rows[0], self._outcome(store, command))
        return True

    def _is_stopped(self, connection: sqlite3.Connection) -> bool:
        by = stopped(connection)
        if by is not None and not self._stopped:
            log.warning("governance is stopped, commands wait", extra={"destination": self._name, "by": by.who})
        self._stopped = by is not None
        return self._stopped

    def _judged(self, connection: sqlite3.Connection, row: Row) -> GovernanceCommand | None:
        """The command that goes now; None where it is over without."""
        command = governance_log.get(connection, row.command().command_id)
        if command is None or command.status != "queued":  # somebody took it back, or is to be forgotten
            self._done = (row, None)
            return None
        now = self._clock()
        verdict = judge(connection, command, self._rails(), now)
        if verdict.late:
            self._done = (row, replace(command, status="failed", finished=now, error=_given_up(self._failure)))
        elif verdict.status != "queued":
            self._done = (row, ended(command, verdict.status, verdict.reason, now, self._failure))
        else:
            return self._begun(connection, command, now)
        return None

    def _begun(self, connection: sqlite3.Connection, command: GovernanceCommand, now: int) -> GovernanceCommand:
        self._was_tried = command.started is not None and command.command_id != self._only_looked_at
        if command.started is None:
            self._failure, self._may_repeat = "", False  # those of another one
        elif command.approved is not None and command.approved >= command.started:
            self._may_repeat = True  # a person has looked, and wants it again
        command = replace(command, started=now)
        governance_log.save(connection, command)
        moment = self._rails().moment(now)
        if not command.reverts:  # ways back take no room from what is to be done
            governance_moments.note(connection, command.command_id, "tried", moment)
        governance_moments.note(connection, command.command_id, "sending", moment)
        self._sending = command.command_id
        return command

    def _outcome(self, store: Store, command: GovernanceCommand) -> GovernanceCommand:
        """The command when it is over; Retry where it has to wait."""
        begun, done, failure = monotonic(), Done(), None
        status: CommandStatus = "succeeded"
        try:
            command = self._looked_at(store, command)
            if command.status != "queued":
                return command
            done = self._carried_out(command)
        except Rejected as error:
            status, failure = "failed", bounded(str(error))
        except Exception as error:  # Retry, or a bug in the connector: neither may hold up the commands behind it for ever
            self._failure = bounded(str(error)) if isinstance(error, DeliveryError) else f"internal error: {type(error).__name__}"
            self._may_repeat = isinstance(error, Retry) and error.after is not None
            raise
        return replace(
            command,
            status=status,
            error=failure,
            finished=self._clock(),
            duration=round((monotonic() - begun) * 1000),
            request=bounded(done.request) or command.request,
            answer=bounded(done.answer),
            restore=_plain(done.restore) if done.restore is not None else command.restore,
        )

    def _looked_at(self, store: Store, command: GovernanceCommand) -> GovernanceCommand:
        """With what its way back needs, written down before anything is done; `blocked` where the app's names for it are protected."""
        if command.reverts or not isinstance(self._connector, Looking):
            return command
        try:
            looked = self._connector.look(command)
        except Retry:  # nothing was asked for yet: what is found done then, somebody else did, and no way back may undo it
            self._only_looked_at = "" if self._was_tried else command.command_id
            raise
        self._only_looked_at = ""
        if protected := next(filter(self._rails().protects, looked.names), None):
            before = command if self._was_tried else replace(command, started=None)
            why = f"{command.target} is {single_line(protected)} there, whom governance protects"
            return ended(before, "blocked", bounded(why), self._clock(), self._failure)
        if command.restore is None and looked.restore is not None:
            command = replace(command, restore=_plain(looked.restore))
            with store.transaction() as connection:
                governance_log.save(connection, command)
        return command

    def _carried_out(self, command: GovernanceCommand) -> Done:
        """What came of it. Of what was tried before the state is asked for: a time-out or a crash says nothing of what was done."""
        if self._was_tried and isinstance(self._connector, Stateful):
            is_done = self._connector.is_done(command)
            if is_done:
                return Done(answer="was done already")
            if is_done is None and command.action not in REPEATABLE and not self._may_repeat:
                raise Rejected("unknown outcome: it was tried before and may have been done, and the app does not tell")
        return self._connector.execute(command) or Done()

    def conclude(self) -> bool:
        """A command is over when it is done."""
        return False

    def standing(self) -> float:
        """It has carried one out, but where governance is stopped: nothing was tried then."""
        return 0.0 if self._stopped else math.inf

    @property
    def unwritten(self) -> bool:
        """Whether there is something to write down."""
        return self._done is not None or self._sending is not None

    def write(self, connection: sqlite3.Connection) -> None:
        """What became of the command, and that it is not being carried out any more."""
        if self._sending is not None:
            governance_moments.sent(connection, self._sending)
        if self._done is None:
            return
        row, done = self._done
        if done is not None:
            governance_log.save(connection, done)
            if done.status == "succeeded":
                reverting.taken_back(connection, done)
        if done is None or done.status == "pending_approval":
            outbox.settle(connection, self._name, [Part(row.seq, 0, 0, whole=True)])
        elif done.status == "succeeded":
            outbox.handed_over(connection, self._name, 0, self._clock())
            outbox.settle(connection, self._name, [Part(row.seq, 1, 0, whole=True)])
        else:
            outbox.refuse(connection, self._name, row, row.body, done.error or done.reason, self._clock())

    def written(self) -> None:
        """It is committed."""
        self._done = self._sending = None

    def close(self) -> None:
        """Nothing is held between commands."""


def _plain(restore: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the way back needs, as JSON has it; None where a connector gives something else: what is done is done all the same."""
    try:
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(dict(restore)))
    except (TypeError, ValueError, OverflowError):
        log.exception("a connector's way back is no JSON: please report it")
        return None
    return plain


def _given_up(reason: str) -> str:
    return f"given up after an hour: {reason}" if reason else "given up: casbd came to it more than an hour after it was asked for"
