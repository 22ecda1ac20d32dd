"""Incidents as people and programs see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from casbd.cli._common import SHORT, moment
from casbd.cli.alerts._table import STYLES
from casbd.model.incident import Incident
from casbd.pseudonyms import Pseudonyms

COLUMNS = ("last activity", "severity", "risk", "incident", "users", "from", "alerts", "open", "id")
LESS = ("from", "open", "risk")
FEW = 2
"""So many users and addresses stand in a row."""


def without_names(incident: Incident, shown: Pseudonyms) -> Incident:
    """The incident as a person at a terminal may see it; its title is made of policies' names."""
    users, addresses = tuple(map(shown.user, incident.users)), tuple(map(shown.address, incident.ip_addresses))
    return replace(incident, users=users, ip_addresses=addresses)


def row(incident: Incident) -> Sequence[Any]:
    """The cells of one incident."""
    return (
        moment(incident.last_activity),
        incident.severity,
        incident.risk_score,
        incident.title,
        some(incident.users),
        some(incident.ip_addresses),
        incident.alerts,
        incident.open_alerts,
        incident.incident_id[:SHORT],
    )


def style(cells: Sequence[Any]) -> str:
    """The colour of a row."""
    return STYLES[cells[1]]


def some(values: Sequence[str], few: int = FEW) -> str:
    """`a@contoso.com, b@contoso.com and 3 more`."""
    more = len(values) - few
    return ", ".join(values[:few]) + (f" and {more} more" if more > 0 else "")
