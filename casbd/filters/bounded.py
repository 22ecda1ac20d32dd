"""A filter that takes only so much time, whoever wrote it: what decides which messages an output is sent.

Reading must not wait for it, nor the other outputs. Each thing that it is asked about allows it more than ten times what the dearest
honest filter takes of one, and it may have a small part of the time besides. One that takes more is not asked again until it has
saved up for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Generic, TypeVar

from casbd.clock import Clock, monotonic
from casbd.filters.compile import compile_alert_filter, compile_filter
from casbd.filters.effort import Effort, TooCostly
from casbd.filters.tree import Node
from casbd.model.activity import Activity
from casbd.model.alert import Alert

SECONDS = 1.0
"""So much of this thread's CPU it may take beyond what else is allowed, as long as it has not taken it."""
SHARE = 0.03
"""The part of the time in which it gets that back."""
EACH_SECONDS = 100e-6
CHARACTER_SECONDS = 0.1e-6
"""So long may it take of each activity or alert and each character of its record. Filters of twenty values took 2 microseconds."""


Asked = TypeVar("Asked")


class Answer(IntEnum):
    """Whether something meets a filter. UNDECIDED: there was no time to find out."""

    NO = 0
    YES = 1
    UNDECIDED = 2


class Bounded(Generic[Asked]):
    """Whether something meets a filter; TooCostly where there is no time to find out. Not for several threads at once.

    make: the filter, which says what it is about to do. characters: how long a record is.
    """

    def __init__(self, make: Callable[[Effort], Callable[[Asked], bool]], characters: Callable[[Asked], int] = lambda _: 0) -> None:
        self._effort = Effort()
        self._meets = make(self._effort)
        self._characters = characters
        self._left = SECONDS
        self._at = monotonic()
        self._rests = False

    def __call__(self, one: Asked) -> bool:
        """Of one."""
        return self.of([one])[0]

    def answer(self, one: Asked) -> Answer:
        """The same, which never raises TooCostly."""
        try:
            return Answer(self(one))
        except TooCostly:
            return Answer.UNDECIDED

    def of(self, several: Sequence[Asked]) -> list[bool]:
        """Of each of a few, between which nothing looks at the clock."""
        self._save_up()
        if self._rests:
            raise TooCostly
        self._effort.allow(self._left + len(several) * EACH_SECONDS + sum(map(self._characters, several)) * CHARACTER_SECONDS)
        try:
            return [self._meets(one) for one in several]
        finally:
            self._left = min(self._effort.left(), SECONDS)
            self._rests = self._left < 0

    def _save_up(self) -> None:
        now = monotonic()
        self._left = min(self._left + (now - self._at) * SHARE, SECONDS)
        self._at = now
        self._rests = self._rests and self._left < SECONDS


def of_activities(node: Node, now: Clock) -> Bounded[Activity]:
    """The filter over activities; their records must be in them. now: asked by `within_days`."""
    return Bounded(lambda effort: compile_filter(node, now=now, effort=effort), lambda activity: len(activity.raw))


def of_alerts(node: Node, now: Clock) -> Bounded[Alert]:
    """The filter over alerts, none of whose texts is long."""
    return Bounded(lambda effort: compile_alert_filter(node, now=now, effort=effort))
