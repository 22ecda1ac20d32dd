"""What the outputs hear of an alert: that it was raised, that it grew, and what people decided. Always under the same `externalId`.

An output that heard ten hears of twenty, of forty and so on; what grows slower than that is told an hour after the last message
(`casbd/daemon/jobs/tell_growth.py`), so that the last word is always told, and a run of a million activities is twenty messages. What
was told is stored in the transaction that puts the message into the outbox: killed between the two, nothing is lost. An alert that is
held back is not told, whatever becomes of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from casbd.model.alert import SEVERITIES, Alert, Event
from casbd.store.state import outbox, raised_alerts
from casbd.store.state.raised_alerts import Told

PATIENCE = 3_600_000
"""Milliseconds after which an alert that grew is told, however little it was."""
AT_ONCE = 1_000
"""So many are told in one transaction."""


def add(connection: sqlite3.Connection, alert: Alert, outputs: Iterable[str], now: int) -> None:
    """Store a new alert, and tell it."""
    raised_alerts.save(connection, alert)
    if not alert.suppressed:
        _tell(connection, alert, outputs, now)


def grow(connection: sqlite3.Connection, alert: Alert, outputs: Iterable[str], now: int) -> None:
    """Store an alert that has grown, and tell it where that is due."""
    before = raised_alerts.told(connection, alert.alert_id)
    if before is None or not _is_due(alert, before, now):
        raised_alerts.save(connection, alert)
        return
    change(connection, alert, "updated", outputs, now)


def change(connection: sqlite3.Connection, alert: Alert, event: Event, outputs: Iterable[str], now: int) -> Alert:
    """Store an alert to which something happened, and tell it what; the alert as it was told."""
    alert = replace(alert, event=event)
    raised_alerts.save(connection, alert)
    if raised_alerts.told(connection, alert.alert_id) is not None:
        _tell(connection, alert, outputs, now)
    return alert


def tell_growth(connection: sqlite3.Connection, outputs: Sequence[str], now: int, patience: int = PATIENCE) -> int:
    """Tell what has grown and was told so long ago (ms), some of it; how many alerts that were."""
    waiting = raised_alerts.grown_untold(connection, now - patience, now, AT_ONCE)
    for alert in waiting:
        change(connection, alert, "updated", outputs, now)
    return len(waiting)


def _is_due(alert: Alert, told: Told, now: int) -> bool:
    if alert.merged_into is not None:
        return False
    if SEVERITIES.index(alert.severity) > SEVERITIES.index(told.severity):
        return True
    grew, late = alert.activity_count > told.activity_count, not 0 <= now - told.at < PATIENCE
    return grew and (late or alert.activity_count >= 2 * told.activity_count)


def _tell(connection: sqlite3.Connection, alert: Alert, outputs: Iterable[str], now: int) -> None:
    raised_alerts.note_told(connection, alert, now)
    for output in outputs:
        outbox.add(connection, output, alert, now)
