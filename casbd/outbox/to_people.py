"""Alerts from the outbox to one person or service, as few messages."""

from __future__ import annotations

import logging
import math
import sqlite3
from collections.abc import Callable
from typing import NamedTuple

from casbd.clock import Clock
from casbd.config.notifications import Notification
from casbd.errors import Rejected, Retry
from casbd.notifications.messengers import Messenger
from casbd.notifications.timing import HOUR, Waiting, due
from casbd.notifications.wording import compose
from casbd.outbox.delivering import BATCH
from casbd.pseudonyms import NONE, Pseudonyms
from casbd.store.database import Store
from casbd.store.state import outbox, told
from casbd.store.state.told import Told

log = logging.getLogger(__name__)

MAX_TRIES = 5
"""How often a message is tried over which the sending breaks."""
_SHORTEST_LOOK = 0.2
"""Seconds."""


class _Over(NamedTuple):
    message: Told
    refusal: str = ""


class ToPeople:
    """Alerts to one recipient. care: how much it wants to be told. pseudonyms: those of the present configuration, in the place of names.

    A message has everything that waits when it is due. What that is, is written down before it is sent: until it is over, the same goes
    again, under the same `Message-ID`.
    """

    def __init__(
        self, name: str, messenger: Messenger, care: Notification, clock: Clock, pseudonyms: Callable[[], Pseudonyms] = lambda: NONE
    ) -> None:
        self._name = name
        self._messenger = messenger
        self._care = care
        self._clock = clock
        self._pseudonyms = pseudonyms
        self._waiting = Waiting()
        self._seen = 0
        self._due_in = 60.0
        self._concluding = False
        self._broken = 0
        self._over: _Over | None = None

    @property
    def look_again(self) -> float:
        """When what waits is due."""
        return self._due_in

    @property
    def longest_pause(self) -> float:
        """A mail server that fails is not to be pressed."""
        return math.inf

    def deliver(self, store: Store, most: int = BATCH) -> bool:  # noqa: ARG002  a message has all that waits
        """One message, if one is due."""
        self._due_in = 60.0
        message = told.begun(store.connection, self._name) or self._begun(store)
        if message is None:
            return False
        self._over = self._sent(store, message)
        self._waiting, self._seen = Waiting(), 0  # counted anew from what is left
        return True

    def _begun(self, store: Store) -> Told | None:
        """What goes as one message now; None where nothing waits, or not yet."""
        self._look(store.connection)
        if not self._waiting.number:
            return None
        now = self._clock()
        recent = told.since(store.connection, self._name, now - HOUR)
        at = due(self._waiting, recent, self._care, now, gather=not self._concluding)
        if at > now:
            self._due_in = min(max((at - now) / 1000, _SHORTEST_LOOK), 60.0)  # the clock may be set meanwhile
            return None
        message = Told(now, self._waiting.severity, self._seen)
        with store.transaction() as connection:
            told.begin(connection, self._name, message, now - HOUR)
        return message

    def _look(self, connection: sqlite3.Connection) -> None:
        """Count what has come since the last look: a night's queue is not read again every minute."""
        while rows := outbox.head(connection, self._name, BATCH, self._seen):
            for row in rows:
                self._waiting = self._waiting.and_one_of(row.alert().severity)
            self._seen = rows[-1].seq

    def _sent(self, store: Store, message: Told) -> _Over:
        """What became of it; Retry where it has to wait."""
        before = told.since(store.connection, self._name, message.at - HOUR)
        shown = map(self._pseudonyms().alert, told.alerts(store.connection, self._name, message))
        words = compose(shown, more=any(one.at < message.at and not one.last for one in before))
        if words is None:  # retention or a person's wish has taken them out
            return _Over(message)
        try:
            self._messenger.send(words, message.at)
        except Rejected as error:
            return _Over(message, str(error) or "refused")
        except Exception as error:  # a bug that a hostile text brings out must not keep all other alerts from a person for ever
            self._broken += not isinstance(error, Retry)
            if isinstance(error, Retry) or self._broken < MAX_TRIES:
                raise
            log.exception("sending broke over a message, which is set aside: please report it", extra={"destination": self._name})
            self._broken = 0
            return _Over(message, f"internal error: {type(error).__name__}")
        self._broken = 0
        return _Over(message)

    def conclude(self) -> bool:
        """What waits for more to come is not to wait any longer; whether there may be something."""
        self._concluding = not self._concluding
        return self._concluding

    def standing(self) -> float:
        """Each message has its own connection: what went is out of doubt."""
        return math.inf

    @property
    def unwritten(self) -> bool:
        """Whether there is something to write down."""
        return self._over is not None

    def write(self, connection: sqlite3.Connection) -> None:
        """What became of the message."""
        if self._over is not None:
            told.end(connection, self._name, self._over.message, self._clock(), self._over.refusal)

    def written(self) -> None:
        """It is committed."""
        self._over = None

    def close(self) -> None:
        """Nothing is held between messages."""
