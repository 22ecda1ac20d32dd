"""Retention: what is too old goes, a part in each transaction.

Ten million activities that were imported in a day also become too old in a day. Were they removed at once, nothing would
be read, delivered or told to the watchdog meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from casbd.alerting.windows import KEEP_WINDOWS
from casbd.config.settings import Retention
from casbd.store import activities, alerts, outbox, rejects, segments, window_entries
from casbd.store.database import Store

BLOCKS, ROWS = 50, 20_000
"""Removed in one transaction: some ten megabytes."""


def remove_some(store: Store, keep: Retention, now: int, queues: Collection[str], policies: Mapping[str, int]) -> bool:
    """Remove a part of what is too old; whether there is more.

    queues: of the destinations that are configured; what waits for others goes when it is too old. policies: the keys of
    those whose counted activities are still needed, and how long the windows of each are (ms).
    """
    segments.prune(store, now - keep.activities)
    with store.transaction() as connection:
        outbox.prune_unclaimed(connection, queues, now - keep.activities, now - keep.alerts)
        more = activities.prune(connection, now - keep.activities, BLOCKS) == BLOCKS
        for removed in (
            alerts.prune(connection, now - keep.alerts, ROWS),
            rejects.prune(connection, now - keep.rejects, ROWS),
            outbox.prune_refused(connection, now - keep.rejects, ROWS),
            window_entries.prune(connection, now - KEEP_WINDOWS - max(policies.values(), default=0), policies, ROWS),
        ):
            more |= removed == ROWS
    return more
