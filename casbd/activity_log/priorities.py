"""Investigation priority of users beside that of all others."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from casbd.activity_log.observed import Span
from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.wanted import Wanted
from casbd.model.identity import Who, text_of, whose
from casbd.store.database import Store
from casbd.store.state import priority


class Priority(NamedTuple):
    """score: the sum of the seven days up to the span's end. percentile: so many of a hundred users who were active have less,
    rounded down to a tenth."""

    score: int
    percentile: float


class Priorities:
    """All users' in the seven days up to a span's end.

    users: how many were active in the span; left out, they are counted in the log.
    """

    def __init__(self, store: Store, span: Span, users: int | None = None) -> None:
        self._store, self._span, self._users = store, span, users
        self._scores = priority.scores(store.connection, span.until)
        self._in_order = sorted(self._scores.values())

    def of(self, who: Who) -> Priority:
        """One person's."""
        score = self._scores.get(text_of(who), 0)
        if not score:
            return Priority(0, 0.0)
        not_less = len(self._in_order) - bisect_left(self._in_order, score)
        return Priority(score, 1000 * (self.users - not_less) // self.users / 10)

    def highest(self, at_most: int) -> Iterable[tuple[str, int]]:
        """Those who have the most, as `text_of` has them, with their scores."""
        return sorted(self._scores.items(), key=lambda one: (-one[1], one[0]))[:at_most]

    @cached_property
    def users(self) -> int:
        """How many there are; nobody is left out who has a score."""
        if self._users is None:
            seen = ActivityLog(self._store).counts(Wanted([], lambda: 0), ("user", "app", "app_instance"), *self._span)
            self._users = len({whose(*one) for one in seen if one[0] is not None})
        return max(self._users, len(self._scores), 1)
