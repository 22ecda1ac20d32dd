"""Alerts as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from casbd.cli._common import SHORT, moment
from casbd.model.alert import Alert
from casbd.wire.plain_text import cut

STYLES = {"high": "bold red", "medium": "yellow", "low": "cyan", "informational": "dim"}
COLUMNS = ("first activity", "severity", "risk", "policy", "evidence", "user", "from", "incident", "status", "alert")
LESS = ("incident", "status", "risk", "from", "evidence")
WHAT_HAPPENED = 7
"""So many columns say what happened; those behind them, what became of it."""
_MOST = 120
"""Characters of the evidence; `alerts show` has it all."""


def row(alert: Alert) -> Sequence[Any]:
    """The cells of one alert."""
    return (
        moment(alert.first_activity),
        alert.severity,
        alert.risk_score,
        alert.policy_name,
        cut(alert.evidence or (alert.title if alert.title != alert.policy_name else ""), _MOST),
        alert.user,
        " ".join(filter(None, (alert.ip_address, alert.country))),
        alert.incident_id and alert.incident_id[:SHORT],
        _status(alert),
        alert.alert_id[:SHORT],
    )


def _status(alert: Alert) -> str:
    if alert.merged_into:
        return "merged"
    if alert.suppressed and alert.status == "open":
        return "held back"
    if alert.status == "closed":
        return (alert.resolution or alert.status).replace("_", " ")
    return "read" if alert.read else alert.status


def style(cells: Sequence[Any]) -> str:
    """The colour of a row."""
    return STYLES[cells[1]]
