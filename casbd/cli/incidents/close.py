"""`casbd incidents close`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.alerting.handling import closing
from casbd.cli._changes import OneLine
from casbd.cli._common import json_option
from casbd.cli.incidents._handled import handled
from casbd.clock import now
from casbd.model.alert import RESOLUTIONS, Resolution
from casbd.store.state.operator import person


@click.command("close")
@click.argument("incident_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--as", "resolution", type=click.Choice(RESOLUTIONS), required=True, help="What they turned out to be.")
@click.option("--comment", type=OneLine(), help="Why; left out, comments that are there stay.")
@json_option
@click.pass_obj
def close(configuration: Path, /, incident_ids: tuple[str, ...], resolution: Resolution, comment: str | None, as_json: bool) -> None:
    """Close incidents: all of their open alerts, or none. The beginning of an id is enough.

    Alerts that are closed already stay as they are. A new alert that belongs to a closed incident opens it again.
    """
    handled(configuration, incident_ids, closing(resolution, comment, person(), now()), as_json=as_json)
