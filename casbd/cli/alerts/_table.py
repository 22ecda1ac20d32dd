"""Alerts as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from casbd.cli._common import SHORT, moment
from casbd.model.alert import Alert

STYLES = {"high": "bold red", "medium": "yellow", "low": "cyan", "informational": "dim"}
COLUMNS = ("first activity", "severity", "policy", "user", "app", "from", "country", "activities", "status", "alert")
LESS = ("country", "app", "status", "activities", "from")


def row(alert: Alert) -> Sequence[Any]:
    """The cells of one alert."""
    return (
        moment(alert.first_activity),
        alert.severity,
        alert.policy_name,
        alert.user,
        alert.app,
        alert.ip_address,
        alert.country,
        alert.activity_count,
        "merged" if alert.merged_into else "held back" if alert.suppressed and alert.status == "open" else alert.status,
        alert.alert_id[:SHORT],
    )


def style(cells: Sequence[Any]) -> str:
    """The colour of a row."""
    return STYLES[cells[1]]
