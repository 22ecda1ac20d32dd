"""Alerts, activities and outcomes of governance from the outbox to one output."""

from __future__ import annotations

import itertools
import logging
import math
import sqlite3
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from casbd.clock import Clock, monotonic
from casbd.config.settings import PluginSettings
from casbd.errors import Rejected, Retry
from casbd.filters.tree import Node
from casbd.model.alert import Alert
from casbd.outbox.delivering import BATCH, LOOK_SECONDS
from casbd.outbox.in_doubt import InDoubt
from casbd.outbox.what_is_sent import WhatIsSent
from casbd.plugins import Item, Output, Uncertain
from casbd.pseudonyms import NONE, Pseudonyms
from casbd.store.database import Store
from casbd.store.log import blocks
from casbd.store.state import outbox, raised_alerts
from casbd.store.state.outbox import Part, Row
from casbd.wire.left_out import without

log = logging.getLogger(__name__)

PROBE_SECONDS = 4.0
WRITE_SECONDS = 0.2
"""While it sends all the time, what became of it is written down so often: a commit waits for the disk, as long as hundreds of messages
take. A crash has what was sent since then sent again."""
MAX_TRIES = 5
"""How often a single message is tried that an output does not refuse, but breaks over."""


class _Outcome(NamedTuple):
    """sent: how many went. refusal: why the one behind them never will. failure: why the others have to wait."""

    sent: int
    refusal: str = ""
    failure: Retry | None = None


class _Refused(NamedTuple):
    row: Row
    body: bytes
    reason: str


class ToOutput:
    """Alerts and activities to one output. pseudonyms: those of the present configuration, in the place of names. oldest: how old an
    activity may have been when it was stored (ms), if it is to be sent; None: as old as it likes. filters: which are; None: all; alerts
    were asked mostly when they were raised. leave_out: fields of what is sent.

    What an uncertain output has sent stays in the outbox until it is out of doubt. How far the present connection has got is kept here
    alone: a new connection, and a new process, begin with the first row that there is.
    """

    def __init__(
        self,
        name: str,
        output: Output,
        clock: Clock,
        pseudonyms: Callable[[], Pseudonyms] = lambda: NONE,
        oldest: int | None = None,
        filters: Node | None = None,
        leave_out: Collection[str] = (),
    ) -> None:
        self._name = name
        self._output = output
        self._uncertain = output if isinstance(output, Uncertain) else None
        self._clock = clock
        self._pseudonyms = pseudonyms
        self._what = WhatIsSent(oldest, filters, clock)
        self._leave_out = leave_out
        self._broken = 0
        self._reached = 0
        self._offset: tuple[int, int] = (0, 0)
        self._in_doubt = InDoubt()
        self._first_sent: float | None = None
        self._proved = False
        self._settled: list[Part] = []
        self._refused: list[_Refused] = []
        self._heard: list[str] = []
        self._handed_over = False
        self._written_at = -math.inf
        self._is_busy = False

    @property
    def look_again(self) -> float:
        """Nobody wakes it for what a command puts there; and a broken connection is noticed within a second, with nothing to send."""
        return LOOK_SECONDS if self._uncertain is None else 1.0

    @property
    def longest_pause(self) -> float:
        """What is tried is cheap, as less and less goes at once, and who looks at the SIEM when it is back must not wait."""
        return PROBE_SECONDS

    def deliver(self, store: Store, most: int = BATCH) -> bool:
        """The leading alerts and outcomes together, or (part of) one block of activities."""
        self._settle_what_was_read()
        rows = outbox.head(store.connection, self._name, most, self._reached)
        self._is_busy = bool(rows)
        if not rows:
            return False
        failure = self._deliver_block(store, rows[0], most) if rows[0].kind == "activities" else self._deliver_rows(store, _alike(rows))
        if failure is not None:
            raise failure
        self._settle_what_was_read()
        return True

    def _deliver_rows(self, store: Store, rows: Sequence[Row]) -> Retry | None:
        wanted = [(row, item) for row in rows if (item := self._what.item(store, row)) is not None]
        outcome = self._send([item for _, item in wanted]) if wanted else _Outcome(0)
        sent = {row.seq for row, _ in wanted[: outcome.sent]}
        self._heard += [item.alert_id for row, item in wanted[: outcome.sent] if row.undecided and isinstance(item, Alert)]
        last = wanted[outcome.sent][0] if outcome.sent < len(wanted) else None
        gone = rows if last is None else itertools.takewhile(lambda row: row is not last, rows)
        self._went([Part(row.seq, int(row.seq in sent), 0, whole=True) for row in gone])
        if outcome.refusal:
            assert last is not None, "it was one of them"
            self._refused.append(_Refused(last, last.body, outcome.refusal))
            self._reached = last.seq
        return outcome.failure

    def _deliver_block(self, store: Store, row: Row, most: int) -> Retry | None:
        assert row.block_id is not None
        block = blocks.get(store.connection, row.block_id)
        activities = block.whole() if block is not None else []  # retention has removed it
        start = self._offset[1] if self._offset[0] == row.seq else row.sent
        places = self._what.places(activities, start, block.stored, most) if block is not None else []
        outcome = self._send([activities[place] for place in places]) if places else _Outcome(0)
        went = outcome.sent + bool(outcome.refusal)
        if outcome.refusal:
            self._refused.append(_Refused(row, outbox.activity_body(activities[places[outcome.sent]]), outcome.refusal))
        beyond = len(activities) if len(places) < most else places[-1] + 1
        done = places[went] if went < len(places) else beyond
        self._went([Part(row.seq, outcome.sent, done, done >= len(activities), places[: outcome.sent])])
        return outcome.failure

    def _went(self, parts: Sequence[Part]) -> None:
        if not parts:
            return
        last = parts[-1]
        self._handed_over = self._handed_over or any(part.items for part in parts)
        self._reached = last.seq if last.whole else self._reached
        self._offset = (last.seq, last.done)
        if self._uncertain is None:
            self._settled += parts
        else:
            self._in_doubt.add(parts)
            self._first_sent = self._first_sent or monotonic()

    def _settle_what_was_read(self) -> None:
        """Retry, after putting in order what is to be sent again, where the connection has ended with something in doubt."""
        if self._uncertain is not None:
            try:
                self._settle_all_but(self._uncertain.unread())
            except Retry as error:
                self._begin_anew(error.unread)
                raise

    def _settle_all_but(self, unread: int) -> None:
        """All but the latest so many items are out of doubt."""
        read = self._in_doubt.read_but(unread)
        self._settled += read
        self._proved = self._proved or bool(read)

    def _begin_anew(self, unread: int) -> None:
        """The connection is gone, and so many of the latest items may not have been read: they are sent again, in their order."""
        self._settle_all_but(unread)
        self._in_doubt.clear()
        self._reached, self._offset, self._first_sent, self._proved = 0, (0, 0), None, False
        self._is_busy = False  # what is read from the first row on must not be what is out of doubt

    def _send(self, items: Sequence[Item]) -> _Outcome:
        """What became of them; Retry where none arrived."""
        try:
            self._output.send(without(self._pseudonyms().every(items), self._leave_out))
        except Rejected as error:
            outcome = _Outcome(min(error.sent, len(items) - 1), refusal=str(error) or "refused")
        except Retry as error:
            if self._uncertain is not None and not error.stands:
                self._settle_all_but(error.unread)
                if self._in_doubt or not error.sent:
                    self._begin_anew(error.unread)
                    raise
            elif not error.sent:
                raise
            outcome = _Outcome(min(error.sent, len(items)), failure=error)
        except Exception as error:  # a bug that a hostile message brings out must not stop all behind it for ever
            self._broken += len(items) == 1
            if len(items) > 1 or self._broken < MAX_TRIES:
                raise
            log.exception("an output broke over a message, which is set aside: please report it", extra={"destination": self._name})
            outcome = _Outcome(0, refusal=f"internal error: {type(error).__name__}")
        else:
            outcome = _Outcome(len(items))
        self._broken = 0
        return outcome

    def conclude(self) -> bool:
        """Say good-bye; Retry where the receiver does not confirm that it has read everything."""
        if self._uncertain is None:
            return False
        try:
            self._uncertain.conclude()
        except Retry as error:
            self._begin_anew(error.unread)
            raise
        self._settle_all_but(0)
        return False

    def standing(self) -> float:
        """Since the first message that went; infinite where something went that is out of doubt, or nothing is in doubt."""
        return math.inf if self._proved or not self._in_doubt or self._first_sent is None else monotonic() - self._first_sent

    @property
    def unwritten(self) -> bool:
        """Whether there is something to write down by now."""
        if self._heard:  # what becomes of these alerts is told to who is known to have heard of them
            return True
        is_due = not self._is_busy or monotonic() - self._written_at >= WRITE_SECONDS
        return is_due and bool(self._settled or self._refused or self._handed_over)

    def write(self, connection: sqlite3.Connection) -> None:
        """What was sent, what is out of doubt, what was refused."""
        now = self._clock()
        if self._handed_over:
            outbox.handed_over(connection, self._name, self._reached if self._uncertain else 0, now)
        outbox.settle(connection, self._name, self._settled, acknowledged=self._uncertain is None or self._uncertain.acknowledged)
        for refused in self._refused:
            outbox.refuse(connection, self._name, *refused, now)
        for alert_id in self._heard:
            raised_alerts.note_heard(connection, alert_id, self._name)

    def written(self) -> None:
        """It is committed."""
        self._settled, self._refused, self._heard, self._handed_over = [], [], [], False
        self._written_at = monotonic()

    def close(self) -> None:
        """Close the output."""
        self._output.close()


def _alike(rows: Sequence[Row]) -> list[Row]:
    """The first rows that are no blocks, all decided or all not: those that are need not wait until it is known of the others."""
    undecided = rows[0].undecided
    return [*itertools.takewhile(lambda row: row.kind != "activities" and row.undecided == undecided, rows)]


def to_output(sent: PluginSettings, output: Output, clock: Clock, pseudonyms: Callable[[], Pseudonyms] = lambda: NONE) -> ToOutput:
    """What delivers to an output as the configuration says."""
    return ToOutput(sent.name, output, clock, pseudonyms, sent.max_activity_age, sent.filters, sent.leave_out)
