"""Which alerts are one incident: those of one user, and those from one address, that are close in time.

An alert reaches half a day back and half a day on from the activity that raised it; one of low severity a quarter of a day, so that what
somebody does on each working day is an incident a day. Of a user's alerts those whose reaches touch are one incident; so are those of an
address where they are about no single user, as a password spray is. How long an alert goes on does not matter: one that goes on for weeks
would take in everything, and killed while it grows casbd would have to come to the same.

From a user's address an alert reaches half an hour. So the alerts of several users from one address are one incident where they come
within an hour, and a whole office is none: alerts of low severity do not reach so far, nor do the organization's own addresses.

All this is event time, and what touches does not depend on what came first. Where an alert joins two incidents the earlier one's id stays.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from typing import NamedTuple

from msgspec import structs

from casbd.alerting.handling import Handling, handle
from casbd.alerting.raising import identity
from casbd.alerting.telling import Outputs
from casbd.model.activity import Activity
from casbd.model.alert import SEVERITIES, Alert, Severity
from casbd.model.identity import person
from casbd.store.state import audit, incident_spans, incidents
from casbd.store.state.incident_spans import Span

HOUR = 3_600_000
DAY = 24 * HOUR
REACH: dict[Severity, int] = {"informational": DAY // 4, "low": DAY // 4, "medium": DAY // 2, "high": DAY // 2}
ADDRESS_REACH = HOUR // 2
LARGE = 1_000
"""So many alerts are renamed where two incidents become one; of an incident with more, which is larger than the other, the id stays."""
LARGER = 10_000
"""So far it is counted which is larger."""
_OWN = frozenset({"Administrative", "Corporate", "VPN"})
_NOWHERE = ("127.", "::", "0.")
"""Addresses of every host itself, or of none."""


class Reach(NamedTuple):
    """From when to when (ms, both included) an alert takes in others of its subject."""

    subject: str
    first: int
    last: int


def placed(connection: sqlite3.Connection, alert: Alert, raised_by: Activity) -> Alert:
    """A new alert with its incident, inside the transaction that stores it. raised_by: the activity that raised it."""
    reaches = [*_reaches(alert, raised_by)]
    touched = [[*incident_spans.touching(connection, *reach)] for reach in reaches]
    incident_id = _one_of(connection, alert, {span.incident_id for spans in touched for span in spans})
    for reach, spans in zip(reaches, touched, strict=True):
        first, last = min([reach.first, *(span.first for span in spans)]), max([reach.last, *(span.last for span in spans)])
        incident_spans.replace(connection, spans, Span(reach.subject, first, last, incident_id))
    return structs.replace(alert, incident_id=incident_id)


def handle_all(
    connection: sqlite3.Connection, incident_id: str, handling: Handling, outputs: Outputs, now: int, who: str | None = None
) -> int:
    """Close an incident's open alerts, or reopen its closed ones, inside a transaction; how many have changed. As `handle` of alerts.

    What has been said of one of them before stays: an alert that is closed already is not closed as something else.
    """
    ids = [alert.alert_id for alert in incidents.alerts_of(connection, incident_id) if alert.status != handling.changes["status"]]
    changed = handle(connection, ids, handling, outputs, now, who)
    detail = {"alerts": len(changed), **handling.changes}
    audit.add(connection, now, handling.action.replace("alerts", "incidents"), incident_id, detail, who)
    return len(changed)


def _reaches(alert: Alert, raised_by: Activity) -> Iterator[Reach]:
    moment, reach = raised_by.timestamp, REACH[alert.severity]
    subject = person(alert.user, alert.app, alert.app_instance) if alert.user else alert.ip_address
    if subject:
        yield Reach(subject, moment - reach, moment + reach)
    if alert.user and alert.ip_address and _tells_whose(alert, raised_by):
        yield Reach(alert.ip_address, moment - ADDRESS_REACH, moment + ADDRESS_REACH)


def _tells_whose(alert: Alert, activity: Activity) -> bool:
    """Whether the address says something about who is behind an alert."""
    weighty = SEVERITIES.index(alert.severity) >= SEVERITIES.index("medium")
    return weighty and activity.ip_category not in _OWN and not (alert.ip_address or "").startswith(_NOWHERE)


def _one_of(connection: sqlite3.Connection, alert: Alert, touched: Collection[str]) -> str:
    """The one incident that some become; a new one where there is none."""
    if not touched:
        return identity("incident", alert.alert_id)
    kept, *others = sorted(touched, key=lambda one: (incident_spans.began(connection, one), one))
    for other in others:
        if incident_spans.size(connection, other, LARGER) > max(LARGE, incident_spans.size(connection, kept, LARGER)):
            kept, other = other, kept  # each alert is renamed a few times at most, however many incidents join
        incident_spans.rename(connection, other, kept)
    return kept
