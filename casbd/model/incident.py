"""The incident: alerts that belong together."""

from __future__ import annotations

from typing import Literal

import msgspec

from casbd.model.alert import Severity


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One incident, as `casbd incidents list --json` prints it. Times are milliseconds since 1970-01-01 UTC.

    It is nothing but its alerts, so it is open as long as one of them is. title: the names of its policies.
    severity: that of the most severe alert, and one more where three policies of two categories come together. risk_score: the highest.
    alerts: how many; those that became a part of others are not counted. users, ip_addresses, apps, policies: at most 100 of each, those
    with most alerts first.
    """

    incident_id: str
    title: str
    status: Literal["open", "closed"]
    severity: Severity
    risk_score: int | None
    first_activity: int
    last_activity: int
    alerts: int
    open_alerts: int
    users: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
