"""`casbd incidents reopen`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.alerting.handling import reopening
from casbd.cli._common import json_option
from casbd.cli.incidents._handled import handled


@click.command("reopen")
@click.argument("incident_ids", metavar="ID...", nargs=-1, required=True)
@json_option
@click.pass_obj
def reopen(configuration: Path, /, incident_ids: tuple[str, ...], as_json: bool) -> None:
    """Open all closed alerts of incidents again. Their resolutions go, their comments stay."""
    handled(configuration, incident_ids, reopening(), as_json=as_json)
