"""Policies that cost too much are set aside, with an alert; there is one too where no policy could be asked about some activities."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from casbd.alerting import costly
from casbd.governance.rails import meaning
from casbd.model.alert import Alert
from casbd.model.costly import SetAside
from casbd.pipeline.routes import Routes
from casbd.pipeline.scan import Batch
from casbd.policies.policy import Policy
from casbd.store.state import audit, raised_alerts, set_aside

log = logging.getLogger(__name__)


def raise_alerts(
    connection: sqlite3.Connection, policies: Mapping[str, Policy], routes: Routes, batches: Sequence[Batch], now: int
) -> list[Alert]:
    """Raise an alert for each that is new, and return these. routes: who hears of them. now: milliseconds since 1970."""
    alerts = []
    for cost in {one.policy_id: one for batch in batches for one in batch.costly}.values():
        policy = policies.get(cost.policy_id)
        if policy is None or not set_aside.add(connection, SetAside(policy.id, meaning(policy), now, cost)):
            continue
        audit.add(connection, now, "policies set aside", policy.id, msgspec.to_builtins(cost), audit.DAEMON)
        alerts.append(costly.set_aside(policy, meaning(policy), cost, now))
    for batch in batches:
        if batch.unasked:
            alert = costly.unasked(batch.input, batch.unasked, now)
            before = raised_alerts.get(connection, alert.alert_id)
            if before is None:
                alerts.append(alert)
            else:
                more = msgspec.structs.replace(before, activity_count=before.activity_count + batch.unasked)
                routes.grown(connection, more, before, now)
    for alert in alerts:
        routes.raised(connection, alert, now)
    return alerts


def log_titles(alerts: Iterable[Alert]) -> None:
    """Log the alerts too, once they are stored: those of a commit that fails are raised again, and would be logged twice."""
    for alert in alerts:
        log.error(alert.title)
