"""Policies that far too many activities meet: one alert says so."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from msgspec.structs import replace

from casbd.alerting import flood
from casbd.alerting.flood import FloodGuard
from casbd.pipeline.routes import Routes
from casbd.policies.policy import Policy
from casbd.store.state import raised_alerts


def raise_alerts(connection: sqlite3.Connection, guard: FloodGuard, policies: Mapping[str, Policy], routes: Routes, now: int) -> None:
    """Raise one alert for each flood; while it goes on, that alert counts what is not raised. Inside a transaction; now: ms."""
    for policy_id, subject, hours in guard.floods():
        alert = flood.alert_of(policies[policy_id], subject, hours, guard.most, now)
        before = raised_alerts.get(connection, alert.alert_id)
        if before is None:
            routes.raised(connection, alert, now)
        else:
            more = replace(before, activity_count=alert.activity_count, last_activity=alert.last_activity)
            routes.grown(connection, more, before, now)
