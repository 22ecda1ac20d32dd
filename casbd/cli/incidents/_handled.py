"""Incidents that are named, and what a person does with all of their alerts: for `close` and `reopen`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from casbd.alerting.handling import Handling
from casbd.alerting.incidents import handle_all
from casbd.cli._changes import store_to_change
from casbd.cli._common import cell, write_lines
from casbd.cli._screen import screen
from casbd.cli.alerts._handled import outputs_of
from casbd.cli.incidents._chosen import chosen
from casbd.cli.incidents._shown import without_names
from casbd.clock import now
from casbd.store.state import incidents
from casbd.wire import json_lines


def handled(configuration: Path, ids: Sequence[str], handling: Handling, *, as_json: bool) -> None:
    """Do it to all or to none, in one transaction, and say so."""
    shown, outputs = screen(configuration), outputs_of(configuration)
    with store_to_change(configuration) as store:
        with store.transaction() as connection:
            named = dict.fromkeys(chosen(connection, one).incident_id for one in ids)
            changed = {one: handle_all(connection, one, handling, outputs, now()) for one in named}
        after = [incident for one in named for incident in incidents.beginning_with(store.connection, one)]
    if as_json:
        write_lines(json_lines.incident(without_names(incident, shown)) for incident in after)
        return
    for incident in after:
        number = changed[incident.incident_id]
        told = f"{number} alert{'' if number == 1 else 's'} changed"
        click.echo(f"{incident.incident_id}: {cell(incident.title)} is {incident.status}, {told}", err=True)
