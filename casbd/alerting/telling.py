"""What the outputs hear of an alert: that it was raised, that it grew, and what people decided. Always under the same `externalId`.

An output that heard ten hears of twenty, of forty and so on; what grows slower than that is told an hour after the last message
(`casbd/daemon/jobs/tell_growth.py`), so that the last word is always told, and a run of a million activities is twenty messages. What
was told, and to which outputs, is stored in the transaction that puts the message into the outbox: killed between the two, nothing is
lost. An alert that is held back is not told, whatever becomes of it. An output that does not want one (`wishes.py`) hears of it when
it does, as of a new one; whoever has heard of an alert hears what becomes of it, and nobody else that it is closed. One that turned
out to be a part of another is closed, where it was told before: nobody would hear of it again, and it would stay open there for ever.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping

from msgspec.structs import replace

from casbd.alerting import priority
from casbd.alerting.wishes import Wish
from casbd.filters.bounded import Answer
from casbd.model.alert import SEVERITIES, Alert, Event
from casbd.store.state import outbox, raised_alerts
from casbd.store.state.raised_alerts import Told

PATIENCE = 3_600_000
"""Milliseconds after which an alert that grew is told, however little it was."""
AT_ONCE = 1_000
"""So many are told in one transaction."""
Outputs = Mapping[str, Wish]
"""By name, which alerts they want."""


def add(connection: sqlite3.Connection, alert: Alert, outputs: Outputs, now: int) -> None:
    """Store a new alert, and tell it."""
    _save(connection, alert)
    if not alert.suppressed and alert.merged_into is None:
        _tell(connection, alert, outputs, frozenset(), now)


def grow(connection: sqlite3.Connection, alert: Alert, outputs: Outputs, now: int) -> None:
    """Store an alert that has grown, and tell it where that is due."""
    before = raised_alerts.told(connection, alert.alert_id)
    if before is not None and (_is_due(alert, before, now) or _is_wanted_now(connection, alert, outputs, before.to)):
        change(connection, alert, "updated", outputs, now)
        return
    _save(connection, alert)
    if before is not None and alert.status == "open" and _is_told_as_a_part(connection, alert):
        _tell(connection, _as_a_part(alert, now), outputs, before.to, now)


def change(connection: sqlite3.Connection, alert: Alert, event: Event, outputs: Outputs, now: int) -> Alert:
    """Store an alert to which something happened, and tell it what; the alert as it was told."""
    alert = replace(alert, event=event, changed=now)
    _save(connection, alert)
    before = raised_alerts.told(connection, alert.alert_id)
    if before is not None:
        _tell(connection, alert, outputs, before.to, now)
    return alert


def _save(connection: sqlite3.Connection, alert: Alert) -> None:
    raised_alerts.save(connection, alert)
    priority.note(connection, alert)


def tell_growth(connection: sqlite3.Connection, outputs: Outputs, now: int, patience: int = PATIENCE) -> int:
    """Tell what has grown and was told so long ago (ms), some of it; how many alerts that were."""
    waiting = raised_alerts.grown_untold(connection, now - patience, now, AT_ONCE)
    for alert in waiting:
        change(connection, alert, "updated", outputs, now)
    return len(waiting)


def _is_told_as_a_part(connection: sqlite3.Connection, alert: Alert) -> bool:
    """Whether it is a part of another one that the outputs hear of: where that one is held back, this is all they know."""
    whole: Alert | None = alert
    while whole is not None and whole.merged_into is not None:
        whole = raised_alerts.get(connection, whole.merged_into)
    return whole is not None and whole is not alert and raised_alerts.told(connection, whole.alert_id) is not None


def _as_a_part(alert: Alert, now: int) -> Alert:
    return replace(alert, event="closed", status="closed", closed=now, changed=now, comment=f"part of alert {alert.merged_into}")


def _is_due(alert: Alert, told: Told, now: int) -> bool:
    if alert.merged_into is not None:
        return False
    if SEVERITIES.index(alert.severity) > SEVERITIES.index(told.severity):
        return True
    grew, late = alert.activity_count > told.activity_count, not 0 <= now - told.at < PATIENCE
    return grew and (late or alert.activity_count >= 2 * told.activity_count)


def _is_wanted_now(connection: sqlite3.Connection, alert: Alert, outputs: Outputs, heard: Collection[str]) -> bool:
    """Whether an output that has not heard of it, as it did not want it, is to hear of it now."""
    wishes = [wish for name, wish in outputs.items() if name not in heard and wish.wants(alert)]
    if alert.merged_into is not None or not wishes:
        return False
    before = raised_alerts.get(connection, alert.alert_id)
    return before is not None and not all(wish.wants(before) for wish in wishes)


def _tell(connection: sqlite3.Connection, alert: Alert, outputs: Outputs, heard: Collection[str], now: int) -> None:
    """heard: the outputs that know of it; to others that want it, it is new."""
    told = set(heard)
    for name, wish in outputs.items():
        if name in heard and wish.takes(alert):
            outbox.add(connection, name, alert, now)
        elif name not in heard and alert.status == "open" and (wanted := wish.wants(alert)):
            outbox.add(connection, name, replace(alert, event="raised"), now, undecided=wanted is Answer.UNDECIDED)
            if wanted is Answer.YES:
                told.add(name)
    raised_alerts.note_told(connection, alert, now, told)
