"""`casbd incidents show`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from casbd.cli._common import SHORT, json_option, moment, open_store, table, write_lines
from casbd.cli._screen import screen
from casbd.cli.alerts._table import STYLES
from casbd.cli.incidents._chosen import chosen
from casbd.cli.incidents._shown import some, without_names
from casbd.model.alert import Alert
from casbd.model.incident import Incident
from casbd.store.state import incidents
from casbd.wire import json_lines

COLUMNS = ("first activity", "severity", "policy", "user", "from", "activities", "evidence", "status", "alert")
LESS = ("activities", "from", "status")
MOST_ALERTS = 200
NAMED = 10
"""So many users, addresses and so on are named."""


@click.command("show")
@click.argument("incident_id")
@json_option
@click.pass_obj
def show(configuration: Path, incident_id: str, as_json: bool) -> None:
    """Show one incident: who and what it is about, and its alerts in the order of events. The beginning of its id is enough."""
    shown = screen(configuration)
    with open_store(configuration) as store:
        incident = chosen(store.connection, incident_id)
        timeline = [shown.alert(alert) for alert in incidents.alerts_of(store.connection, incident.incident_id)]
    incident = without_names(incident, shown)
    if as_json:
        write_lines([json_lines.line({**json_lines.incident_fields(incident), "timeline": [*map(json_lines.alert_fields, timeline)]})])
        return
    table("", ("field", "value"), [entry for entry in _facts(incident) if entry[1] not in (None, "")])
    click.echo()
    table("Timeline", COLUMNS, map(_row, timeline[:MOST_ALERTS]), _style, less=LESS)
    if len(timeline) > MOST_ALERTS:
        click.echo(f"casbd: the first {MOST_ALERTS} of {len(timeline)} alerts; --json shows all", err=True)


def _facts(incident: Incident) -> list[tuple[str, Any]]:
    return [
        ("incident", incident.title),
        ("id", incident.incident_id),
        ("status", f"{incident.status}: {incident.open_alerts} of {incident.alerts} alerts are open"),
        ("severity", incident.severity),
        ("risk score", incident.risk_score),
        ("from", moment(incident.first_activity)),
        ("to", moment(incident.last_activity)),
        ("users", some(incident.users, NAMED)),
        ("addresses", some(incident.ip_addresses, NAMED)),
        ("apps", some(incident.apps, NAMED)),
        ("policies", some(incident.policies, NAMED)),
        ("categories", some(incident.categories, NAMED)),
    ]


def _row(alert: Alert) -> Sequence[Any]:
    return (
        moment(alert.first_activity),
        alert.severity,
        alert.policy_name,
        alert.user,
        alert.ip_address,
        alert.activity_count,
        alert.evidence or alert.description,
        alert.resolution or alert.status,
        alert.alert_id[:SHORT],
    )


def _style(cells: Sequence[Any]) -> str:
    return STYLES[cells[1]]
