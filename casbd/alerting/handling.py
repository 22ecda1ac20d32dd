"""What people do with alerts: read them, take them on, close and reopen them. Commands and the console do it here.

handling = closing("benign", "travels", who, now)
with store.transaction() as connection:
    handle(connection, alert_ids, handling, outputs, now)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from casbd.alerting import priority, telling
from casbd.model.alert import Event, Resolution
from casbd.store.state import audit, raised_alerts
from casbd.store.state.operator import person

_VERDICT = ("status", "resolution", "comment")


class Handling(NamedTuple):
    """One thing that is done to alerts.

    action: its name in the audit trail, which has the fields `noted`, as they are and as they were. changes: of an alert's fields;
    besides: of others, which by themselves are no change. event: what the outputs hear; None: nothing.
    """

    action: str
    noted: Sequence[str]
    changes: Mapping[str, Any]
    besides: Mapping[str, Any] = {}
    event: Event | None = None


def reading() -> Handling:
    """Somebody has looked at them."""
    return Handling("alerts read", ("read",), {"read": True})


def assigning(whom: str | None) -> Handling:
    """Somebody is to look after them; None: nobody in particular."""
    return Handling("alerts assign", ("assigned_to",), {"assigned_to": whom})


def closing(resolution: Resolution, comment: str | None, who: str, now: int) -> Handling:
    """They turned out to be this. comment: None leaves the one that is there, "" removes it. now: ms."""
    changes = {"status": "closed", "resolution": resolution} | ({} if comment is None else {"comment": comment or None})
    return Handling("alerts close", _VERDICT, changes, {"read": True, "closed": now, "closed_by": who}, "closed")


def reopening() -> Handling:
    """They are to be looked at again: what they turned out to be is forgotten, the comment stays."""
    return Handling("alerts reopen", _VERDICT, {"status": "open", "resolution": None}, {"closed": None, "closed_by": None}, "reopened")


def handle(
    connection: sqlite3.Connection,
    alert_ids: Iterable[str],
    handling: Handling,
    outputs: telling.Outputs,
    now: int,
    who: str | None = None,
) -> list[str]:
    """Do it, inside a transaction, and tell the outputs; which alerts have changed.

    Read here and not before, so that nothing the daemon adds meanwhile is lost. outputs: those that are sent alerts. who: for the audit
    trail; left out, the person at the terminal.
    """
    changed, by = [], who or person()
    for before in raised_alerts.some(connection, alert_ids):
        alert = replace(before, **handling.changes)
        if alert == before:
            continue
        alert = replace(alert, **handling.besides)
        if handling.event is None:
            raised_alerts.save(connection, alert)
        else:
            telling.change(connection, alert, handling.event, outputs, now)
            priority.judged(connection, before, alert)
        was = {name: getattr(before, name) for name in handling.noted}
        audit.add(connection, now, handling.action, alert.alert_id, {name: getattr(alert, name) for name in was} | {"before": was}, by)
        changed.append(alert.alert_id)
    return changed
