"""`casbd alerts close`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._changes import OneLine
from casbd.cli._common import json_option
from casbd.cli.alerts._changed import change
from casbd.model.alert import RESOLUTIONS, Resolution


@click.command("close")
@click.argument("alert_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--as", "resolution", type=click.Choice(RESOLUTIONS), required=True, help="What it turned out to be.")
@click.option("--comment", type=OneLine(), help="Why; left out, a comment that is there stays.")
@json_option
@click.pass_obj
def close(configuration: Path, /, alert_ids: tuple[str, ...], resolution: Resolution, comment: str | None, as_json: bool) -> None:
    """Close alerts, all or none. The beginning of an id is enough.

    One that is closed already gets the new resolution and comment. One that still grows, with repeated activity, stays closed.
    """
    changes = {"status": "closed", "resolution": resolution} | ({} if comment is None else {"comment": comment or None})
    change(configuration, "alerts close", alert_ids, changes, as_json=as_json)
