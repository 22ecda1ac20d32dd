"""Asking the policies about activities in bounded time: one that costs far too much is found, and asked no more.

All of them together may take some seconds of a chunk, more than twenty times what a thousand honest policies take of the largest or
the oddest records. Where they take more, each is asked alone about the activities that took longest. Only the CPU time of the thread
counts, so a busy machine makes no policy costly.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from casbd.clock import thread_cpu
from casbd.filters.effort import TooCostly
from casbd.filters.limits import weight
from casbd.model.activity import Activity
from casbd.model.costly import Costly
from casbd.policies.matcher import Counted, Matcher

CHUNK_SECONDS = 6.0
CHARACTER_SECONDS = 0.2e-6
"""So long may asking about a chunk and about each character of it take. 1,140 policies took 0.3 s of 5,000 small records, each with an
operation of its own, and 0.5 s of the oddest record of 32 MB."""
AGAIN = 0.1
"""The part of that time which is left when a policy was set aside."""
PATIENCE = 15.0
"""Seconds for a chunk, finding out who it is included: what is left of it then no policy is asked about, and a warning says so."""
PASS_SECONDS = 6.0
"""Finding out who it is takes no longer; the next time goes on."""
POLICY_ACTIVITY_SECONDS = 100e-6
POLICY_CHARACTER_SECONDS = 0.1e-6
"""So long may one policy alone take of an activity and of each character of its record. The dearest of the rules that ship with casbd
and of Sigma's for cloud services took 7 microseconds, and 0.005 a character."""
LOOKS = 16
"""The clock is looked at once for so many activities at least."""

Met = tuple[int, tuple[str, ...], tuple[tuple[Counted, ...], ...]]
"""Which of the activities that were asked about, the policies whose filters it meets, and what each counts of it."""


class Asking:
    """Asks the policies of a matcher. Not for several threads at once."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._costly: dict[str, Costly] = {}
        self.begin(0)

    def begin(self, characters: int, moment: int = 0) -> None:
        """A chunk of so many characters comes. moment: when it was read, from which `within_days` counts back."""
        self._matcher.moment.at = moment
        self._allowed = CHUNK_SECONDS + characters * CHARACTER_SECONDS
        self._left, self._patience = self._allowed, PATIENCE + characters * CHARACTER_SECONDS
        self._longest = _AskedTogether(0.0, (), ())
        self._unasked = 0

    def end(self) -> tuple[list[Costly], int]:
        """The policies that were found to cost too much, of earlier chunks too; about how many activities of this one none was asked."""
        self._longest = _AskedTogether(0.0, (), ())  # it may be megabytes
        return [*self._costly.values()], self._unasked

    def do_without(self, ids: Collection[str]) -> None:
        """Ask some policies no more, as somebody else has found out about them."""
        ids_asked = {policy.id for policy in self._matcher.policies}
        if not ids_asked.isdisjoint(ids):
            self._matcher.do_without(ids)

    def ask(self, activities: Sequence[Activity]) -> list[Met]:
        """What some activities meet. Their records must be in them."""
        while self._patience > 0:
            begun = thread_cpu()
            self._matcher.effort.allow(min(self._left, self._patience))
            try:
                met = self._met(activities)
            except TooCostly:
                met = None
            took = thread_cpu() - begun
            self._left -= took
            self._patience -= took
            if took > self._longest.seconds:
                self._longest = _AskedTogether(took, activities, [activity.raw for activity in activities])
            if self._left <= 0:
                self._find_who()
            if met is not None:
                return met
        self._unasked += len(activities)
        return []

    def _met(self, activities: Sequence[Activity]) -> list[Met]:
        match, counted_by = self._matcher.match, self._matcher.counted_by
        met: list[Met] = []
        for start in range(0, len(activities), LOOKS):
            self._matcher.effort.look()
            for number, activity in enumerate(activities[start : start + LOOKS], start):
                if policies := match(activity):
                    ids = tuple([policy.id for policy in policies])
                    met.append((number, ids, counted_by(ids, activity)))
        return met

    def _find_who(self) -> None:
        """Set aside whoever costs too much. Where it is nobody alone, the chunk goes on as long as there is patience."""
        begun = thread_cpu()
        longest, self._longest = self._longest, _AskedTogether(0.0, (), ())
        with _without_collecting():
            costly = {one.policy_id: one for one in who_is_costly(self._matcher, longest.activities, longest.records, PASS_SECONDS)}
        if costly:
            self._matcher.do_without(costly)
        self._costly |= costly
        # Where it is nobody alone there is no limit: else each later batch of the chunk would look for somebody again, in vain.
        self._left = self._allowed * AGAIN if costly else math.inf
        self._patience -= thread_cpu() - begun


class _AskedTogether(NamedTuple):
    """Activities that were asked about together, with their records, of which commit needs some no longer; and what it took."""

    seconds: float
    activities: Sequence[Activity]
    records: Sequence[str]


def who_is_costly(matcher: Matcher, activities: Sequence[Activity], records: Sequence[str], seconds: float) -> Iterator[Costly]:
    """The policies that alone take far longer than any honest one of some activities; those that look cheapest are asked first.

    seconds: after so many the others are not asked.
    """
    end = thread_cpu() + seconds
    characters = sum(map(len, records))
    most = len(activities) * POLICY_ACTIVITY_SECONDS + characters * POLICY_CHARACTER_SECONDS
    for policy in sorted(matcher.policies, key=lambda policy: weight(policy.whole_filter())):
        if thread_cpu() > end:
            return
        ask = matcher.alone(policy)
        took, number = 0.0, 0
        for number, (activity, record) in enumerate(zip(activities, records, strict=True), 1):
            # Scanning may have taken the record out by now: without it a condition on `raw` would look cheap, and be kept.
            own_record, activity.raw = activity.raw, record
            took += _took(matcher, ask, activity, most - took)
            activity.raw = own_record
            if took > most:
                place = f"{activity.input_file}, byte {activity.input_offset}"
                since = min(one.timestamp for one in activities)
                yield Costly(policy.id, took, number, sum(map(len, records[:number])), since, place)
                break


def _took(matcher: Matcher, ask: Callable[[Activity], None], activity: Activity, allowed: float) -> float:
    """Seconds to ask about an activity, hardly more than are allowed. The shorter of two tries where it is too long: it may be chance."""
    took = math.inf
    for _ in range(2):
        begun = thread_cpu()
        matcher.effort.allow(allowed)
        with suppress(TooCostly):
            ask(activity)
        took = min(took, thread_cpu() - begun)
        if took <= allowed:
            break
    return took


@contextmanager
def _without_collecting() -> Iterator[None]:
    """A garbage collection, which may take longer than any policy, is nobody's fault."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
