"""Retention: what is too old goes, a part in each transaction.

Ten million activities that were imported in a day also become too old in a day. Were they removed at once, nothing would
be read, delivered or the watchdog be fed meanwhile.

A clock that is three years ahead makes everything too old. So retention goes by the clock only where the time of the last pass, and
what has gone by since, or the newest records say nearly the same; else by these, and a person is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from casbd.clock import monotonic
from casbd.config.settings import Retention
from casbd.counting.windows import KEEP_WINDOWS
from casbd.store.database import Store
from casbd.store.log import blocks, segments
from casbd.store.state import file_versions, habits, incident_spans, outbox, raised_alerts, rejects, retention, told, window_pages

BLOCKS, PAGES, ROWS = 50, 2_000, 20_000
"""Removed in one transaction: some ten megabytes."""

KEEP_HABITS = 400 * 86_400_000
"""Milliseconds; no policy looks further back."""
KEEP_TOLD = 86_400_000
"""Milliseconds; of messages to people the last hour is looked at."""

TRUSTED = 3 * 86_400_000
"""Milliseconds that the clock may be ahead of everything else: a host is switched off over a weekend."""


class RetentionClock:
    """The time by which retention goes. passes: seconds, never set back."""

    def __init__(self, store: Store, passes: Callable[[], float] = monotonic) -> None:
        self._store, self._passes = store, passes
        self._last: tuple[int, float] | None = None
        self.ahead = 0
        """Milliseconds that the clock is ahead of it, where a person must say which is right."""

    def __call__(self, now: int) -> int:
        """The time of this pass, which is noted. now: what the clock says; where that is earlier, it is right."""
        expected = self._expected(now)
        evidence = max(expected, retention.newest(self._store.connection) or 0)
        believed = now if now - evidence <= TRUSTED else evidence
        self.ahead = now - believed
        self._last = max(expected, believed), self._passes()
        with self._store.transaction() as connection:
            retention.reach(connection, self._last[0])
        return believed

    def _expected(self, now: int) -> int:
        """The time of the last pass, and what has gone by since, as far as this process knows."""
        stored = retention.reached(self._store.connection)
        if stored is None:
            return now
        if self._last and self._last[0] == stored:  # else a person has set it
            return stored + int((self._passes() - self._last[1]) * 1000)
        return stored

    def warnings(self) -> list[str]:
        """What a person must know and do; nothing while the clock is believed."""
        if not self.ahead:
            return []
        days = self.ahead // 86_400_000
        ahead = f"the clock is {days} days ahead of the newest record and of the last time that old records were removed"
        return [f"{ahead}: until one of them comes near it, what is too old by the clock alone stays; is it right? casbd store trust-clock"]


def remove_some(
    store: Store, keep: Retention, now: int, queues: Collection[str], policies: Mapping[str, int], learned: Collection[str] = ()
) -> bool:
    """Remove a part of what is too old; whether there is more.

    queues: of the destinations that are configured; what waits for others goes when it is too old. policies: the keys of
    those whose counted activities are still needed, and how long the windows of each are (ms). learned: see `habits.prune`.
    """
    with store.transaction() as connection:
        retention.remove(connection, now - keep.activities)
    segments.prune(store, now - keep.activities)
    with store.transaction() as connection:
        outbox.prune_unclaimed(connection, queues, now - keep.activities, now - keep.alerts)
        told.prune(connection, now - KEEP_TOLD)
        more = blocks.prune(connection, now - keep.activities, BLOCKS) == BLOCKS
        for removed in (
            raised_alerts.prune(connection, now - keep.alerts, ROWS),
            incident_spans.prune(connection, now - keep.alerts, ROWS),
            habits.prune(connection, now - KEEP_HABITS, ROWS, learned),
            rejects.prune(connection, now - keep.rejects, ROWS),
            file_versions.prune(connection, now - keep.alerts, ROWS),
            outbox.prune_refused(connection, now - keep.rejects, ROWS),
        ):
            more |= removed == ROWS
        forgotten = now - KEEP_WINDOWS - max(policies.values(), default=0)
        more |= window_pages.prune(connection, forgotten, policies, PAGES) == PAGES
    return more
