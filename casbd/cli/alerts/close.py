"""`casbd alerts close`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from casbd.alerting.handling import closing
from casbd.cli._changes import OneLine
from casbd.cli.alerts._handled import handled, handled_options
from casbd.clock import now
from casbd.model.alert import RESOLUTIONS, Resolution
from casbd.store.state.operator import person


@click.command("close")
@click.argument("alert_ids", metavar="[ID]...", nargs=-1)
@click.option("--as", "resolution", type=click.Choice(RESOLUTIONS), required=True, help="What they turned out to be.")
@click.option("--comment", type=OneLine(), help="Why; left out, a comment that is there stays.")
@handled_options("open")
@click.pass_obj
def close(configuration: Path, /, alert_ids: tuple[str, ...], resolution: Resolution, comment: str | None, **how: Any) -> None:
    """Close alerts, all or none: those that are named, or all that match. The beginning of an id is enough.

    One that is closed already gets the new resolution and comment. One that still grows, with repeated activity, stays closed.
    The outputs hear of it (docs/delivery.md).
    """
    handled(configuration, alert_ids, closing(resolution, comment, person(), now()), f"close as {resolution}", **how)
